"""What a service needs to answer."""

from collections.abc import Callable, Mapping

Check = Callable[[], Mapping[str, str] | None]
"""Raises a FleetError that says why the service cannot answer; tells by use case what alone it cannot do."""

Checks = Mapping[str, Check]
"""By what they look at."""
