"""What a request says before its body; what cannot be read, or is said twice, is refused.

granian leaves header values out that are not ASCII. A service that went on without them would do twice what
an Idempotency-Key forbids, or take a sibling's request for the sibling's own.
"""

import ipaddress
import re
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from granian.rsgi import Scope
from werkzeug.http import parse_list_header

from fleet.errors import FleetError, InvalidRequestError

Headers = dict[str, str]
"""By names in small letters."""

LONGEST_TARGET = 8192
MOST_ARGUMENTS = 100
SAID_ONCE = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "inference-header-content-length",
        "origin",
        "sec-fetch-site",
        "x-on-behalf-of",
        "x-request-id",
        "x-routing-key",
    }
)
HOST = re.compile(r"(?:\[([\d:.A-Fa-f]+)\]|([\w-]{1,63}(?:\.[\w-]{1,63})*)\.?)(?::(\d{0,5}))?", re.ASCII)
LONGEST_HOST = 253
CLIENT = re.compile(r"\[([\d:.A-Fa-f]+)\](?::\d{1,5})?|([\d.]+):\d{1,5}|([\d:.A-Fa-f]+)", re.ASCII)
PREFIX = re.compile(r"[\w.~!$&'()*+,;=:@%/-]*", re.ASCII)
UNPRINTABLE = re.compile("[\x00-\x1f\x7f\ufffd]")  # granian reads what is not UTF-8 as the last of them
BROKEN_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class MalformedRequestError(InvalidRequestError):
    """The address or a header cannot be what it should be."""


class LongTargetError(FleetError):
    """The address is longer than any that a service has."""

    status = 414

    def __init__(self) -> None:
        super().__init__(
            f"The address has more than {LONGEST_TARGET} characters", "Send what is so long in a body"
        )


def read_headers(scope: Scope, proxies: int) -> Headers:
    """The headers of a request whose address and headers are well-formed.

    proxies: that many stand in front, and the headers by which they tell of the client are believed.
    Raises MalformedRequestError, LongTargetError.
    """
    _check_target(scope)
    given = scope.headers
    items = given.items()
    headers = dict(items)
    if len(headers) != len(names := given.keys()):
        raise MalformedRequestError(
            f"The header {_shown(set(names) - headers.keys())} holds characters that are not ASCII",
            "Send header values in visible ASCII characters and spaces",
        )
    if len(headers) != len(items):
        _check_repeated([name for name, _ in items])
        headers = _joined(items)
    _check_host(scope, headers.get("host"))
    if proxies:
        _check_forwarded(headers, proxies)
    return headers


def check_escapes(what: str, text: str) -> None:
    """Raise MalformedRequestError unless every % stands for a byte, and the bytes are UTF-8."""
    if "%" not in text:
        return
    if BROKEN_ESCAPE.search(text):
        raise MalformedRequestError(f"{what} has a % without two hexadecimal digits", "Write % itself as %25")
    try:
        unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise MalformedRequestError(f"{what} is not UTF-8", "Encode text as UTF-8") from error


def client_of(scope: Scope, headers: Headers, proxies: int) -> str:
    """The address that a request comes from; of a proxy's client, what the proxy says."""
    forwarded = _told("x-forwarded-for", headers, proxies) if proxies else None
    return forwarded or scope.client.rpartition(":")[0]


def host_of(headers: Headers, proxies: int) -> str:
    """The host that was called, with its port; empty if HTTP/1.0 does not say. proxies: as for client_of."""
    forwarded = _told("x-forwarded-host", headers, proxies) if proxies else None
    return forwarded or headers.get("host", "")


def _check_target(scope: Scope) -> None:
    path, query = scope.path, scope.query_string
    if len(path) + len(query) > LONGEST_TARGET:
        raise LongTargetError
    if not scope.method.isupper():
        raise MalformedRequestError("The method is not in capital letters", "Send GET, POST or another one")
    if not path.startswith("/"):
        raise MalformedRequestError(
            "The request has no path that begins with /", "Send the path of a route, such as /health/live"
        )
    if UNPRINTABLE.search(path):
        raise MalformedRequestError(
            "The path holds control characters, or is not UTF-8", "Send the path of a route, in UTF-8"
        )
    if query:
        _check_query(query)


def _check_query(query: str) -> None:
    if query.count("&") >= MOST_ARGUMENTS:
        raise MalformedRequestError(
            f"There are more than {MOST_ARGUMENTS} query arguments", "Give each argument of the route once"
        )
    check_escapes("The query", query)


def _check_repeated(names: list[str]) -> None:
    repeated = {name for name in SAID_ONCE.intersection(names) if names.count(name) > 1}
    if repeated:
        raise MalformedRequestError(
            f"The header {_shown(repeated)} is sent more than once", "Send it once, or not at all"
        )


def _check_host(scope: Scope, host: str | None) -> None:
    """HTTP/1.1 requires it; a whole address in the request's first line must be of the same host."""
    if host is None:
        wrong = scope.http_version == "1.1"
    else:
        wrong = not is_host(host) or scope.authority not in (None, host)
    if wrong:
        raise MalformedRequestError(
            "The header Host is missing, or is no host that the request could be sent to",
            "Send the service's name or address, with its port: Host: 127.0.0.1:5001",
        )


@lru_cache(maxsize=256)
def is_host(text: str) -> bool:
    """Whether it is a name or an address, with or without a port."""
    found = HOST.fullmatch(text)
    if found is None or len(text) > LONGEST_HOST:
        return False
    address, _, port = found.groups()
    return int(port or 0) < 2**16 and (address is None or _is_address(address))


def _check_forwarded(headers: Headers, proxies: int) -> None:
    checks: dict[str, Callable[[str], object]] = {
        "x-forwarded-for": _is_client,
        "x-forwarded-host": is_host,
        "x-forwarded-proto": ("http", "https").__contains__,
        "x-forwarded-prefix": PREFIX.fullmatch,
    }
    for name, check in checks.items():
        told = _told(name, headers, proxies)
        # A quotation mark that is not closed makes werkzeug drop the whole list.
        if (told is not None and not check(told)) or '"' in headers.get(name, ""):
            raise MalformedRequestError(
                f"The header {name.title()} cannot be read",
                "Have the proxy set it anew, as extras/Exposing.md shows",
            )


def _joined(items: list[tuple[str, str]]) -> Headers:
    """Headers that were sent several times are lists that go on."""
    joined: Headers = {}
    for name, value in items:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _told(name: str, headers: Headers, proxies: int) -> str | None:
    """What the outermost of the proxies said, as werkzeug's ProxyFix finds it."""
    values = parse_list_header(headers.get(name, ""))
    return values[-proxies] if len(values) >= proxies else None


def _is_client(text: str) -> bool:
    """An address, with or without a port; proxies that tell nobody whose it is say `unknown`."""
    found = CLIENT.fullmatch(text)
    return text == "unknown" or (found is not None and any(map(_is_address, filter(None, found.groups()))))


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _shown(names: set[str]) -> str:
    return ", ".join(sorted(name.title() for name in names))
