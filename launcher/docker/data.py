"""What a stack in containers keeps: volumes, and files in the state folder."""

import json
from collections.abc import Mapping
from pathlib import Path

from launcher.docker.project import DockerCommandError, Project
from launcher.docker.secret_files import NAMES
from launcher.purge import Doomed, find_paths

CONTENTS = {
    "db": "volume: both databases",
    "mlflow": "volume: MLflow's models and files",
    "fire_brigade": "volume: the fire brigade's models and logs",
    "fire_brigade_data": "volume: the fire brigade's records and features",
}
SIZES_SECONDS = 10.0


def find_volumes(project: Project) -> list[Doomed]:
    """The project's volumes, with their sizes where Docker tells them soon."""
    names = project.volumes()
    sizes = _sizes(project) if names else {}
    return [
        Doomed(name, CONTENTS.get(name.removeprefix(f"{project.name}_"), "volume"), sizes.get(name, ""))
        for name in names
    ]


def find_files(state_dir: Path) -> list[Doomed]:
    """The passwords and logs below the state folder."""
    contents = {"secrets": "the passwords, users and API keys, and the key that signs stored models"}
    if (state_dir / "postgres").exists():  # the local stack's data needs the key
        contents = {f"secrets/{name}": "password" for name in NAMES if name != "artifact_key"}
    contents["logs"] = "the logs"
    return find_paths(state_dir, contents)


def _sizes(project: Project) -> Mapping[str, str]:
    try:
        said = project.run(["docker", "system", "df", "-v", "--format", "json"], timeout=SIZES_SECONDS)
        return {volume["Name"]: volume["Size"] for volume in json.loads(said)["Volumes"] or []}
    except (DockerCommandError, ValueError, LookupError, TypeError):
        return {}  # older engines tell it in no form of use; the names alone say enough
