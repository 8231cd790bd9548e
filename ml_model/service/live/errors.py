"""Why a live request has no answer."""

from fleet.errors import UnavailableError


class NotOpenError(UnavailableError):
    """The live model of a use case cannot be opened."""

    def __init__(self, use_case: str, reason: str) -> None:
        super().__init__(
            f"The live model of '{use_case}' cannot be opened: {reason}",
            "Roll back to another deployment, or train again",
        )
