"""Who asks for something."""

from dataclasses import dataclass
from typing import Literal

Role = Literal["user", "admin"]
"""`user` reads and predicts, `admin` does everything."""

ANONYMOUS = "anonymous"


@dataclass(frozen=True)
class Caller:
    """The person, or the program, that a request comes from; `anonymous` while credentials are off.

    request_id: the request's, the same on every service that it passes through.
    """

    name: str
    role: Role
    request_id: str

    @property
    def roles(self) -> tuple[Role, ...]:
        """The caller's role, and those that it includes."""
        return ("user", "admin") if self.role == "admin" else ("user",)
