"""Two more places where the service's settings may stand: variables without its prefix, and a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from dotenv import dotenv_values
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource

from fleet.settings import InvalidSettingsError, WorkerSettings

FILE_SETTING = "settings_file"
OUR_OWN = frozenset({FILE_SETTING, "first_users", "artifact_key"})  # the guide has none of them


class BareNames(EnvSettingsSource):
    """Reads the guide's parameters from variables of their very name, in any case.

    What others have too (PORT, DATABASE_URL, ...) is not among them, nor what is ours (ARTIFACT_KEY, ...):
    names so common may be meant for another program.
    """

    def __init__(self, settings_cls: type[BaseSettings]) -> None:
        super().__init__(settings_cls, env_prefix="")

    def __call__(self) -> dict[str, Any]:
        others = OUR_OWN.union(WorkerSettings.model_fields)
        return {name: value for name, value in super().__call__().items() if name not in others}


class SettingsFile(PydanticBaseSettingsSource):
    """Reads the file that `settings_file` names: YAML (`.yml`, `.yaml`), or lines `NAME=value`.

    Names are written with or without the service's prefix, in any case.
    Raises InvalidSettingsError: the file cannot be read, or names a setting that there is none of.
    """

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Unused: the file is read whole."""
        raise NotImplementedError

    def __call__(self) -> dict[str, Any]:
        path = self.current_state.get(FILE_SETTING)
        if path is None:
            return {}
        fields = {name.casefold(): name for name in self.settings_cls.model_fields}
        prefix = str(self.config.get("env_prefix", "")).casefold()
        read = _read(Path(path))
        given = {str(name).casefold().removeprefix(prefix): value for name, value in read.items()}
        if unknown := sorted(given.keys() - fields.keys()):
            raise InvalidSettingsError(f"{path} sets {', '.join(unknown)}: there is no such setting")
        return {fields[name]: value for name, value in given.items() if value not in (None, "")}


def _read(path: Path) -> Mapping[Any, Any]:
    try:
        text = path.open(encoding="utf-8")
        with text:
            if path.suffix not in (".yml", ".yaml"):
                return dotenv_values(stream=text, interpolate=False)
            content = yaml.safe_load(text) or {}
    except OSError as error:
        raise InvalidSettingsError(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise InvalidSettingsError(f"{path} is not a text with settings") from error
    if not isinstance(content, Mapping):
        raise InvalidSettingsError(f"{path} must be lines `name: value`")
    return content
