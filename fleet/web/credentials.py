"""Has the app ask `access` about every request, and tells who sent the one at hand."""

from flask import Flask, current_app, g, request

from fleet.caller import Caller, Role
from fleet.errors import ForbiddenError
from fleet.settings import ServiceSettings
from fleet.web.access import Access, Sender, refuse_foreign_page
from fleet.web.lane import LEAVE_LANE, stay_in_lane
from fleet.web.roles import role_of

EXTENSION = "mlfleet-access"


def caller() -> Caller:
    """Who sent the request that is being answered."""
    found: Caller = g.caller
    return found


def require(role: Role) -> None:
    """Raise ForbiddenError unless the caller has the role: for what a route only does if it is asked to."""
    if role not in caller().roles:
        raise ForbiddenError(role)


def refuse_foreign_pages() -> None:
    """Raise ForeignPageError if another site's page sent the request: for a GET that changes something."""
    refuse_foreign_page(_sender())


def access_of(app: Flask) -> Access:
    """What decides who is let in."""
    found: Access = app.extensions[EXTENSION]
    return found


def ask_for_credentials(app: Flask, settings: ServiceSettings) -> None:
    """Check each request before it is answered, against the role that its route declares."""
    access = app.extensions[EXTENSION] = Access(settings)

    def admit() -> None:
        if request.endpoint is None:
            return  # there is no such route, and that is what will be said
        found = access.admit(_sender(), role_of(current_app, request.endpoint, request.method))
        if found is not None:
            g.caller = found

    app.before_request(admit)


def _sender() -> Sender:
    """Others have the thread while the request waits for a password's hash."""
    leave_lane = request.environ.get(LEAVE_LANE, stay_in_lane)
    return Sender(
        request.method, request.headers.get, request.host, g.request_id, request.remote_addr, leave_lane
    )
