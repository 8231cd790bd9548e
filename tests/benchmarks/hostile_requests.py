"""Requests that nobody should send, made of those that everybody sends."""

import json
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.raw_http import json_request, request

DEPTH = 10_000
SQL = (
    "'; DROP TABLE use_cases; --",
    "1 OR 1=1",
    '" UNION SELECT * FROM deployments --',
    "$$; SELECT pg_sleep(9)",
)
GRIDS = {"LogisticRegression": {"C": [0.1], "solver": ["lbfgs"]}}
SEARCH = {
    "request_information": "optimization",
    "models": ["LogisticRegression"],
    "hyperparameters": GRIDS,
    "scoring": "accuracy",
    "cv": 5,
    "experiment_name": "abuse",
    "experiment_description": "none",
    "experiment_owner": "nobody",
    "preprocessing": "none",
    "use_case": "wine",
}
FOULING = {"level": "reference"}
SETTING = {"request_information": "setting", "run_id": "0", "use_case": "wine"}
PARAMETERS = {"experiment_id": "0", "run_id": "0", "request_information": "parameters", "type": "data"}
CHOICE: dict[str, Any] = {
    "model_name": "SVC",
    "hyperparameters": {"kernel": "rbf"},
    "run_id": "0",
    "preprocessing": "none",
    "use_case": "wine",
}
BODIES: dict[str, dict[str, list[dict[str, Any]]]] = {
    "simulator": {"/root/simulator": [{"set_name": "training", "use_case": "wine", "fouling": FOULING}]},
    "ml_model": {
        "/root/ml": [{"dataset": "training", "use_case": "wine"}],
        "/root/ml/set_model": [CHOICE],
    },
    "tracking": {
        "/root/tracking/model_management": [SEARCH, SETTING],
        "/root/tracking/experiments": [
            {"experiment_id": "0", "request_information": "best_model", "filter": ["all"]}
        ],
        "/root/tracking/runs": [PARAMETERS],
    },
    "monitoring": {
        "/root/monitoring": [{"metric": "summary", "use_case": "wine", "tests": {"data_drift": True}}]
    },
}


def hostile(service: str) -> dict[str, list[bytes]]:
    """By what is wrong with them: requests to a service. Each body is taken for every fault."""
    bodies = [(path, body) for path, given in BODIES[service].items() for body in given]
    return {
        "10 000 brackets, NaN, infinity, NUL": [
            request("POST", path, faulty) for path, body in bodies for faulty in faults(body)
        ],
        "SQL in every text": [
            json_request("POST", path, changed)
            for path, body in bodies
            for sql in SQL
            for changed in with_text(body, sql)
        ],
    }


def faults(body: dict[str, Any]) -> Iterator[bytes]:
    """The body, with what no request may hold in its last field, and alone."""
    text = json.dumps(body)[:-1]
    deep = ("[" * DEPTH + "]" * DEPTH, '{"a":' * DEPTH + "1" + "}" * DEPTH, "[" * DEPTH)
    for value in (*deep, "NaN", "[Infinity, -Infinity]", "1e999", '"a\\u0000b"'):
        yield f'{text}, "{next(reversed(body))}": {value}}}'.encode()
        yield value.encode()


def with_text(value: Any, text: str) -> Iterator[Any]:
    """The value, with one of its texts, names of fields among them, replaced; each of them in turn."""
    if isinstance(value, str):
        yield text
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from ([*value[:place], new, *value[place + 1 :]] for new in with_text(each, text))
    if isinstance(value, dict):
        for name, each in value.items():
            others = {key: kept for key, kept in value.items() if key != name}
            yield {**others, text: each}
            yield from ({**others, name: new} for new in with_text(each, text))


def mixture() -> list[bytes]:
    """Good and bad requests to the simulator."""
    path = "/root/simulator"
    good = [request("GET", path), request("GET", "/health/live"), request("GET", f"{path}?use_case=wine")]
    load = json_request("POST", path, {"set_name": "testing"})
    bad = [
        request("GET", f"{path}?nothing=1"),
        request("GET", "/root/nowhere"),
        request("POST", path, b"{"),
        request("POST", path, b'{"set_name": NaN}'),
        request("PUT", path, b"{}"),
        json_request("POST", path, {"set_name": SQL[0]}),
    ]
    return [*good, *bad, *good, load, *bad]
