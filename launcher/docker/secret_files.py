"""The passwords of the containers, as files that Compose hands to those who need them."""

import secrets
from collections.abc import Sequence
from pathlib import Path

from fleet.errors import ConflictError
from fleet.whole_files import write_whole

NAMES = ("postgres_password", "dataset_password", "mlflow_password", "artifact_key")
# Of what can be set anew at any time: no data depends on them.
RENEWABLE = ("grafana_password",)
# For a certificate of one's own; Compose wants them to be there.
EMPTY = ("tls_certificate", "tls_key")


class SecretsGoneError(ConflictError):
    """There is data that only the passwords open that are not there any more."""


class ForeignVolumesError(ConflictError):
    """There are volumes of the project's name, and nothing here opens them."""


def check_ownership(folder: Path, volumes: Sequence[str]) -> None:
    """Raises ForeignVolumesError unless what opens the volumes is in the folder of secrets."""
    if volumes and not (folder / NAMES[0]).exists():
        raise ForeignVolumesError(
            f"The volumes {', '.join(volumes)} are another folder's, for nothing in {folder} opens them",
            "Purge them from the folder that made them, or delete them with docker volume rm "
            + " ".join(volumes),
        )


def make_secret_files(folder: Path, volumes: Sequence[str]) -> None:
    """Makes those that are missing or empty, at random.

    volumes: names of the project's; once there are any, nothing new would fit them.
    Raises SecretsGoneError, FileNotWrittenError. The folder keeps other users of this machine out; the files
    are open to all, because in a container another user reads them.
    """
    missing = [name for name in NAMES if not _holds_something(folder / name)]
    if missing and volumes:
        raise SecretsGoneError(
            f"The volumes {', '.join(volumes)} hold data, and what opens it is gone: "
            + ", ".join(str(folder / name) for name in missing),
            f"Restore these files; or delete the data: docker volume rm {' '.join(volumes)}; or, if it is "
            "another folder's, set COMPOSE_PROJECT_NAME to a name of your own",
        )
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    missing += [name for name in RENEWABLE if not _holds_something(folder / name)]
    write_whole({folder / name: secrets.token_urlsafe(32).encode() for name in missing}, 0o444)
    for name in EMPTY:
        if not (folder / name).exists():
            (folder / name).touch()
        (folder / name).chmod(0o644)
    for name in (*NAMES, *RENEWABLE):
        (folder / name).chmod(0o444)


def _holds_something(file: Path) -> bool:
    return file.exists() and bool(file.read_bytes().strip())
