"""The launcher as a client of the fleet that it has started."""

from collections.abc import Mapping
from typing import Any

from client import ADDRESSES, Auth, Fleet
from launcher.settings import InvalidSettingError, LauncherSettings


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
