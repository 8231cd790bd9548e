"""Why a live request has no answer."""

from fleet.errors import ConflictError, UnavailableError


class NothingLiveError(ConflictError):
    """No model of the use case is active."""

    def __init__(self, use_case: str) -> None:
        super().__init__(
            f"No model of '{use_case}' is live", 'Call POST /root/ml with {"dataset": "training"} first'
        )


class NotOpenError(UnavailableError):
    """The live model of a use case cannot be opened."""

    def __init__(self, use_case: str, reason: str) -> None:
        super().__init__(
            f"The live model of '{use_case}' cannot be opened: {reason}",
            "Roll back to another deployment, or train again",
        )
