"""The launcher as a client of the fleet that it has started."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from client import (
    ADDRESSES,
    Auth,
    CallError,
    Fleet,
    ForbiddenError,
    JobFailedError,
    RefusedError,
    UnauthorizedError,
    UnexpectedAnswerError,
)
from fleet.errors import FleetError
from launcher.settings import InvalidSettingError, LauncherSettings

WHO = "Set an admin's MLFLEET_USER and MLFLEET_PASSWORD, or MLFLEET_API_KEY, in the environment or in .env"


class CallFailedError(FleetError):
    """A service answered a call with an error, or not at all."""


@contextmanager
def calls_told(*, by_name: bool = False, unauthorized: str = WHO) -> Iterator[None]:
    """Raises CallFailedError for a call that fails inside: what became of it, and what to do about that.

    by_name: says which call it was, where a service refuses it too.
    """
    try:
        yield
    except CallError as error:
        plain = isinstance(error, JobFailedError) or (isinstance(error, RefusedError) and not by_name)
        what = error.error if plain else error.outcome
        if isinstance(error, UnauthorizedError):
            advice = unauthorized
        elif isinstance(error, ForbiddenError):
            advice = WHO
        elif isinstance(error, UnexpectedAnswerError):
            advice = "Another version of the service may be running: ./launch.sh down, and try again"
        elif isinstance(error, RefusedError):
            advice = error.message
        else:
            advice = "Start the fleet (./launch.sh), or see ./launch.sh status and ./launch.sh logs"
        raise CallFailedError(what, advice) from error


def fleet_at(
    addresses: Mapping[str, str], settings: LauncherSettings, fire_brigade_auth: Auth | None = None
) -> Fleet:
    """The fleet at these addresses, paths included, by the credentials that the settings name, if any.

    fire_brigade_auth: those of fire_brigade, which has users of its own.

    Raises InvalidSettingError if these are not one credential.
    """
    user, password, key = settings.user, settings.password, settings.api_key
    if (user is None) != (password is None):
        raise InvalidSettingError(
            "Of MLFLEET_USER and MLFLEET_PASSWORD only one is set",
            "Set both, in the environment or in .env (see .env.example)",
        )
    if user and key:
        raise InvalidSettingError(
            "MLFLEET_USER and MLFLEET_API_KEY are both set", "Remove one from the environment and .env"
        )
    try:
        places: dict[str, Any] = {name: addresses[name] for name in ADDRESSES}
        return Fleet(
            **places,
            paths=dict.fromkeys(ADDRESSES, ""),
            auth=(user, password.get_secret_value()) if user and password else None,
            api_key=key.get_secret_value() if key else None,
            fire_brigade_auth=fire_brigade_auth,
        )
    except ValueError as error:
        raise InvalidSettingError(
            f"MLFLEET_API_KEY: {error}", "Correct it in the environment or in .env (see .env.example)"
        ) from error
