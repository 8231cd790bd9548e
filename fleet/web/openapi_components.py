"""What operations of an OpenAPI document refer to: parameters, headers, kinds of credentials."""

from fleet.web.idempotency import HEADER, KEY_PATTERN

REQUEST_ID = {
    "name": "X-Request-ID",
    "in": "header",
    "description": "Up to 128 letters, digits and `_.:-`; anything else is replaced",
    "schema": {"type": "string"},
}
IDEMPOTENCY_KEY = {
    "name": HEADER,
    "in": "header",
    "description": "With a key that was used within 24 hours, the answer is the one that was given then",
    "schema": {"type": "string", "pattern": KEY_PATTERN},
}
PARAMETERS = {"RequestId": REQUEST_ID, "IdempotencyKey": IDEMPOTENCY_KEY}
HEADERS = {
    "Replayed": {
        "description": "Sent if this is the answer to an earlier request with the same key",
        "schema": {"type": "string", "enum": ["true"]},
    },
    "RetryLater": {
        "description": "Seconds to wait, where the first request with the key is still being worked on",
        "schema": {"type": "integer"},
    },
    "RequestId": {
        "description": "The request's X-Request-ID, or one that was made for it",
        "required": True,
        "schema": {"type": "string"},
    },
    "Challenge": {
        "description": "The kinds of credentials that are taken",
        "required": True,
        "schema": {"type": "string"},
    },
    "RetryAfter": {"description": "Seconds to wait", "required": True, "schema": {"type": "integer"}},
}
SECURITY: list[dict[str, list[str]]] = [{"basic": []}, {"bearer": []}]
SECURITY_SCHEMES = {
    "basic": {"type": "http", "scheme": "basic", "description": "A user's name and password"},
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key"},
}
