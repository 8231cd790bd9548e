"""The client that a service calls another service with."""

from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from fleet.errors import SiblingFailedError, SiblingRefusedError

CONNECT_TIMEOUT_S = 3.05
RETRIES = Retry(total=2, connect=2, read=False, status=0, other=0, backoff_factor=0.2, allowed_methods=None)


class Sibling:
    """A service of the fleet, called by HTTP.

    name: as it is called in errors. url: of the service, path included. timeout_s: for an answer.
    Only a connection that was not made is tried again: nothing was sent then, so repeating it is safe.
    """

    def __init__(self, name: str, url: str, *, timeout_s: float) -> None:
        self._name = name
        self._url = url.rstrip("/")
        self._timeout = (CONNECT_TIMEOUT_S, timeout_s)
        self._session = requests.Session()
        self._session.trust_env = False  # siblings are not behind the user's proxy, nor in their .netrc
        adapter = HTTPAdapter(max_retries=RETRIES)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def post(self, path: str, body: dict[str, Any], *, request_id: str | None = None) -> dict[str, Any]:
        """POST JSON and return the answer's body.

        Raises SiblingFailedError if it is not reached or answers 5xx, SiblingRefusedError on 4xx.
        """
        headers = {"X-Request-ID": request_id} if request_id else {}
        try:
            response = self._session.post(self._url + path, json=body, headers=headers, timeout=self._timeout)
        except requests.Timeout as error:
            raise self._failed("did not answer in time") from error
        except requests.RequestException as error:
            raise self._failed("cannot be reached") from error
        return self._body(response)

    def _body(self, response: requests.Response) -> dict[str, Any]:
        try:
            body = response.json()
        except requests.JSONDecodeError as error:
            raise self._failed(f"answered {response.status_code} without JSON") from error
        if response.status_code >= 500:
            raise self._failed(f"answered {response.status_code}")
        if not isinstance(body, dict):
            raise self._failed("answered something that is not an object")
        if response.status_code >= 400:
            raise SiblingRefusedError(response.status_code, body)
        return body

    def _failed(self, what: str) -> SiblingFailedError:
        return SiblingFailedError(
            f"The service {self._name} {what}",
            f"Check that {self._name} is running, then send the request again",
        )
