"""A web server that publishes files, well or badly."""

import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

PATIENCE_S = 20


@dataclass
class Publisher:
    """Answers with the files of a folder; a first part of the path says what is wrong with the answer.

    `/cut/NAME` half of it, `/html/NAME` a web page, `/silent/NAME` half of it and then nothing,
    `/dripping/NAME` a few bytes at a time, `/packed/NAME` in gzip, `/chunked/NAME` without a length,
    `/flaky/NAME` 503 at first, `/held/NAME` once `release` is set.
    """

    folder: Path
    url: str = ""
    asked: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    arrived: threading.Event = field(default_factory=threading.Event)


@contextmanager
def publishing(folder: Path) -> Iterator[Publisher]:
    """A publisher of the folder, while the context lasts."""
    publisher = Publisher(folder)

    class Handler(_Handler):
        published = publisher

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        publisher.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield publisher
        finally:
            publisher.release.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    published: ClassVar[Publisher]

    def do_GET(self) -> None:
        publisher = self.published
        publisher.asked.append(self.path)
        *how, name = self.path.strip("/").split("/")
        file = publisher.folder / name
        if not file.is_file():
            self.send_error(404)
            return
        getattr(self, f"_{how[0]}" if how else "_whole")(file.read_bytes())

    def _whole(self, content: bytes) -> None:
        self._head(len(content))
        self.wfile.write(content)

    def _cut(self, content: bytes) -> None:
        self._head(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.close_connection = True

    def _half(self, content: bytes) -> None:
        self._whole(content[: len(content) // 2])

    def _html(self, _: bytes) -> None:
        page = b"<!DOCTYPE html><title>Moved</title>"
        self._head(len(page), kind="text/html; charset=utf-8")
        self.wfile.write(page)

    def _disguised(self, _: bytes) -> None:
        self._whole(b"\n<!DOCTYPE html><title>Moved</title>")

    def _silent(self, content: bytes) -> None:
        self._head(len(content))
        self.wfile.write(content[: len(content) // 2])
        self.wfile.flush()
        self.published.release.wait(PATIENCE_S)

    def _dripping(self, content: bytes) -> None:
        self._head(len(content))
        for start in range(0, 500, 10):
            if self.published.release.wait(0.1):
                break
            try:
                self.wfile.write(content[start : start + 10])
            except OSError:  # given up
                break
        self.close_connection = True

    def _packed(self, content: bytes) -> None:
        packed = gzip.compress(content)
        self.send_response(200)
        self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(packed)))
        self.end_headers()
        self.wfile.write(packed)

    def _chunked(self, content: bytes) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(content)
        self.close_connection = True

    def _flaky(self, content: bytes) -> None:
        if len(self.published.asked) < 3:
            self.send_error(503)
        else:
            self._whole(content)

    def _held(self, content: bytes) -> None:
        self.published.arrived.set()
        self.published.release.wait(PATIENCE_S)
        self._whole(content)

    def _head(self, length: int, kind: str = "application/octet-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class's name
        """Keeps the tests' output quiet."""
