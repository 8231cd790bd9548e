"""Users and API keys: files in the state folder that every service reads at its start."""

import hashlib
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from fleet.accounts import parse_keys, parse_users
from fleet.credentials import key_digest, make_key, user_line
from fleet.errors import ConflictError, FleetError
from fleet.services import SERVICES
from fleet.whole_files import put, staged, write_whole

A = TypeVar("A")

USERS, API_KEYS = "users", "api_keys"
SIBLINGS = tuple(service.name for service in SERVICES if service.calls_siblings)
PROMETHEUS = "prometheus"
FIRST_USERS = "fire_brigade_users"
PASSWORDS = "fire_brigade_passwords"  # for people to read; no service does
WATCHERS_PASSWORD = "fire_brigade_password"  # noqa: S105  # a file: the first user's, as Prometheus shows it
FIRST_ROLES = ("admin", "user")  # of the fire brigade's first users, whose names they are too
READ_BY_SERVICES = (USERS, API_KEYS, FIRST_USERS)
READABLE = 0o644  # in a container another user reads them; the folder keeps others of this machine out
OURS = "fleet-"  # begins the names of the keys that are made here


class AccountsError(FleetError):
    """Users or keys cannot be read, or what was asked for cannot be one."""


class NameTakenError(ConflictError):
    """There is somebody of that name already."""


class AccountFiles:
    """The files `users` and `api_keys`, and one `<name>_key` for each of our own programs that shows a key.

    They are replaced and never rewritten: a container sees a new one when it is started next.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Makes what is missing, or was emptied: siblings' keys at once, Prometheus's once others have any.

        Raises AccountsError, FileNotWrittenError.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for name in (USERS, API_KEYS):
            if not self.file(name).exists():  # when they changed is of importance
                write_whole({self.file(name): b""}, READABLE)
            self.file(name).chmod(READABLE)
        has_accounts = self._has_accounts()
        for name in SIBLINGS:
            self._make_key(name, "sibling")
        if not self._has_first_users():
            self._make_first_users()
        if has_accounts:
            self._make_key(PROMETHEUS, "user")
        elif not self.key_file(PROMETHEUS).exists():  # empty as long as there is nothing to show
            write_whole({self.key_file(PROMETHEUS): b""}, READABLE)

    def add_user(self, name: str, role: str, password: str) -> None:
        """Raises AccountsError, NameTakenError."""
        try:
            line = user_line(name, role, password)
        except ValueError as error:
            raise AccountsError(f"{name}: {error}", "Nothing was changed; try again") from error
        self._add(USERS, name, line)

    def add_key(self, name: str, role: str) -> str:
        """Returns the key, which is kept nowhere. Raises AccountsError, NameTakenError."""
        try:
            key, line = make_key(name, role)
        except ValueError as error:
            raise AccountsError(f"{name}: {error}", "Nothing was changed; try again") from error
        self._add(API_KEYS, name, line)
        return key

    def file(self, name: str) -> Path:
        """Where one of them is: USERS and API_KEYS, FIRST_USERS of the fire brigade alone, PASSWORDS."""
        return self.folder / name

    def first_admin(self) -> tuple[str, str] | None:
        """Name and password of the fire brigade's first admin; None before there is one."""
        name = FIRST_ROLES[0]
        password = self._passwords().get(name)
        return None if password is None else (name, password)

    def key_file(self, name: str) -> Path:
        """Holds the key that this program of ours shows, or nothing."""
        return self.file(f"{name}_key")

    def digest(self) -> str:
        """Changes when those who read the files have to be started again."""
        return hashlib.sha256("\0".join(map(self._read, READ_BY_SERVICES)).encode()).hexdigest()

    def changed_at(self) -> float:
        """When they changed last, in seconds since 1970."""
        return max(self.file(name).stat().st_mtime for name in READ_BY_SERVICES)

    def _has_accounts(self) -> bool:
        users, keys = self._parsed(USERS, parse_users), self._parsed(API_KEYS, parse_keys)
        return bool(users) or any(key.role != "sibling" for key in keys)

    def _parsed(self, name: str, parse: Callable[[str], A]) -> A:
        try:
            return parse(self._read(name))
        except ValueError as error:
            raise AccountsError(
                f"The users or API keys in {self.file(name)} cannot be read: {error}",
                "Correct that line; or remove the file, and whom it named, and add them again",
            ) from error

    def _add(self, name: str, account: str, line: str) -> None:
        self.make()
        text = self._read(name)
        if any(other.partition(":")[0].strip() == account for other in text.splitlines()):
            raise NameTakenError(
                f"{account} is in {self.file(name)} already", "Take another name, or remove that line first"
            )
        write_whole({self.file(name): _with_line(text, line)}, READABLE)
        self.make()

    def _has_first_users(self) -> bool:
        """Whether all of their files are there, and belong together as far as can be told without a hash."""
        passwords = self._passwords()
        users = {user.name for user in self._parsed(FIRST_USERS, parse_users)}
        shown = self._read(WATCHERS_PASSWORD)
        return users.issuperset(FIRST_ROLES) and all(passwords.values()) and passwords.get("user") == shown

    def _passwords(self) -> dict[str, str]:
        lines = self._read(PASSWORDS).splitlines()
        return {name: password for name, _, password in (line.partition(": ") for line in lines)}

    def _make_first_users(self) -> None:
        passwords = {role: secrets.token_urlsafe(16) for role in FIRST_ROLES}
        lines = [user_line(role, role, password) for role, password in passwords.items()]
        readable = "".join(f"{name}: {each}\n" for name, each in passwords.items())
        with staged(self.file(PASSWORDS), readable.encode()) as for_people:  # for nobody else to read
            self.file(FIRST_USERS).unlink(missing_ok=True)  # what breaks off from here on is made again
            put(for_people, self.file(PASSWORDS))
            write_whole(
                {
                    self.file(WATCHERS_PASSWORD): passwords["user"].encode(),
                    self.file(FIRST_USERS): "".join(f"{line}\n" for line in lines).encode(),
                },
                READABLE,
            )

    def _make_key(self, name: str, role: str) -> None:
        """Makes a key unless there is one that is known, to those who are shown it as well."""
        shown = self._read(f"{name}_key", lost="").strip()
        ours = f"{OURS}{name}"
        known = {key.name: key for key in self._parsed(API_KEYS, parse_keys)}.get(ours)
        if known and known.role == role and known.digest == key_digest(shown):
            return
        key, line = make_key(ours, role)
        kept = "\n".join(old for old in self._read(API_KEYS).splitlines() if not old.startswith(f"{ours}:"))
        with staged(self.key_file(name), key.encode(), 0o444) as new:
            write_whole({self.file(API_KEYS): _with_line(kept, line)}, READABLE)
            put(new, self.key_file(name))

    def _read(self, name: str, lost: str | None = None) -> str:
        """The file's text. lost: what stands for one that is no text. Raises AccountsError without it."""
        try:
            return self.file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""
        except (OSError, UnicodeDecodeError) as error:
            if lost is not None and isinstance(error, UnicodeDecodeError):
                return lost
            reason = getattr(error, "strerror", None) or "it is not text"
            raise AccountsError(
                f"{self.file(name)} cannot be read: {reason}",
                "Restore it, or remove it and add again whom it named",
            ) from error


def _with_line(before: str, line: str) -> bytes:
    return "".join(f"{each}\n" for each in [*before.splitlines(), line]).encode()
