"""What Schemathesis has to be told about the documents: it reads these functions by their names."""

import json
from ipaddress import ip_network
from itertools import cycle
from typing import Any

import schemathesis
from schemathesis import Case, HookContext

ADDRESSES = cycle(ip_network("10.0.0.0/16").hosts())
FORM_TYPE = "application/x-www-form-urlencoded"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Write objects in forms as their `encoding` says, JSON, which Schemathesis does not.

    Each request comes from an address of its own, or those with wrong credentials would soon be too many.
    """
    case.headers["X-Forwarded-For"] = str(next(ADDRESSES))
    if case.media_type == FORM_TYPE and isinstance(case.body, dict):
        case.body = {name: _written(value) for name, value in case.body.items()}


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
