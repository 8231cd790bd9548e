"""Bodies that were sent compressed (RFC 9110, Content-Encoding), of callers who were let in.

No more is unpacked than one body, and all together, may have.
"""

import threading
import zlib

from flask import Flask, current_app, g, request

from fleet.errors import BusyError, InvalidRequestError, TooLargeError, UnsupportedMediaTypeError

HEADER = "Content-Encoding"
EXTENSION = "mlfleet-unpacked"
GZIP = 16 + zlib.MAX_WBITS
FORMATS = {"gzip": GZIP, "x-gzip": GZIP, "deflate": zlib.MAX_WBITS}
PLAIN = ("", "identity")
LARGE_BODIES = 3  # whose unpacked bytes are in memory at the same time
STEP = 256 * 1024


class UnknownEncodingError(UnsupportedMediaTypeError):
    """The body is compressed in a way that is not undone here."""

    def __init__(self, encoding: str) -> None:
        super().__init__(
            f"The Content-Encoding '{encoding[:60]}' is not taken here",
            "Send JSON or CSV in gzip or in deflate, or any body as it is, without a Content-Encoding",
        )


class DamagedBodyError(InvalidRequestError):
    """The body is not what its Content-Encoding says."""

    def __init__(self, encoding: str, reason: str) -> None:
        super().__init__(
            f"The body is not in {encoding}, as its Content-Encoding says: {reason}",
            "Compress the whole body once, or send it as it is, without a Content-Encoding",
        )


class TooMuchUnpackedError(BusyError):
    """What compressed bodies hold needs more memory than it may."""

    def __init__(self) -> None:
        super().__init__(
            "Too many large compressed bodies are being worked on at the moment",
            "Send the request again after the seconds that Retry-After says",
        )


class Room:
    """Bytes that may be in memory, of all requests together."""

    def __init__(self, most: int) -> None:
        self._left = most
        self._lock = threading.Lock()

    def take(self, count: int) -> None:
        """Raises TooMuchUnpackedError."""
        with self._lock:
            if count > self._left:
                raise TooMuchUnpackedError
            self._left -= count

    def give_back(self, count: int) -> None:
        with self._lock:
            self._left += count


def make_room(app: Flask, largest: int) -> None:
    """Have the app count what is unpacked, until a request has ended. largest: bytes of a body."""
    room = app.extensions[EXTENSION] = Room(LARGE_BODIES * largest)
    app.teardown_request(lambda _: room.give_back(g.pop("unpacked", 0)))


def is_packed() -> bool:
    """Whether the request's body has to be unpacked."""
    return request.headers.get(HEADER, "").strip().lower() not in PLAIN


def refuse_packed_form() -> None:
    """Raise UnknownEncodingError for a form that is compressed, which no client sends."""
    if is_packed():
        raise UnknownEncodingError(f"{request.headers[HEADER]} of a form")


def unpack(packed: bytes) -> bytes:
    """What the request's body was before it was compressed.

    No more is unpacked than a body may have. Raises UnknownEncodingError, DamagedBodyError, TooLargeError,
    TooMuchUnpackedError.
    """
    encoding = request.headers.get(HEADER, "").strip()
    window = FORMATS.get(encoding.lower())
    if window is None:
        raise UnknownEncodingError(encoding)
    if window == zlib.MAX_WBITS and not _has_zlib_header(packed):
        window = -window  # what some take deflate for
    try:
        return _unpack(packed, encoding, zlib.decompressobj(window))
    except zlib.error as error:
        raise DamagedBodyError(encoding, "it cannot be unpacked") from error


def _unpack(packed: bytes, encoding: str, unpacker: "zlib._Decompress") -> bytes:
    parts = []
    for start in range(0, len(packed), STEP):
        rest = packed[start : start + STEP]
        while rest and not unpacker.eof:
            parts.append(unpacker.decompress(rest, STEP))
            _count(len(parts[-1]))
            rest = unpacker.unconsumed_tail
        if unpacker.eof and (unpacker.unused_data or start + STEP < len(packed)):
            raise DamagedBodyError(encoding, "something follows its end")
    parts.append(unpacker.flush())  # what did not fit into the last step
    _count(len(parts[-1]))
    if not unpacker.eof:
        raise DamagedBodyError(encoding, "its end is missing")
    return b"".join(parts)


def _count(size: int) -> None:
    most = request.max_content_length
    if most is not None and g.get("unpacked", 0) + size > most:
        raise TooLargeError(
            f"The body has more than {most} bytes when it is unpacked",
            "Send a smaller body, or raise MAX_BODY_BYTES",
        )
    current_app.extensions[EXTENSION].take(size)
    g.unpacked = g.get("unpacked", 0) + size


def _has_zlib_header(packed: bytes) -> bool:
    """RFC 1950: the method is deflate, and the first two bytes are a multiple of 31."""
    return packed[:1] != b"" and packed[0] & 0x0F == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0
