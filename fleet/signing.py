"""Signatures of what runs code when it is opened, such as a pickle: it is opened only if we wrote it."""

import hashlib
import hmac
import secrets
from pathlib import Path

from fleet.errors import FleetError
from fleet.whole_files import write_first

SIGNATURE_BYTES = 32
LEAST_KEY_BYTES, MADE_KEY_BYTES = 16, 32
MAGIC = b"mlfleet signed joblib 1\n"


class UnusableKeyError(FleetError):
    """There is a file for the key, and no key to be had from it."""

    status = 503

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The file {name} of the artifact key cannot be used: {reason}",
            "Restore it, or give the key in the setting ARTIFACT_KEY. If the key that signed the models is "
            "lost, remove the file, start again, and train anew",
        )


def signature(data: bytes, key: bytes) -> bytes:
    """HMAC-SHA-256 of the data, 32 bytes."""
    return hmac.digest(key, data, hashlib.sha256)


def is_signed(data: bytes, given: bytes, key: bytes) -> bool:
    """Whether the signature is the one that this key gives the data."""
    return hmac.compare_digest(given, signature(data, key))


def seal(content: bytes, part: bytes, key: bytes) -> bytes:
    """The content of a file, with its signature before it. part: what it is, which is signed too."""
    return MAGIC + signature(part + content, key) + content


def unseal(data: bytes, part: bytes, key: bytes) -> bytes | None:
    """The content that was sealed as this part with this key; None if it was not."""
    given = data[len(MAGIC) : len(MAGIC) + SIGNATURE_BYTES]
    content = sealed_content(data)
    return content if data.startswith(MAGIC) and is_signed(part + content, given, key) else None


def sealed_content(data: bytes) -> bytes:
    """The content that nothing vouches for yet."""
    return data[len(MAGIC) + SIGNATURE_BYTES :]


def kept_key(file: Path) -> bytes:
    """The key in the file, which is made if it is not there; whoever asks at the same time gets the same.

    Raises UnusableKeyError, FileNotWrittenError.
    """
    if not file.exists():
        write_first(file, secrets.token_urlsafe(MADE_KEY_BYTES).encode())
    try:
        key = file.read_bytes()
    except OSError as error:
        raise UnusableKeyError(file.name, f"{error.strerror}") from error
    if len(key) < LEAST_KEY_BYTES:
        raise UnusableKeyError(file.name, f"it is shorter than {LEAST_KEY_BYTES} bytes")
    return key
