"""Who is let in, and as whom: HTTP Basic for people, bearer keys for programs.

Here alone it is decided, for what the app answers and for what `direct` does.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from fleet.accounts import NAME, USER_ROLES
from fleet.caller import ANONYMOUS, Caller
from fleet.errors import FleetError, ForbiddenError, InvalidRequestError, UnauthorizedError
from fleet.settings import ServiceSettings
from fleet.sibling import ON_BEHALF_OF
from fleet.web.roles import DeclaredRole
from fleet.web.verification import Verifier

READING_METHODS = ("GET", "HEAD", "OPTIONS")


class UnreadableCallerError(InvalidRequestError):
    """A sibling says on whose behalf it calls, but not as siblings do."""

    def __init__(self) -> None:
        super().__init__(
            f"The header {ON_BEHALF_OF} cannot be read", "Send name:role, the role being user or admin"
        )


class ForeignPageError(FleetError):
    """A page of another site has the reader's browser send this, who need not know of it."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "This request comes from a web page of another site",
            "Send it from a program, or from a page of this service such as /docs",
        )


class ForeignNameError(FleetError):
    """A page has made its own site's name stand for this machine, so that a browser takes the two for one."""

    status = 403

    def __init__(self) -> None:
        super().__init__(
            "The service is called by a name that it does not have while it asks nobody for credentials",
            "Call it by its IP address or as localhost; to give it a name, make users (extras/Exposing.md)",
        )


@dataclass(slots=True)  # frozen ones take three times as long to make
class Sender:
    """What a request says of who sends it.

    header: a header's value, by its name. host: that was called, with its port, as the outermost trusted
    proxy tells it. address: the client's, by which failures are counted. waits: called before a password is
    hashed; None where nobody may wait: what would take time is refused, and nothing is counted.
    """

    method: str
    header: Callable[[str], str | None]
    host: str
    request_id: str
    address: str | None = None
    waits: Callable[[], None] | None = None


class Access:
    """Lets requests in. asks: whether for credentials; otherwise everybody is the anonymous admin."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.asks = settings.asks_for_credentials
        self._verifier = Verifier(settings.users, settings.api_keys) if self.asks else None
        self._checks_names = settings.auth == "auto"  # nobody has said that whoever reaches it may use it

    def admit(self, sender: Sender, role: DeclaredRole | None) -> Caller | None:
        """Who sends it, if they may do what the role may; None where anyone may and nobody is asked.

        Raises ForeignPageError, ForeignNameError, UnauthorizedError, ForbiddenError, UnreadableCallerError,
        and what Verifier does.
        """
        if sender.method not in READING_METHODS:
            refuse_foreign_page(sender)
        if self._verifier is None:
            if self._checks_names and role != "anyone" and _is_foreign_name(sender.host):
                raise ForeignNameError
            return Caller(ANONYMOUS, "admin", sender.request_id)
        if role == "anyone":
            return None
        found = _caller(sender, self._verifier)
        if found is None:
            raise UnauthorizedError
        if (role or "admin") not in found.roles:
            raise ForbiddenError("admin")
        return found


def _caller(sender: Sender, verifier: Verifier) -> Caller | None:
    scheme, _, given = (sender.header("authorization") or "").partition(" ")
    if scheme.lower() == "basic":
        return _by_password(sender, verifier, *_name_and_password(given))
    return _by_key(sender, verifier, given.strip()) if scheme.lower() == "bearer" else None


def _by_password(sender: Sender, verifier: Verifier, name: str, password: str) -> Caller | None:
    if not name:
        return None  # nothing was sent: that is no failure
    if sender.waits is None:
        user = verifier.remembered(name, password)
    else:
        user = verifier.user(name, password, sender.address, waits=sender.waits)
    return Caller(user.name, user.role, sender.request_id) if user is not None else None


def _by_key(sender: Sender, verifier: Verifier, key: str) -> Caller | None:
    if not key:
        return None
    found = verifier.find_key(key) if sender.waits is None else verifier.key(key, sender.address)
    if found is None:
        return None
    if found.role == "sibling":
        return _on_behalf(sender) or Caller(found.name, "admin", sender.request_id)
    return Caller(found.name, found.role, sender.request_id)


def refuse_foreign_page(sender: Sender) -> None:
    """Raise ForeignPageError if another site's page sent the request.

    Any page that somebody reads can have their browser send a form to a service, with their password too. To
    addresses that they trust, HTTPS's and this machine's, browsers say where it comes from; to others its
    origin alone.
    """
    site, origin = sender.header("sec-fetch-site"), sender.header("origin")
    if site is not None:
        foreign = site not in ("none", "same-origin")
    else:
        foreign = origin is not None and origin.partition("://")[2] != sender.host
    if foreign:
        raise ForeignPageError


@lru_cache(maxsize=64)
def _is_foreign_name(name: str) -> bool:
    """Only names with a dot can be somebody else's: those of machines and containers at home have none."""
    host = urlsplit(f"//{name}").hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host.rstrip(".")
    return False


def _name_and_password(given: str) -> tuple[str, str]:
    """Both are UTF-8, or Latin-1, which requests and others still send."""
    try:
        sent = base64.b64decode(given)
    except ValueError:
        return "", ""
    try:
        name, colon, password = sent.decode().partition(":")
    except UnicodeDecodeError:
        name, colon, password = sent.decode("latin-1").partition(":")
    return (name, password) if colon else ("", "")


def _on_behalf(sender: Sender) -> Caller | None:
    given = sender.header(ON_BEHALF_OF.lower())
    if given is None:
        return None
    name, _, role = given.partition(":")
    if not NAME.fullmatch(name) or role not in USER_ROLES:
        raise UnreadableCallerError
    if name == ANONYMOUS:
        raise ForbiddenError(role)  # the sibling asks nobody: whoever that was, it is nobody we know
    return Caller(name, "admin" if role == "admin" else "user", sender.request_id)
