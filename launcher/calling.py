"""The launcher as a client of the fleet that it has started."""

from collections.abc import Mapping

from client import PATHS, Fleet
from launcher.settings import InvalidSettingError, LauncherSettings


def fleet_at(addresses: Mapping[str, str], settings: LauncherSettings) -> Fleet:
    """The fleet at these addresses, paths included, by the credentials that the settings name, if any.

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
        return Fleet(
            simulator=addresses["simulator"],
            ml_model=addresses["ml_model"],
            tracking=addresses["tracking"],
            monitoring=addresses["monitoring"],
            paths=dict.fromkeys(PATHS, ""),
            auth=(user, password.get_secret_value()) if user and password else None,
            api_key=key.get_secret_value() if key else None,
        )
    except ValueError as error:
        raise InvalidSettingError(
            f"MLFLEET_API_KEY: {error}", "Correct it in the environment or in .env (see .env.example)"
        ) from error
