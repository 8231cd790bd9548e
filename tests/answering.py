"""Answers to the client, without a network."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

Answer = tuple[int, Any] | tuple[int, Any, dict[str, str]]
"""Status, body (text as it is, anything else as JSON), and headers."""


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[requests.PreparedRequest], Answer]) -> None:
    """Has every request of this test answered by the function."""

    def send(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *_: Any, **options: Any
    ) -> requests.Response:
        status, body, *more = answer(request)
        response = requests.Response()
        response.status_code, response.request, response.url = status, request, str(request.url)
        response._content = (body if isinstance(body, str) else json.dumps(body)).encode()  # noqa: SLF001
        response.headers.update(more[0] if more else {})
        return response

    monkeypatch.setattr(HTTPAdapter, "send", send)
