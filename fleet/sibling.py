"""The client that a service calls another service with."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fleet.caller import Caller
from fleet.errors import (
    BusyError,
    SiblingAwayError,
    SiblingFailedError,
    SiblingInDoubtError,
    SiblingRefusedError,
)
from fleet.idempotency import RequestRunningError
from fleet.transport import TRANSPORT_FAILURES, was_never_sent

ON_BEHALF_OF = "X-On-Behalf-Of"  # name:role of the caller; believed only with a sibling's key
CONNECT_TIMEOUT_S = 3.05
UNAUTHORIZED = 401
UNAVAILABLE = 503
OUT_OF_TIME = 504
NO_HEADERS: Mapping[str, Any] = MappingProxyType({})
RETRIES = Retry(total=2, connect=2, read=False, status=0, other=0, backoff_factor=0.2, allowed_methods=None)


@contextmanager
def busy_as_away() -> Iterator[None]:
    """Raise SiblingAwayError where a sibling has too much to do, or is at work on the very same request."""
    try:
        yield
    except SiblingRefusedError as error:
        if error.status == BusyError.status or error.code == RequestRunningError.code:
            raise SiblingAwayError(error.error, error.message) from error
        raise


class Sibling:
    """A service of the fleet, called by HTTP.

    name: as it is called in errors. url: of the service, path included. timeout_s: for an answer.
    key: the API key that it knows us by; empty if it asks for none.
    Only a connection that was not made is tried again: nothing was sent then, so repeating it is safe.
    """

    def __init__(self, name: str, url: str, *, timeout_s: float, key: str = "") -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._timeout = (CONNECT_TIMEOUT_S, timeout_s)
        self._session = requests.Session()
        self._key = key
        self._session.trust_env = False  # siblings are not behind the user's proxy, nor in their .netrc
        adapter = HTTPAdapter(max_retries=RETRIES)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def post(
        self, path: str, body: dict[str, Any], *, caller: Caller, headers: Mapping[str, str] = NO_HEADERS
    ) -> dict[str, Any]:
        """POST JSON on behalf of the caller, and return the answer's body. headers: beside its own.

        Raises SiblingFailedError if it is not reached or answers 5xx: SiblingAwayError if it is not reached,
        or answers 503, SiblingInDoubtError if it may have done what it was asked all the same.
        Raises SiblingRefusedError on 4xx.
        """
        return self._ask("POST", path, caller, headers, json=body)

    def get(self, path: str, *, caller: Caller, query: Mapping[str, Any] = NO_HEADERS) -> dict[str, Any]:
        """As `post`."""
        return self._ask("GET", path, caller, NO_HEADERS, params=dict(query))

    def delete(self, path: str, *, caller: Caller) -> dict[str, Any]:
        """As `post`."""
        return self._ask("DELETE", path, caller, NO_HEADERS)

    def _ask(
        self, method: str, path: str, caller: Caller, more: Mapping[str, str], **sent: Any
    ) -> dict[str, Any]:
        headers = {"X-Request-ID": caller.request_id, **more}
        if self._key:
            headers |= {
                "Authorization": f"Bearer {self._key}",
                ON_BEHALF_OF: f"{caller.name}:{caller.role}",
            }
        try:
            response = self._session.request(
                method, self._url + path, headers=headers, timeout=self._timeout, **sent
            )
        except TRANSPORT_FAILURES as error:
            if was_never_sent(error):
                raise SiblingAwayError(*self._told("cannot be reached")) from error
            timed_out = isinstance(error, requests.Timeout)
            what = "did not answer in time" if timed_out else "cannot be reached, or has broken off"
            raise SiblingInDoubtError(self._name, what) from error
        return self._body(response)

    def _body(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except requests.JSONDecodeError as error:
            raise self._failed(f"answered {response.status_code} without JSON") from error
        if response.status_code == OUT_OF_TIME:
            raise SiblingInDoubtError(self._name, f"answered {OUT_OF_TIME}")
        if response.status_code == UNAVAILABLE:
            raise SiblingAwayError(*self._told(f"answered {UNAVAILABLE}"))
        if response.status_code >= 500:
            raise self._failed(f"answered {response.status_code}")
        if response.status_code == UNAUTHORIZED:
            raise SiblingFailedError(
                f"The service {self._name} does not take this service's API key",
                f"Name in SIBLING_KEY_FILE a key that {self._name} knows as a sibling's",
            )
        if not isinstance(body, dict):
            raise self._failed("answered something that is not an object")
        if response.status_code >= 400:
            raise SiblingRefusedError(response.status_code, body)
        return body

    def _failed(self, what: str) -> SiblingFailedError:
        return SiblingFailedError(*self._told(what))

    def _told(self, what: str) -> tuple[str, str]:
        return (
            f"The service {self._name} {what}",
            f"Check that {self._name} is running, then send the request again",
        )
