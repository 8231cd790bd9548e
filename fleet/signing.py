"""Signatures of what runs code when it is opened, such as a pickle: it is opened only if we wrote it."""

import hashlib
import hmac

SIGNATURE_BYTES = 32


def signature(data: bytes, key: bytes) -> bytes:
    """HMAC-SHA-256 of the data, 32 bytes."""
    return hmac.digest(key, data, hashlib.sha256)


def is_signed(data: bytes, given: bytes, key: bytes) -> bool:
    """Whether the signature is the one that this key gives the data."""
    return hmac.compare_digest(given, signature(data, key))
