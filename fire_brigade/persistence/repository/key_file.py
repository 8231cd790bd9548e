"""The file that keeps the key which models are signed with."""

import secrets
from pathlib import Path

from fleet.errors import FleetError
from fleet.whole_files import write_first

LEAST_BYTES, MADE_BYTES = 16, 32


class UnusableKeyError(FleetError):
    """There is a file for the key, and no key to be had from it."""

    status = 503

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The file {name} of the artifact key cannot be used: {reason}",
            "Restore it, or give the key in the setting ARTIFACT_KEY. If the key that signed the models is "
            "lost, remove the file, start again, and train anew",
        )


def kept_key(file: Path) -> bytes:
    """The key in the file, which is made if it is not there; whoever asks at the same time gets the same.

    Raises UnusableKeyError, FileNotWrittenError.
    """
    if not file.exists():
        write_first(file, secrets.token_urlsafe(MADE_BYTES).encode())
    try:
        key = file.read_bytes()
    except OSError as error:
        raise UnusableKeyError(file.name, f"{error.strerror}") from error
    if len(key) < LEAST_BYTES:
        raise UnusableKeyError(file.name, f"it is shorter than {LEAST_BYTES} bytes")
    return key
