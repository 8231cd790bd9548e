"""Why a live request has no answer."""

from fleet.errors import ConflictError, NotFoundError, UnavailableError


class UnknownServedError(NotFoundError):
    """No use case of that name is registered."""

    def __init__(self, name: str, known: list[str]) -> None:
        choices = ", ".join(known) if known else "none yet: start the simulator first"
        super().__init__(f"There is no use case '{name[:63]}'", f"Registered use cases: {choices}")


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
