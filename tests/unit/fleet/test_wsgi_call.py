"""A request of granian's as a WSGI app is given it."""

from io import BytesIO
from types import SimpleNamespace
from typing import Any, cast

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request

from fleet.web.wsgi_call import environ_of


def read(**given: Any) -> Request:
    scope = SimpleNamespace(
        method="GET",
        path="/",
        query_string="",
        http_version="1.1",
        scheme="http",
        client="127.0.0.1:50000",
        server="127.0.0.1:5001",
        headers=Headers(),
    )
    vars(scope).update(given)
    return Request(environ_of(cast(Any, scope), BytesIO(), 0))


def test_a_query_that_the_client_did_not_encode_is_read_as_utf_8() -> None:
    assert read(query_string="use_case=caf\u00e9\u2615&b=%C3%A9").args.to_dict() == {
        "use_case": "caf\u00e9\u2615",
        "b": "\u00e9",
    }


def test_so_is_a_path() -> None:
    assert read(path="/caf\u00e9\u2615").path == "/caf\u00e9\u2615"
