"""HTTP to one service: credentials, errors, waiting while it is busy, and lists page by page."""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
from pydantic import BaseModel, ValidationError
from requests.auth import AuthBase, HTTPBasicAuth

from client.answers import Job
from client.errors import (
    BY_STATUS,
    BusyError,
    RefusedError,
    TimedOutError,
    UnexpectedAnswerError,
    UnreachableError,
)

CONNECT_TIMEOUT_S = 3.05
LONGEST_WAIT_S = 60.0  # for a busy service; who asks for more is not waited for
DEFAULT_WAIT_S = 5.0
PAGE_SIZE = 100  # entries of a list that are asked for at a time, 1 to 500
ACCEPTED, BUSY = 202, 429
REDIRECTIONS = range(300, 400)
KEY = re.compile(r"[!-~]+")

M = TypeVar("M", bound=BaseModel)
Auth = tuple[str, str]
"""A user's name and password."""


@dataclass(frozen=True)
class Options:
    """How every service is called; Fleet explains them."""

    auth: Auth | None = field(default=None, repr=False)
    api_key: str | None = field(default=None, repr=False)
    timeout_s: float = 120.0
    busy_retries: int = 0
    verify: bool | str = True
    trust_env: bool = False
    request_ids: Callable[[], str] = lambda: uuid.uuid4().hex


class Credentials(AuthBase):
    """What is sent with every request: a user's password, an API key, or nothing."""

    def __init__(self, auth: Auth | None, api_key: str | None) -> None:
        if auth and api_key:
            raise ValueError("Give either auth or api_key, not both")
        if api_key and not KEY.fullmatch(api_key):
            raise ValueError("The API key has characters that no key has: perhaps a space or a line break")
        # As UTF-8, which the services read; requests itself would send Latin-1.
        self._basic = HTTPBasicAuth(auth[0].encode(), auth[1].encode()) if auth else None
        self._key = api_key

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._key:
            request.headers["Authorization"] = f"Bearer {self._key}"
        return self._basic(request) if self._basic else request


