"""Users and API keys as they are written down: one a line, never with the secret itself.

`name:role:hash`, the hash being Argon2id's for a user's password and SHA-256 for a key, which is random and
long enough to need nothing slower. Empty lines and those that begin with `#` are skipped.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, Literal, TypeVar, get_args

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import BeforeValidator
from pydantic_settings import NoDecode

from fleet.caller import ANONYMOUS, Role

KeyRole = Role | Literal["sibling"]
"""A sibling is a service of the fleet: it is believed when it says on whose behalf it calls."""

NAME = re.compile(r"[A-Za-z0-9][\w.@-]{0,63}", re.ASCII)
SHA256 = re.compile(r"[0-9a-f]{64}")
USER_ROLES: tuple[str, ...] = get_args(Role)
KEY_ROLES: tuple[str, ...] = (*USER_ROLES, "sibling")


@dataclass(frozen=True)
class User:
    """Somebody with a password. password_hash: Argon2id's, parameters and salt included."""

    name: str
    role: Role
    password_hash: str = field(repr=False)


@dataclass(frozen=True)
class ApiKey:
    """A program with a key. digest: SHA-256 of the key, in hexadecimal digits."""

    name: str
    role: KeyRole
    digest: str = field(repr=False)


A = TypeVar("A", User, ApiKey)


def parse_users(text: str) -> tuple[User, ...]:
    """Raises ValueError that names the line, and shows nothing of it."""
    return tuple(_accounts(text, USER_ROLES, _check_password_hash, User))


def parse_keys(text: str) -> tuple[ApiKey, ...]:
    """Raises ValueError that names the line, and shows nothing of it."""
    return tuple(_accounts(text, KEY_ROLES, _check_digest, ApiKey))


def _accounts(
    text: str, roles: tuple[str, ...], check_secret: Callable[[str], None], make: type[A]
) -> Iterator[A]:
    seen: set[str] = set()
    for number, line in enumerate(map(str.strip, text.splitlines()), 1):
        if not line or line.startswith("#"):
            continue
        try:
            name, role, secret = _parts(line, roles, seen)
            check_secret(secret)
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None  # what it came from may show the value
        seen.add(name)
        yield make(name, role, secret)  # type: ignore[arg-type]  # checked just now


def _parts(line: str, roles: tuple[str, ...], seen: set[str]) -> tuple[str, str, str]:
    parts = line.split(":")
    if len(parts) != 3:
        raise ValueError("it must be name:role:hash, as `python -m fleet.credentials` prints it")
    name, role, secret = parts
    if not NAME.fullmatch(name) or name == ANONYMOUS:
        raise ValueError("a name is up to 64 letters, digits and . _ @ -, and not 'anonymous'")
    if name in seen:
        raise ValueError("the name was given before")
    if role not in roles:
        raise ValueError(f"the role must be one of {', '.join(roles)}")
    return name, role, secret


def _check_password_hash(text: str) -> None:
    try:
        kind = extract_parameters(text).type
    except (InvalidHashError, ValueError, IndexError):
        kind = None
    if kind is not Type.ID:
        raise ValueError("the hash is not Argon2id's; write it with `python -m fleet.credentials user`")


def _check_digest(text: str) -> None:
    if not SHA256.fullmatch(text):
        raise ValueError("the hash is not SHA-256's; write it with `python -m fleet.credentials key`")


def _users(value: object) -> object:
    return parse_users(value) if isinstance(value, str) else value


def _keys(value: object) -> object:
    return parse_keys(value) if isinstance(value, str) else value


Users = Annotated[tuple[User, ...], NoDecode, BeforeValidator(_users)]
ApiKeys = Annotated[tuple[ApiKey, ...], NoDecode, BeforeValidator(_keys)]
