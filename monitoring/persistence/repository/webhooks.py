"""Posts to addresses that people have given, and to no others.

Python's own HTTP client, because it does one thing: a library would follow redirects, ask proxies and .netrc,
and write the URL, which often is a secret, into its log.
"""

import http.client
import ipaddress
import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from threading import Timer

from fleet.errors import AwayError
from monitoring.utils.destinations import Allowed, Destination, check_url

CONNECT_S, TOTAL_S = 5.0, 20.0


class WebhookAwayError(AwayError):
    """Who is to be told by a webhook does not answer, or cannot at the moment; it is tried again."""

    def __init__(self, origin: str, what: str) -> None:
        super().__init__(f"The webhook at {origin} {what}", "It is tried again for an hour")


class Webhooks:
    """The network, as far as webhooks may use it. total_s: for one of them, after the connection is made."""

    def __init__(self, allowed: Allowed, *, connect_s: float = CONNECT_S, total_s: float = TOTAL_S) -> None:
        self._allowed = allowed
        self._connect_s = connect_s
        self._total_s = total_s

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> tuple[str, int]:
        """Post once, and follow nothing. Where it went, without path, and the status; the rest is not read.

        Raises UnusableUrlError if that is no place to go, WebhookAwayError if there was no answer.
        """
        destination = check_url(url, self._allowed)
        try:
            with self._connection(destination) as connection:
                sent = {**headers, "Host": destination.netloc, "Connection": "close"}
                connection.request("POST", destination.target, body, sent)
                return destination.origin, connection.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            # Not chained: what libraries say may hold the URL.
            raise WebhookAwayError(destination.origin, _in_words(error)) from None

    @contextmanager
    def _connection(self, destination: Destination) -> Iterator[http.client.HTTPConnection]:
        with closing(self._connected(destination)) as plain, _ended_after(plain, self._total_s):
            self._refuse_this_machine(destination, plain)
            plain.settimeout(self._total_s / 2)
            connection = http.client.HTTPConnection(destination.host, destination.port)
            connection.sock = plain
            if destination.is_encrypted:
                context = ssl.create_default_context()
                connection.sock = context.wrap_socket(plain, server_hostname=destination.host)
            with closing(connection):
                yield connection

    def _connected(self, destination: Destination) -> socket.socket:
        """A connection to an address that was looked at: the name is not asked for again."""
        until = time.monotonic() + self._total_s
        found = socket.getaddrinfo(destination.host, destination.port, type=socket.SOCK_STREAM)
        allowed = [each for each in found if self._may_be_reached(destination, each[4])]
        if not allowed:
            raise destination.refused()
        failure = OSError("no address")
        for family, kind, protocol, _, address in allowed:
            connection = socket.socket(family, kind, protocol)
            try:
                connection.settimeout(max(min(self._connect_s, until - time.monotonic()), 0.001))
                connection.connect(address)
            except OSError as error:
                connection.close()
                failure = error
            else:
                return connection
        raise failure

    def _may_be_reached(self, destination: Destination, address: tuple[object, ...]) -> bool:
        return self._allowed.has(destination.host, ipaddress.ip_address(str(address[0])))

    def _refuse_this_machine(self, destination: Destination, connection: socket.socket) -> None:
        """Its public address is one of the fleet's too. Nothing has been sent yet."""
        here, there = connection.getsockname()[0], connection.getpeername()[0]
        if here == there and not self._allowed.names(destination.host, ipaddress.ip_address(there)):
            raise destination.refused()


@contextmanager
def _ended_after(connection: socket.socket, seconds: float) -> Iterator[None]:
    """Break it off after so long: who sends a byte a second never runs into a socket's timeout."""
    # TLS takes the socket itself away; a second one of the same connection stays.
    with closing(connection.dup()) as same:
        timer = Timer(seconds, _break_off, [same])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()


def _break_off(connection: socket.socket) -> None:
    with suppress(OSError):  # it has ended by itself
        connection.shutdown(socket.SHUT_RDWR)


def _in_words(error: Exception) -> str:
    if isinstance(error, socket.gaierror):
        return "has a name that cannot be resolved"
    if isinstance(error, TimeoutError):
        return "did not answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "has no certificate that can be trusted"
    return "cannot be reached, or has broken off"