class Connection:
    """A service at its URL, path included. Not for several threads at a time."""

    def __init__(self, url: str, options: Options) -> None:
        if "@" in urlsplit(url).netloc:
            raise ValueError("An address takes no credentials: give them as auth or api_key")
        self._url = url.rstrip("/")
        self._options = options
        self._session = requests.Session()
        self._session.auth = Credentials(options.auth, options.api_key)
        self._session.verify = options.verify
        self._session.trust_env = options.trust_env

    def close(self) -> None:
        """Ends the kept connections."""
        self._session.close()

    def get(self, model: type[M], path: str = "", /, **query: Any) -> M:
        """Reads. query: arguments; like fields of a body, those that are None are left out.

        Returns the answer, read by the model; raises CallError's kinds, as do the others.
        """
        return self._ask(model, "GET", path, params=_written(query))

    def post(
        self, model: type[M], path: str = "", /, *, idempotency_key: str | None = None, **body: Any
    ) -> M:
        """Has something done. body: its fields.

        idempotency_key: a call that is made again with the same key is done once, and answered the same.
        """
        return self._ask(model, "POST", path, key=idempotency_key, json=_given(body))

    def put(self, model: type[M], path: str = "", /, **body: Any) -> M:
        """Puts something in the place of what is there. body: its fields."""
        return self._ask(model, "PUT", path, json=_given(body))

    def begin(
        self, path: str, /, *, method: str = "POST", idempotency_key: str | None = None, **body: Any
    ) -> str:
        """Has something done as a job, as `post` does at once; returns the job's id."""
        asked = {"key": idempotency_key, "prefer": "respond-async"}
        answer, name = self._send_patiently(method, path, **asked, json=_given(body) or None)
        try:
            return Job.model_validate(answer.json()).id
        except ValidationError as error:
            raise UnexpectedAnswerError(
                f"{method} {self._url + path}",
                f"was answered {answer.status_code} without a job",
                "This fleet has no job for it: ask without wait=False",
                name,
            ) from error

    def delete(self, model: type[M], path: str = "", /, **query: Any) -> M:
        """Takes something away. query: as of `get`."""
        return self._ask(model, "DELETE", path, params=_written(query))

    def pages(self, model: type[M], path: str, /, page_size: int, **query: Any) -> Iterator[M]:
        """Every page of a list, each asked for when it is needed. model: has `next_page_token`."""
        page = self.get(model, path, limit=page_size, **query)
        yield page
        while token := getattr(page, "next_page_token", None):
            page = self.get(model, path, limit=page_size, page_token=token, **query)
            yield page

    def _ask(self, model: type[M], method: str, path: str, **sent: Any) -> M:
        answer, name = self._send_patiently(method, path, **sent)
        try:
            return model.model_validate(answer.json())
        except ValidationError as error:
            raise UnexpectedAnswerError(
                f"{method} {self._url + path}",
                f"was answered something that this client does not understand: {_first(error)}",
                "Use the client of the version that the fleet has",
                name,
            ) from error

    def _send_patiently(
        self, method: str, path: str, *, key: str | None = None, prefer: str | None = None, **sent: Any
    ) -> tuple[requests.Response, str]:
        """The answer, and what the call is named; waits while the service is busy, as often as it may."""
        name = self._options.request_ids()
        headers = {
            "Accept": "application/json",
            "X-Request-ID": name,
            "Idempotency-Key": key,
            "Prefer": prefer,
        }
        sent["headers"] = _given(headers)
        retries = self._options.busy_retries
        while True:
            try:
                return self._send(method, self._url + path, name, sent), name
            except BusyError as busy:
                if retries <= 0 or busy.retry_after_s > LONGEST_WAIT_S:
                    raise
                retries -= 1
                time.sleep(busy.retry_after_s)

    def _send(self, method: str, url: str, name: str, sent: Mapping[str, Any]) -> requests.Response:
        call = f"{method} {url}"
        try:
            answer = self._session.request(
                method,
                url,
                **sent,
                timeout=(CONNECT_TIMEOUT_S, self._options.timeout_s),
                allow_redirects=False,  # requests would make a GET of a redirected POST
            )
        except requests.ReadTimeout as error:
            late = f"was not answered within {self._options.timeout_s:g} s"
            advice = "What it asked for may still be done: look before you send it again"
            raise TimedOutError(call, late, advice, name) from error
        except requests.RequestException as error:
            away = f"was not answered: {type(error).__name__}"
            advice = "Check the address, and that the service is running"
            raise UnreachableError(call, away, advice, name) from error
        content = _object(answer, call, name)
        if not answer.ok:
            raise _refusal(call, answer, content, name)
        return answer


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}


def _written(query: Mapping[str, Any]) -> dict[str, Any]:
    """As the services read it: requests would write True."""
    return {name: str(value).lower() if isinstance(value, bool) else value for name, value in query.items()}


def _object(answer: requests.Response, call: str, name: str) -> dict[str, Any]:
    try:
        content = answer.json()
    except requests.JSONDecodeError:
        content = None
    if isinstance(content, dict) and answer.status_code not in REDIRECTIONS:
        return content
    raise UnexpectedAnswerError(
        call,
        f"was answered {answer.status_code} without a JSON object",
        "Check the address: no service of the fleet answers so",
        name,
    )


def _refusal(call: str, answer: requests.Response, content: dict[str, Any], name: str) -> RefusedError:
    status = answer.status_code
    if status == BUSY:
        return BusyError(call, status, content, name, _wait_s(answer))
    return BY_STATUS.get(status, RefusedError)(call, status, content, name)


def _wait_s(answer: requests.Response) -> float:
    told = answer.headers.get("Retry-After", "")
    return float(told) if told.isdecimal() else DEFAULT_WAIT_S


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(part) for part in first['loc'])}: {first['msg']}"
