"""Times as the reference writes them."""

from datetime import UTC, datetime


def text(moment: datetime | None) -> str | None:
    """`2024-10-30 20:44:16` in UTC; None for a moment that has not come."""
    return None if moment is None else moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
