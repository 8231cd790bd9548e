"""`python -m tests.teapot`: a service that needs nothing and is as slow as it is told.

It never looks for reference cycles: a connection that is closed only then is one that hangs until then.
"""

import gc
import time
from typing import Annotated, Any

from flask import Flask, request
from flask_restful import Resource
from pydantic import Field
from pydantic_settings import SettingsConfigDict

from fleet.settings import ServiceSettings
from fleet.web.app import Route, add_routes, make_app
from fleet.web.heavy import heavy
from fleet.web.server import serve
from fleet.web.validation import RequestModel, accepts


class TeapotSettings(ServiceSettings):
    """Settings of the teapot."""

    model_config = SettingsConfigDict(env_prefix="TEAPOT_")

    service_url: str = "/teapot"


class Brew(RequestModel):
    """How long it takes."""

    seconds: Annotated[float, Field(ge=0, le=60)] = 0


class Teapot(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """Takes its time."""

    @accepts(role="user", query=Brew)
    def get(self, query: Brew) -> dict[str, Any]:
        time.sleep(query.seconds)
        return {"brewed": query.seconds}

    @accepts(role="user", body=Brew)
    @heavy
    def post(self, body: Brew) -> dict[str, Any]:
        time.sleep(body.seconds)
        return {"brewed": body.seconds}

    @accepts(role="user")
    def put(self) -> dict[str, Any]:
        headers = {name: request.environ.get(f"HTTP_{name}") for name in ("X_TEA", "COOKIE", "X_UNDER")}
        return {"bytes": len(request.get_data()), **headers}


def create_app() -> Flask:
    """The teapot's app."""
    gc.disable()
    settings = TeapotSettings()
    app = make_app("teapot", settings)
    add_routes(app, [Route(Teapot, [""])], prefixes=[settings.path], ready=lambda: None)
    return app


if __name__ == "__main__":
    serve("tests.teapot:create_app", TeapotSettings)
