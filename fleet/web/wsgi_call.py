"""One call of a WSGI app (PEP 3333) for a request that granian gives in its own form, RSGI."""

import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from granian.rsgi import Scope

WsgiApp = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

PLAIN_NAMES = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


@dataclass(frozen=True, slots=True)
class WsgiAnswer:
    """What is sent to the client."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


def environ_of(scope: Scope, body: BinaryIO, length: int) -> dict[str, Any]:
    """The WSGI environment. body: read whole, so that it has a length also where it was sent in chunks."""
    address, _, port = scope.client.rpartition(":")
    name, _, own_port = scope.server.rpartition(":")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": _as_wsgi_wants_it(scope.path),
        "QUERY_STRING": _as_wsgi_wants_it(scope.query_string),  # some clients do not encode it
        "SERVER_NAME": name,
        "SERVER_PORT": own_port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": address,
        "REMOTE_PORT": port,
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for header, value in scope.headers.items():
        if "_" in header:
            continue  # could pass for one with a hyphen that a proxy has set
        key = PLAIN_NAMES.get(header) or "HTTP_" + header.upper().replace("-", "_")
        separator = "; " if header == "cookie" else ","
        environ[key] = f"{environ[key]}{separator}{value}" if key in environ else value
    if environ.pop("HTTP_TRANSFER_ENCODING", None) is not None:
        environ["CONTENT_LENGTH"] = str(length)
    return environ


def _as_wsgi_wants_it(text: str) -> str:
    """Each byte of its UTF-8 as a character."""
    return text.encode().decode("latin-1")


def call(app: WsgiApp, environ: dict[str, Any]) -> WsgiAnswer:
    """Run the app to the end of its answer."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], _: object = None) -> None:
        started.append((status, headers))

    chunks = app(environ, start_response)
    try:
        body = b"".join(chunks)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    status, headers = started[-1]
    return WsgiAnswer(int(status.partition(" ")[0]), headers, body)
