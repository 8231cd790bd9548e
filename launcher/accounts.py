"""Users and API keys: files in the state folder that every service reads at its start."""

import hashlib
import secrets
from pathlib import Path

from fleet.accounts import parse_keys, parse_users
from fleet.credentials import make_key, user_line
from fleet.errors import ConflictError, FleetError

USERS, API_KEYS = "users", "api_keys"
SIBLINGS = ("tracking", "monitoring")
PROMETHEUS = "prometheus"
FIRE_BRIGADE = "fire_brigade"
FIRST_USERS, PASSWORDS = "fire_brigade_users", "fire_brigade_passwords"
WATCHERS_PASSWORD = "fire_brigade_password"  # noqa: S105  # a file: the first user's, as Prometheus shows it
FIRST_ROLES = ("admin", "user")  # of the fire brigade's first users, whose names they are too
READ_BY_SERVICES = (USERS, API_KEYS, FIRST_USERS)
OURS = "fleet-"  # begins the names of the keys that are made here


class AccountsError(FleetError):
    """Users or keys cannot be read, or what was asked for cannot be one."""


class NameTakenError(ConflictError):
    """There is somebody of that name already."""


class AccountFiles:
    """The files `users` and `api_keys`, and one `<name>_key` for each of our own programs that shows a key.

    The folder keeps other users of this machine out; the files are open to all, because in a container
    another user reads them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self) -> None:
        """Makes what is missing: siblings' keys at once, Prometheus's when others have to show theirs too.

        Raises AccountsError.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.folder.chmod(0o700)
        for name in (USERS, API_KEYS):
            if not self._file(name).exists():  # when they changed is of importance
                self._file(name).touch()
            self._file(name).chmod(0o644)
        for name in SIBLINGS:
            self._make_key(name, "sibling")
        if not (self._read(FIRST_USERS).strip() and self._file(WATCHERS_PASSWORD).exists()):
            self._make_first_users()
        if self._has_accounts():
            self._make_key(PROMETHEUS, "user")
        else:
            self.key_file(PROMETHEUS).touch()  # empty as long as there is nothing to show

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

    def users_file(self) -> Path:
        return self._file(USERS)

    def api_keys_file(self) -> Path:
        return self._file(API_KEYS)

    def first_users_file(self) -> Path:
        """Users of the fire brigade's service alone, which asks for credentials wherever it listens."""
        return self._file(FIRST_USERS)

    def passwords_file(self) -> Path:
        """The first users' passwords, for people to read; no service does."""
        return self._file(PASSWORDS)

    def first_admin(self) -> tuple[str, str] | None:
        """Name and password of the fire brigade's first admin; None before there is one."""
        for line in self._read(PASSWORDS).splitlines():
            name, _, password = line.partition(": ")
            if name == FIRST_ROLES[0]:
                return name, password
        return None

    def key_file(self, name: str) -> Path:
        """Holds the key that this program of ours shows, or nothing."""
        return self._file(f"{name}_key")

    def digest(self) -> str:
        """Changes when those who read the files have to be started again."""
        return hashlib.sha256("\0".join(map(self._read, READ_BY_SERVICES)).encode()).hexdigest()

    def changed_at(self) -> float:
        """When they changed last, in seconds since 1970."""
        return max(self._file(name).stat().st_mtime for name in READ_BY_SERVICES)

    def _has_accounts(self) -> bool:
        try:
            users, keys = parse_users(self._read(USERS)), parse_keys(self._read(API_KEYS))
        except ValueError as error:
            raise AccountsError(
                f"The users or API keys in {self.folder} cannot be read: {error}", "Correct that line"
            ) from error
        return bool(users) or any(key.role != "sibling" for key in keys)

    def _add(self, name: str, account: str, line: str) -> None:
        self.make()
        text = self._read(name)
        if any(other.partition(":")[0].strip() == account for other in text.splitlines()):
            raise NameTakenError(
                f"{account} is in {self._file(name)} already", "Take another name, or remove that line first"
            )
        self._write(name, text, line)
        self.make()

    def _make_first_users(self) -> None:
        passwords = {role: secrets.token_urlsafe(16) for role in FIRST_ROLES}
        readable = self.passwords_file()
        readable.touch(mode=0o600)
        readable.chmod(0o600)
        readable.write_text(
            "".join(f"{name}: {each}\n" for name, each in passwords.items()), encoding="ascii"
        )
        shown = self._file(WATCHERS_PASSWORD)
        shown.write_text(passwords["user"], encoding="ascii")
        shown.chmod(0o644)
        lines = [user_line(role, role, password) for role, password in passwords.items()]
        self.first_users_file().write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self.first_users_file().chmod(0o644)

    def _make_key(self, name: str, role: str) -> None:
        file = self.key_file(name)
        if file.exists() and file.read_text(encoding="utf-8").strip():
            return
        key, line = make_key(f"{OURS}{name}", role)
        own = f"{OURS}{name}:"  # of a key that is lost
        kept = [old for old in self._read(API_KEYS).splitlines() if not old.startswith(own)]
        self._write(API_KEYS, "\n".join(kept), line)
        file.touch(mode=0o600)
        file.chmod(0o600)
        file.write_text(key, encoding="ascii")  # in place, as below
        file.chmod(0o444)

    def _write(self, name: str, before: str, line: str) -> None:
        lines = [*before.rstrip("\n").splitlines(), line]
        # In place: a container sees the file that was there when it was started, not one put in its place.
        self._file(name).write_text("".join(f"{each}\n" for each in lines), encoding="utf-8")

    def _read(self, name: str) -> str:
        try:
            return self._file(name).read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def _file(self, name: str) -> Path:
        return self.folder / name
