"""A real HTTP server that is told by webhooks, and misbehaves as told."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

TRICKLES = 200
BIG = 64 * 1024 * 1024


@dataclass
class Received:
    """One request."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """What has come. status: that is answered; other ways to answer are paths.

    names: that were asked for in TLS. written: bytes of a big answer.
    """

    port: int = 0
    requests: list[Received] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    status: int = 200
    location: str = ""
    written: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Answers as the path says, or with the receiver's status."""

    receiver: ClassVar[Receiver]
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.receiver.requests.append(Received(self.path, dict(self.headers), body))
        self.close_connection = True
        words = {
            "/garbage": b"I do not speak HTTP\r\n\r\n",
            "/header": b"HTTP/1.1 200 OK\r\n" + b"x" * 100_000,
        }
        path = self.path.partition("?")[0]
        if path in words:
            self.wfile.write(words[path])
        else:
            ways = {"/silent": self._silent, "/trickle": self._trickle, "/continue": self._continue}
            {**ways, "/big": self._big}.get(path, self._plain)()

    def _plain(self) -> None:
        self.send_response(self.receiver.status)
        if self.receiver.location:
            self.send_header("Location", self.receiver.location)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def _silent(self) -> None:
        self.receiver.stopped.wait(30)

    def _trickle(self) -> None:
        for _ in range(TRICKLES):
            self.wfile.write(b"x")
            time.sleep(0.05)

    def _continue(self) -> None:
        for _ in range(TRICKLES):
            self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            time.sleep(0.05)

    def _big(self) -> None:
        self.wfile.write(f"HTTP/1.1 200 OK\r\nContent-Length: {BIG}\r\n\r\n".encode())
        block = b"x" * 65536
        while self.receiver.written < BIG:
            self.wfile.write(block)
            self.receiver.written += len(block)

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def receiving(certificate: tuple[str, str] | None = None) -> Iterator[Receiver]:
    """A receiver until the block ends. certificate: files of it and its key; with TLS then."""
    receiver = Receiver()
    handler = type("Told", (Handler,), {"receiver": receiver})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that left is expected
    receiver.port = server.server_port
    if certificate is not None:
        server.socket = _with_tls(server, certificate, receiver)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.stopped.set()
        server.shutdown()
        server.server_close()


def _with_tls(server: ThreadingHTTPServer, certificate: tuple[str, str], receiver: Receiver) -> ssl.SSLSocket:
    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        receiver.names.append(name or "")

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    context.sni_callback = note
    return context.wrap_socket(server.socket, server_side=True)
