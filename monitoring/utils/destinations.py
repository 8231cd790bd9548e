"""Which addresses a service may be sent to by people who are not to reach what lies beside it."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from fleet.errors import InvalidRequestError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

LONGEST_URL = 2048
PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
PLAIN = re.compile(r"[!-\[\]-~]+")  # ASCII that can be seen, less the backslash, which some read as a slash
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Global by IANA's registers, or by some versions of Python, and yet a cloud's own.
CLOUDS = tuple(map(ipaddress.ip_network, ("168.63.129.16/32", "192.0.0.0/24")))


class UnusableUrlError(InvalidRequestError):
    """The webhook's URL cannot be used, or leads to where webhooks may not."""

    def __init__(self, what: str, message: str = "Send http:// or https://, a host and a path") -> None:
        super().__init__(f"webhook.url: {what}", message)


@dataclass(frozen=True)
class Allowed:
    """What may be reached besides public addresses. hosts: names in small letters."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    def names(self, host: str, address: Address) -> bool:
        """Whether a setting says so."""
        plain = _unwrapped(address)
        return host in self.hosts or any(plain in network or address in network for network in self.networks)

    def has(self, host: str, address: Address) -> bool:
        """Whether this host may be reached at this address."""
        return is_public(address) or self.names(host, address)


@dataclass(frozen=True)
class Destination:
    """A URL, taken apart. host: small letters, without brackets. target: path and query."""

    is_encrypted: bool
    host: str
    port: int
    netloc: str
    target: str

    @property
    def origin(self) -> str:
        """What may be told of it: path and query are often a secret."""
        return f"{'https' if self.is_encrypted else 'http'}://{self.netloc}"

    def refused(self) -> UnusableUrlError:
        """The error of one that is not allowed; it does not tell what the name stands for."""
        return UnusableUrlError(
            f"'{self.host}' is not a public address",
            "Name a public one, or have whoever runs the fleet add the host to MONITORING_WEBHOOKS_ALLOWED",
        )


def parse_allowed(text: str) -> Allowed:
    """Hosts and networks, separated by commas. Raises ValueError."""
    hosts, networks = set(), []
    for each in filter(None, (part.strip().lower() for part in text.split(","))):
        try:
            networks.append(ipaddress.ip_network(each))
            continue
        except ValueError as error:
            if "/" in each or ":" in each or not HOST.fullmatch(each):
                raise ValueError(f"'{each}' is neither a host's name nor a network") from error
        hosts.add(each.rstrip("."))
    return Allowed(frozenset(hosts), tuple(networks))


def is_public(address: Address) -> bool:
    """Whether it belongs to the internet at large, and not to a network, a machine or a cloud."""
    plain = _unwrapped(address)
    if plain != address:
        return is_public(plain)
    return (
        address.is_global
        and not (address.is_multicast or address.is_reserved or getattr(address, "is_site_local", False))
        and not any(address in network for network in CLOUDS)
    )


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one leads to, if it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def check_url(url: str, allowed: Allowed | None = None) -> Destination:
    """Take a webhook's URL apart. Asks no DNS: what a name stands for is looked at when it is called.

    Raises UnusableUrlError.
    """
    if len(url) > LONGEST_URL:
        raise UnusableUrlError(f"it is longer than {LONGEST_URL} characters")
    if not PLAIN.fullmatch(url):
        raise UnusableUrlError(
            "it has characters that a URL cannot have", "Escape them as %XX; write a host's name in Punycode"
        )
    try:
        parts = urlsplit(url)
        destination = _taken_apart(parts)
    except ValueError as error:
        raise UnusableUrlError("it is not a URL") from error
    address = _literal(destination.host)
    if address is not None and not (allowed or Allowed()).has(destination.host, address):
        raise destination.refused()
    return destination


def _taken_apart(parts: SplitResult) -> Destination:
    if parts.scheme not in PORTS:
        raise UnusableUrlError("it does not begin with http:// or https://")
    if "@" in parts.netloc:
        raise UnusableUrlError("it holds a user or a password", "Leave them out; give the webhook a secret")
    host = (parts.hostname or "").rstrip(".")
    port = PORTS[parts.scheme] if parts.port is None else parts.port
    if not port or not (HOST.fullmatch(host) or ("%" not in host and ipaddress.IPv6Address(host))):
        raise UnusableUrlError("it names no host, or no port, that could be called")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Destination(parts.scheme == "https", host, port, parts.netloc, target)


def _literal(host: str) -> Address | None:
    """The address that is written out; also as C libraries read it: 127.1, 0x7f000001, 2130706433."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.ip_address(socket.inet_aton(host))
    except OSError:
        return None
