"""Every route of every service stands in extras/API.md and the Postman collection, and the other way."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from fleet.web.openapi import PATH_ARGUMENT
from tests.architecture.project import PROJECT

API = PROJECT / "extras" / "API.md"
COLLECTION = PROJECT / "extras" / "mlfleet.postman_collection.json"
HEADING = re.compile(r"^### `([A-Z]+) (/\S*)`$", re.MULTILINE)
ALIAS = "/root/model"  # another name of /root/ml: one entry stands for both
PARTS = "/docs/"  # the files that the page /docs loads

Route = tuple[str, str]


@pytest.fixture(scope="module")
def served(found: dict[str, dict[str, Any]]) -> set[Route]:
    """Method and path of every route, without what Flask adds and without the alias."""
    return {
        (method, PATH_ARGUMENT.sub(r"<\2>", path))
        for service in found.values()
        for method, path in service["rules"]
        if method not in {"HEAD", "OPTIONS"} and not path.startswith((ALIAS, PARTS))
    }


def requests_of(item: dict[str, Any]) -> Iterator[Route]:
    if "request" in item:
        yield item["request"]["method"], "/" + "/".join(map(_argument, item["request"]["url"]["path"]))
    for child in item.get("item", []):
        yield from requests_of(child)


def _argument(part: str) -> str:
    """Postman writes :name where Flask writes <name>."""
    return f"<{part[1:]}>" if part.startswith(":") else part


def test_every_route_is_described_and_every_description_is_of_a_route(served: set[Route]) -> None:
    assert set(HEADING.findall(API.read_text(encoding="utf-8"))) == served


def test_every_route_is_in_the_collection_and_back(served: set[Route]) -> None:
    assert set(requests_of(json.loads(COLLECTION.read_text(encoding="utf-8")))) == served


def test_the_alias_has_every_route_of_ml_model(found: dict[str, dict[str, Any]]) -> None:
    rules = {(method, path) for method, path in found["ml_model"]["rules"]}
    own = {(method, path) for method, path in rules if path.startswith("/root/ml")}
    assert {(method, path.replace("/root/ml", ALIAS, 1)) for method, path in own} <= rules
    assert len(own) >= 3


def test_every_route_validates_what_it_is_sent(found: dict[str, dict[str, Any]]) -> None:
    unchecked = {
        route for service in found.values() for route, checked in service["validated"].items() if not checked
    }
    take_nothing = {
        "/health/live",
        "/health/ready",
        "/metrics",
        "/openapi.json",
        "/docs",
        "/docs/<path:name>",
        "/ping",
        "/version",
        "/v2/health/live",
        "/v2/health/ready",
    }
    assert unchecked == {f"GET {path}" for path in take_nothing}
