"""The audit trail in memory."""

from types import TracebackType
from typing import Any, Self

from fleet.caller import Caller


class AuditInMemory:
    """Stands in for AuditRepository. events: action, subject, name of the caller and use case."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, str, str | None]] = []

    def add(self, action: str, subject: object, caller: Caller, *, use_case: str | None = None) -> None:
        self.events.append((action, str(subject), caller.name, use_case))


class AuditedUnit:
    """Stands in for a unit of work whose only repository is the audit trail; keeps what was committed."""

    def __init__(self) -> None:
        self.committed: list[Any] = []

    def __enter__(self) -> Self:
        self.audit = AuditInMemory()
        return self

    def commit(self) -> None:
        self.committed += self.audit.events

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to roll back."""
