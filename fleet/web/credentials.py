"""Lets a request in, or not: HTTP Basic for people, bearer keys for programs."""

import base64
from collections.abc import Callable
from functools import lru_cache, partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import Flask, current_app, g, request
from flask_httpauth import HTTPBasicAuth, HTTPTokenAuth, MultiAuth

from fleet.accounts import NAME, USER_ROLES
from fleet.caller import ANONYMOUS, Caller, Role
from fleet.errors import FleetError, ForbiddenError, InvalidRequestError, UnauthorizedError
from fleet.settings import ServiceSettings
from fleet.sibling import ON_BEHALF_OF
from fleet.web.lane import LEAVE_LANE, stay_in_lane
from fleet.web.roles import DeclaredRole, role_of
from fleet.web.verification import Verifier

QUICK = "mlfleet-quick-caller"
EXTENSION = "credentials"  # whether the app asks for them
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


def caller() -> Caller:
    """Who sent the request that is being answered."""
    found: Caller = g.caller
    return found


def require(role: Role) -> None:
    """Raise ForbiddenError unless the caller has the role: for what a route only does if it is asked to."""
    if role not in caller().roles:
        raise ForbiddenError(role)


QuickCaller = Callable[[Callable[[str], str | None]], str | None]


def quick_caller(app: Flask) -> QuickCaller:
    """Tells from a request's headers who may do what takes the role `user`, where that takes no time.

    None is no refusal: the request is to go the ordinary way, which finds out. Nothing is counted here.
    """
    found: QuickCaller = app.extensions[QUICK]
    return found


def refuse_foreign_pages() -> None:
    """Raise ForeignPageError if another site's page sent the request: for a GET that changes something."""
    if _from_foreign_page():
        raise ForeignPageError


def ask_for_credentials(app: Flask, settings: ServiceSettings) -> None:
    """Check each request before it is answered, against the role that its route declares.

    Where the settings say that nobody needs credentials, everybody is the anonymous admin.
    """
    door = _Door(Verifier(settings.users, settings.api_keys)) if settings.asks_for_credentials else None
    guessed = settings.auth == "auto"  # nobody has said that whoever reaches the service may use it

    def admit() -> None:
        if request.endpoint is None:
            return  # there is no such route, and that is what will be said
        if request.method not in READING_METHODS:
            refuse_foreign_pages()
        role = role_of(current_app, request.endpoint, request.method)
        if door is None:
            if guessed and role != "anyone" and _is_foreign_name(request.host):
                raise ForeignNameError
            g.caller = Caller(ANONYMOUS, "admin", g.request_id)
        elif role != "anyone":
            door.admit(role)

    app.extensions[QUICK] = partial(
        _known_caller, door, checks_names=guessed or bool(settings.trusted_proxies)
    )
    app.extensions[EXTENSION] = settings.asks_for_credentials
    app.before_request(admit)


def _known_caller(
    door: "_Door | None", header: Callable[[str], str | None], *, checks_names: bool
) -> str | None:
    if header("sec-fetch-site") or header("origin"):
        return None
    if door is not None:
        return door.known(header("authorization") or "")
    return None if checks_names and _is_foreign_name(header("host") or "") else ANONYMOUS


def _from_foreign_page() -> bool:
    """Any page that somebody reads can have their browser send a form to a service, with their password too.

    To addresses that they trust, HTTPS's and this machine's, browsers say where it comes from; to others its
    origin alone.
    """
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None:
        return site not in ("none", "same-origin")
    return origin is not None and origin.partition("://")[2] != request.host


@lru_cache(maxsize=64)
def _is_foreign_name(name: str) -> bool:
    """Only names with a dot can be somebody else's: those of machines and containers at home have none."""
    host = urlsplit(f"//{name}").hostname or ""
    try:
        ip_address(host)
    except ValueError:
        return "." in host.rstrip(".")
    return False


class _Door:
    """Flask-HTTPAuth with our accounts."""

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        basic, bearer = HTTPBasicAuth(realm="mlfleet"), HTTPTokenAuth("Bearer", realm="mlfleet")
        basic.verify_password(self._by_password)
        bearer.verify_token(self._by_key)
        for each in (basic, bearer):
            each.get_user_roles(lambda found: found.roles)
            each.error_handler(_refuse)
        self._auth = MultiAuth(basic, bearer)

    def admit(self, role: DeclaredRole | None) -> None:
        """Let the caller in who may do what the role may; raises UnauthorizedError, ForbiddenError."""
        self._auth.login_required(role=role or "admin")(lambda: None)()
        g.caller = self._auth.current_user()

    def known(self, authorization: str) -> str | None:
        """Whose the header is, if that is a key's or was found out lately."""
        scheme, _, given = authorization.partition(" ")
        if scheme.lower() == "bearer":
            key = self._verifier.find_key(given)
            return key.name if key is not None and key.role != "sibling" else None
        user = self._verifier.remembered(*_name_and_password(given)) if scheme.lower() == "basic" else None
        return user.name if user is not None else None

    def _by_password(self, name: str, password: str) -> Caller | None:
        if not name:
            return None  # nothing was sent: that is no failure
        leave_lane = request.environ.get(
            LEAVE_LANE, stay_in_lane
        )  # others have the thread while this one waits
        user = self._verifier.user(name, password, request.remote_addr, waits=leave_lane)
        return Caller(user.name, user.role, g.request_id) if user is not None else None

    def _by_key(self, key: str) -> Caller | None:
        found = self._verifier.key(key, request.remote_addr) if key else None
        if found is None:
            return None
        if found.role == "sibling":
            return _on_behalf() or Caller(found.name, "admin", g.request_id)
        return Caller(found.name, found.role, g.request_id)


def _name_and_password(given: str) -> tuple[str, str]:
    try:
        name, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return name, password


def _on_behalf() -> Caller | None:
    given = request.headers.get(ON_BEHALF_OF)
    if given is None:
        return None
    name, _, role = given.partition(":")
    if not NAME.fullmatch(name) or role not in USER_ROLES:
        raise UnreadableCallerError
    if name == ANONYMOUS:
        raise ForbiddenError(role)  # the sibling asks nobody: whoever that was, it is nobody we know
    return Caller(name, "admin" if role == "admin" else "user", g.request_id)


def _refuse(status: int) -> None:
    raise ForbiddenError("admin") if status == ForbiddenError.status else UnauthorizedError
