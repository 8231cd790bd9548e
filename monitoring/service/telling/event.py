"""What is told, and who is told it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import SecretStr, TypeAdapter

from monitoring.persistence.model.policy import Form

Kind = Literal["verdict", "loop_started", "promoted", "rolled_back", "loop_ended", "test"]
Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True)
class Webhook:
    """Who is told. url: often a secret too. secret: what deliveries are signed with, if any."""

    url: str = field(repr=False)
    secret: SecretStr | None = None
    form: Form = "json"


@dataclass(frozen=True)
class Event:
    """What is told. at: when it happened, with its zone. sentence: for people. link: where to see more.

    details: ids and figures, ready for JSON.
    """

    kind: Kind
    use_case: str
    at: datetime
    sentence: str
    severity: Severity = "info"
    details: Mapping[str, Any] = field(default_factory=dict)
    link: str | None = None


def as_arguments(event: Event) -> dict[str, Any]:
    """The event as a job's arguments hold it."""
    arguments: dict[str, Any] = TypeAdapter(Event).dump_python(event, mode="json")
    return arguments


def from_arguments(arguments: Mapping[str, Any]) -> Event:
    """The event that `as_arguments` was given."""
    return TypeAdapter(Event).validate_python(dict(arguments))
