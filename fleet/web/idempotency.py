"""`@idempotent` on a resource's method, below `@accepts`: a request that is sent twice is done once.

Only what was done has its answer kept, or what goes on without its request. What was refused, or failed,
created nothing: its key is free.
"""

import functools
import hashlib
import json
import logging
import re
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, current_app, g, request
from pydantic import BaseModel

from fleet.errors import UnavailableError
from fleet.idempotency import Claim, Claims, InvalidKeyError, KeptAnswer, KeyedRequest, KeyUsedError
from fleet.jobs import JobGoesOnError
from fleet.web.credentials import caller

log = logging.getLogger(__name__)

EXTENSION = "mlfleet-idempotency"
HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
KEY_PATTERN = "^[!-~]{1,255}$"
OK = 200
HEADERS = "_headers"  # in a body that is kept: those of its answer, such as where a job is

Answer = dict[str, Any] | tuple[dict[str, Any], int] | tuple[dict[str, Any], int, dict[str, str]]


def keep_answers(app: Flask, claims: Claims) -> None:
    """Tell the app's idempotent methods where answers are kept."""
    app.extensions[EXTENSION] = claims


def idempotent(method: Callable[..., Answer]) -> Callable[..., Answer]:
    """Answer a request whose Idempotency-Key was used as it was answered then. The method takes a `body`."""

    @functools.wraps(method)
    def once(self: object, *, body: BaseModel, **kwargs: Any) -> Answer:
        key = request.headers.get(HEADER)
        g.digest_of_request = ""
        if key is None:
            return method(self, body=body, **kwargs)
        if not re.fullmatch(KEY_PATTERN, key):
            raise InvalidKeyError
        claims: Claims = current_app.extensions[EXTENSION]
        digest = _digest(body, kwargs)
        keyed = KeyedRequest(current_app.name, str(request.endpoint), caller().name, key)
        g.digest_of_request = hashlib.sha256(repr((keyed, digest)).encode()).hexdigest()
        with claims(keyed) as claim:
            if claim.found is not None:
                return _replay(claim.found, digest)
            try:
                answer = method(self, body=body, **kwargs)
            except JobGoesOnError as error:
                if error.accepted is not None:
                    _keep(claim, digest, error.accepted)
                raise
            _keep(claim, digest, answer)
            return answer

    once.idempotent = True  # type: ignore[attr-defined]  # read by fleet.web.openapi
    return once


def digest_of_request() -> str:
    """Of the request at hand, with its key: what it makes is found by it when it is sent again.

    So it is also where the answer was lost, as the service died before it was kept. Empty without a key.
    """
    found: str = g.get("digest_of_request", "")
    return found


def _digest(body: BaseModel, path: Mapping[str, Any]) -> bytes:
    """Of what was understood: neither the order of fields nor a default that is written out matters.

    path: what the address says, such as of which deployment.
    """
    told = body.model_dump(mode="json")
    text = json.dumps([told, path] if path else told, sort_keys=True)
    return hashlib.sha256(text.encode()).digest()


def _replay(found: KeptAnswer, digest: bytes) -> Answer:
    if found.digest != digest:
        raise KeyUsedError
    body = dict(found.body)
    return body, found.status, {**body.pop(HEADERS, {}), REPLAYED: "true"}


def _keep(claim: Claim, digest: bytes, answer: Answer) -> None:
    body, status, *headers = answer if isinstance(answer, tuple) else (answer, OK)
    try:
        claim.keep(
            KeptAnswer(digest, status, {**body, HEADERS: headers[0]} if headers and headers[0] else body)
        )
    except UnavailableError as error:
        log.warning("The work is done, but its answer cannot be kept: %s", error.error)
