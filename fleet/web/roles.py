"""Which role a route takes: every method of every route says so, or the service does not start."""

from collections.abc import Callable, Iterator
from typing import Any, Literal, TypeVar

from flask import Flask

from fleet.caller import Role

F = TypeVar("F", bound=Callable[..., Any])
DeclaredRole = Role | Literal["anyone"]


class UndeclaredRoleError(RuntimeError):
    """A route was added that does not say who may call it."""

    def __init__(self, method: str, path: str) -> None:
        super().__init__(f"{method} {path} declares no role: use @accepts(role=...) or @takes_role(...)")


def takes_role(role: DeclaredRole) -> Callable[[F], F]:
    """Declare the role that a view, or a resource's method, takes; `@accepts(role=...)` does it too."""

    def declare(function: F) -> F:
        function.role = role  # type: ignore[attr-defined]
        return function

    return declare


def role_of(app: Flask, endpoint: str, method: str) -> DeclaredRole | None:
    """The role that a route's method takes; None if it declares none.

    HEAD takes GET's. OPTIONS, which Flask answers with the methods that there are, is open.
    """
    if method == "OPTIONS":
        return "anyone"
    view = app.view_functions[endpoint]
    resource = getattr(view, "view_class", None)
    if resource is None:
        return getattr(view, "role", None)
    name = "get" if method == "HEAD" else method.lower()
    return getattr(getattr(resource, name, None), "role", None)


def check_roles(app: Flask) -> None:
    """Raise UndeclaredRoleError unless every route says which role it takes."""
    for endpoint, method, path in routes_of(app):
        if role_of(app, endpoint, method) is None:
            raise UndeclaredRoleError(method, path)


def routes_of(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Endpoint, method and path of every route."""
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods or ()):
            yield rule.endpoint, method, rule.rule
