"""A service describes itself: `/openapi.json` for programs, `/docs` for people."""

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from flask import Response, send_from_directory
from flask_restful import Resource

from fleet.web.roles import takes_role

PAGES = Path(__file__).parent / "pages"
SWAGGER_UI = Path(str(files("flask_swagger_ui"))) / "dist"
OWN_FILES = frozenset({"page.js"})
# Swagger UI sets styles on its elements, and its pictures are in its style sheet.
ONLY_FROM_HERE = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'"
)


class OpenApi(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/openapi.json`: the document, made when it is first asked for."""

    def __init__(self, make: Callable[[], dict[str, Any]]) -> None:
        self._make = make

    @takes_role("user")
    def get(self) -> dict[str, Any]:
        return self._make()


class Docs(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/docs`: Swagger UI showing the document; needs no internet."""

    @takes_role("user")
    def get(self) -> Response:
        page = Response(_page(), mimetype="text/html")
        page.headers["Content-Security-Policy"] = ONLY_FROM_HERE
        return page


class DocsFile(Resource):  # type: ignore[misc]  # Flask-RESTful has no types
    """`/docs/…`: the files that the page loads."""

    @takes_role("user")
    def get(self, name: str) -> Response:
        return send_from_directory(PAGES if name in OWN_FILES else SWAGGER_UI, name)


@cache
def _page() -> str:
    return (PAGES / "docs.html").read_text(encoding="utf-8")
