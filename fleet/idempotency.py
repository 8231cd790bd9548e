"""Answers that are kept, so that a request with the same Idempotency-Key is not worked on again."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, Protocol

from fleet.errors import ConflictError, InvalidRequestError

KEPT_FOR = timedelta(hours=24)


@dataclass(frozen=True)
class KeyedRequest:
    """What a key is told apart by: the same key of another caller, or for another route, is another one."""

    service: str
    route: str
    caller: str
    key: str


@dataclass(frozen=True)
class KeptAnswer:
    """What was answered. digest: SHA-256 of the request's body; body: of the answer, as JSON has it."""

    digest: bytes
    status: int
    body: Any


class Claim(Protocol):
    """A key while its request is being worked on, and nobody else works on it.

    found: what was answered before; then there is nothing to do.
    """

    @property
    def found(self) -> KeptAnswer | None: ...

    def keep(self, answer: KeptAnswer) -> None:
        """Keep the answer for those who ask again."""


Claims = Callable[[KeyedRequest], AbstractContextManager[Claim]]
"""Claims a key until the block ends, however it ends; raises RequestRunningError."""


class InvalidKeyError(InvalidRequestError):
    """The key is not one."""

    def __init__(self) -> None:
        super().__init__(
            "The header Idempotency-Key cannot be used",
            "Send 1 to 255 letters, digits or other visible ASCII characters, such as a UUID",
        )


class KeyUsedError(ConflictError):
    """The key was used for another request."""

    def __init__(self) -> None:
        super().__init__(
            "The Idempotency-Key was used with another body",
            "Send the body of the first request, or choose another key",
        )


class RequestRunningError(ConflictError):
    """The first request with the key has not been answered yet."""

    retry_after_s: ClassVar[int] = 5

    def __init__(self) -> None:
        super().__init__(
            "The first request with this Idempotency-Key is still being worked on",
            "Send the request again after the seconds that Retry-After says, for the same answer",
        )
