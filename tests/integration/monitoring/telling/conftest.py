"""Receivers of webhooks, and a DNS that lies."""

import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.integration.monitoring.telling.receiver import Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as started:
        yield started


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """`dns("a.example", ["1.1.1.1"], ["127.0.0.1"])`: answers one after the other, the last one for good.

    Returns the names that are asked for, a list that grows.
    """
    real = socket.getaddrinfo

    def set_up(name: str, *answers: list[str]) -> list[str]:
        asked: list[str] = []

        def lie(host: str, port: int, *arguments: Any, **named: Any) -> list[Any]:
            if host != name:
                return real(host, port, *arguments, **named)
            asked.append(host)
            addresses = answers[min(len(asked), len(answers)) - 1]
            return [found for each in addresses for found in real(each, port, *arguments, **named)]

        monkeypatch.setattr(socket, "getaddrinfo", lie)
        return asked

    return set_up
