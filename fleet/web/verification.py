"""Is a password or a key right?"""

import hmac
import secrets
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError
from cachetools import TTLCache

from fleet.accounts import ApiKey, User
from fleet.credentials import key_digest
from fleet.errors import BusyError
from fleet.web.failures import Failures

REMEMBERED_S = 600
MOST_REMEMBERED = 1000
MOST_HASHES = 4  # the one that is being made, and those that wait for it
MOST_WAITING = 32  # requests, several of which may show the same password


class TooManyPasswordsError(BusyError):
    """As many passwords as may are being checked, and a hash takes its time."""

    retry_after_s = 1

    def __init__(self) -> None:
        super().__init__(
            "Too many passwords are being checked at the moment",
            "Send the request again after the seconds that Retry-After says, or use an API key",
        )


class Verifier:
    """Knows users and keys.

    A right password is remembered for ten minutes, by an HMAC of it, so that not every request pays for the
    hash. One password is hashed at a time, for each takes some 64 MiB of memory while it lasts, and few wait.
    """

    def __init__(
        self, users: Sequence[User], keys: Sequence[ApiKey], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._users = {user.name: user for user in users}
        self._keys = keys
        self._failures = Failures(clock)
        self._remembered: TTLCache[bytes, User] = TTLCache(MOST_REMEMBERED, REMEMBERED_S, timer=clock)
        self._secret = secrets.token_bytes(32)
        self._hasher = PasswordHasher()
        self._nobodys = _hash_of_nobody(users)
        self._hashing, self._counting = threading.Lock(), threading.Lock()
        self._pending: dict[bytes, Future[User | None]] = {}
        self._waiting = 0

    def user(
        self, name: str, password: str, address: str | None, *, waits: Callable[[], None] = lambda: None
    ) -> User | None:
        """The user, if the password is theirs. Raises TooManyFailuresError, TooManyPasswordsError.

        An unknown name costs as much time as a wrong password. waits: called before that time is taken.
        """
        mark = self._mark(name, password)
        if remembered := self._recall(mark):
            return remembered
        self._check(address)
        with self._counting:
            found, is_first = self._claim(mark)
        try:
            if is_first:
                self._find_out(found, name, password, mark, waits)
            else:
                waits()
            user = found.result()
        finally:
            with self._counting:
                self._waiting -= 1
        if user is None:
            self._count(address)
        return user

    def key(self, key: str, address: str | None) -> ApiKey | None:
        """The key's entry. Raises TooManyFailuresError, but never for a right key: it is cheap to look up."""
        found = self.find_key(key)
        if found is None:
            self._check(address)
            self._count(address)
        return found

    def find_key(self, key: str) -> ApiKey | None:
        """The key's entry; a wrong key is not counted."""
        digest = key_digest(key)
        found = None
        for entry in self._keys:  # all of them: the time must not tell which
            if hmac.compare_digest(entry.digest, digest):
                found = entry
        return found

    def remembered(self, name: str, password: str) -> User | None:
        """The user, if the password was found to be right lately."""
        return self._recall(self._mark(name, password))

    def _claim(self, mark: bytes) -> tuple[Future[User | None], bool]:
        """Whose password it is, as will be found out, and whether by who asks; TooManyPasswordsError."""
        pending = self._pending.get(mark)
        if self._waiting >= MOST_WAITING or (pending is None and len(self._pending) >= MOST_HASHES):
            raise TooManyPasswordsError
        self._waiting += 1
        if pending is not None:
            return pending, False
        return self._pending.setdefault(mark, Future()), True

    def _find_out(
        self,
        found: Future[User | None],
        name: str,
        password: str,
        mark: bytes,
        waits: Callable[[], None],
    ) -> None:
        try:
            waits()
            user = self._users.get(name)
            with self._hashing:
                right = self._matches(user.password_hash if user else self._nobodys, password)
            if user is not None and right:
                with self._counting:
                    self._remembered[mark] = user
            found.set_result(user if right else None)
        except BaseException as error:  # whoever waits for it must learn of it
            found.set_exception(error)
            raise
        finally:
            with self._counting:
                del self._pending[mark]

    def _recall(self, mark: bytes) -> User | None:
        with self._counting:
            return self._remembered.get(mark)

    def _check(self, address: str | None) -> None:
        with self._counting:
            self._failures.check(address)

    def _count(self, address: str | None) -> None:
        with self._counting:
            self._failures.count(address)

    def _mark(self, name: str, password: str) -> bytes:
        return hmac.digest(self._secret, f"{name}:{password}".encode(errors="surrogatepass"), "sha256")

    def _matches(self, password_hash: str, password: str) -> bool:
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError, UnicodeEncodeError):
            return False


def _hash_of_nobody(users: Sequence[User]) -> str:
    """A hash that no password has, as dear as the dearest of the users'."""
    parameters = [extract_parameters(user.password_hash) for user in users]
    dearest = max(parameters, key=lambda each: each.time_cost * each.memory_cost, default=None)
    hasher = PasswordHasher() if dearest is None else PasswordHasher.from_parameters(dearest)
    return hasher.hash(secrets.token_urlsafe(32))
