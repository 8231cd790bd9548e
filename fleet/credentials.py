"""Make a user or an API key: `python -m fleet.credentials user NAME --role admin`, or `key NAME`.

The line for `<SERVICE>_USERS_FILE` or `<SERVICE>_API_KEYS_FILE` goes to standard output, so that it can be
appended to the file; everything for the eye goes to standard error. The password is asked for, or read from
standard input, and never an argument, which other users of the machine could see.
"""

import argparse
import getpass
import hashlib
import secrets
import sys
from collections.abc import Sequence

from argon2 import PasswordHasher

from fleet.accounts import KEY_ROLES, NAME, USER_ROLES, parse_keys, parse_users

KEY_PREFIX = "mlfleet_"  # by which people, and programs that look for leaked secrets, know one
SHORTEST_PASSWORD = 8


def user_line(name: str, role: str, password: str) -> str:
    """The line of a user. Raises ValueError."""
    if len(password) < SHORTEST_PASSWORD:
        raise ValueError(f"a password has at least {SHORTEST_PASSWORD} characters")
    line = f"{name}:{role}:{PasswordHasher().hash(password)}"
    parse_users(line)
    return line


def make_key(name: str, role: str) -> tuple[str, str]:
    """A new key, and its line."""
    key = KEY_PREFIX + secrets.token_urlsafe(32)
    line = f"{name}:{role}:{key_digest(key)}"
    parse_keys(line)
    return key, line


def key_digest(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode(errors="surrogatepass")).hexdigest()


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the line; on a mistake one sentence, and status 1."""
    asked = _parser().parse_args(arguments)
    try:
        if asked.kind == "user":
            line = user_line(asked.name, asked.role, read_password())
        else:
            key, line = make_key(asked.name, asked.role)
            _say(f"The key, which is shown only now:\n{key}\nThe line for <SERVICE>_API_KEYS_FILE:")
    except ValueError as error:
        _say(f"{asked.name}: {error}")
        return 1
    sys.stdout.write(f"{line}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m fleet.credentials", description="Make a credential.")
    kinds = parser.add_subparsers(dest="kind", required=True)
    for kind, roles, what in (
        ("user", USER_ROLES, "somebody with a password"),
        ("key", KEY_ROLES, "an API key, for a program"),
    ):
        command = kinds.add_parser(kind, help=what)
        command.add_argument("name", type=_name, help="up to 64 letters, digits and . _ @ -")
        command.add_argument("--role", choices=roles, default="user", help="default: user")
    return parser


def _name(text: str) -> str:
    if not NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("a name is up to 64 letters, digits and . _ @ -")
    return text


def read_password() -> str:
    """From standard input, or twice from the terminal. Raises ValueError."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Once more: ") != password:
        raise ValueError("the two passwords differ")
    return password


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
