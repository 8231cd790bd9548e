"""What Schemathesis has to be told about the documents: it reads these functions by their names."""

import json
from typing import Any

import schemathesis
from schemathesis import Case, HookContext

FORM_TYPE = "application/x-www-form-urlencoded"


@schemathesis.hook
def before_call(context: HookContext, case: Case[Any], kwargs: dict[str, Any]) -> None:
    """Write objects in forms as their `encoding` says, JSON, which Schemathesis does not."""
    if case.media_type == FORM_TYPE and isinstance(case.body, dict):
        case.body = {name: _written(value) for name, value in case.body.items()}


def _written(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value
