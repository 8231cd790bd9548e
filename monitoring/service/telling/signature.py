"""Shows a receiver that a webhook is ours, and of now; monitoring/README.md says how it looks."""

import hashlib
import hmac

from pydantic import SecretStr

TIMESTAMP, SIGNATURE = "X-MLFleet-Timestamp", "X-MLFleet-Signature"


def signature(body: bytes, secret: SecretStr, seconds: int) -> dict[str, str]:
    """The headers. seconds: since 1970, when it is sent."""
    signed = f"{seconds}.".encode() + body
    digest = hmac.new(secret.get_secret_value().encode(), signed, hashlib.sha256).hexdigest()
    return {TIMESTAMP: str(seconds), SIGNATURE: f"v1={digest}"}
