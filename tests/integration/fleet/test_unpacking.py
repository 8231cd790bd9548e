"""Bodies that come compressed, as some clients send them, and bombs."""

import gzip
import json
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from fleet.web.unpacking import EXTENSION
from tests.accounts import API_KEYS, KEYS, bearer
from tests.teapot import create_app

PATH = "/root/teapot"
LIMIT = 1_000_000
BODY = b'{"seconds": 0}'
LARGE = BODY + b" " * (LIMIT - len(BODY))


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    monkeypatch.setenv("TEAPOT_PORT", "1")
    monkeypatch.setenv("TEAPOT_MAX_BODY_BYTES", str(LIMIT))
    return create_app().test_client()


def send(client: FlaskClient, data: bytes, encoding: str, **more: Any) -> Any:
    headers = {"Content-Encoding": encoding, **more.pop("headers", {})}
    return client.post(PATH, data=data, headers=headers, **{"content_type": "application/json", **more})


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("GZIP", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", raw_deflate),
        ("identity", bytes),
        ("", bytes),
    ],
)
@pytest.mark.parametrize("body", [BODY, LARGE])
def test_a_compressed_body_is_taken_as_what_it_holds(
    client: FlaskClient, encoding: str, pack: Callable[[bytes], bytes], body: bytes
) -> None:
    answer = send(client, pack(body), encoding)
    assert (answer.status_code, answer.get_json()) == (200, {"brewed": 0})


def test_what_does_not_get_smaller_is_taken_too(client: FlaskClient) -> None:
    body = json.dumps({"tea": "".join(str(number) for number in range(150_000))}).encode()
    answer = send(client, gzip.compress(body, compresslevel=0), "gzip")
    assert (answer.status_code, "'tea'" in answer.get_json()["error"]) == (400, True)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip", "compress", "x" * 1000])
def test_another_encoding_is_415_and_those_that_are_taken_are_named(
    client: FlaskClient, encoding: str
) -> None:
    answer = send(client, gzip.compress(BODY), encoding)
    assert answer.status_code == 415
    told = answer.get_json()
    assert "Content-Encoding" in told["error"]
    assert len(told["error"]) < 200
    assert "gzip" in told["message"]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
@pytest.mark.parametrize(
    "damage",
    [
        lambda _: BODY,
        lambda packed: packed[:-1],
        lambda packed: packed[: len(packed) // 2],
        lambda packed: packed + b"x",
        lambda packed: packed + packed,
        lambda packed: packed + b"\0" * 600_000,
        lambda packed: b"\x1f",
        lambda packed: packed[:-6] + bytes(6),
    ],
)
def test_a_damaged_body_is_refused_in_words(client: FlaskClient, encoding: str, damage: Any) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    answer = send(client, damage(pack(BODY)), encoding)
    assert answer.status_code == 400, answer.get_json()
    assert encoding in answer.get_json()["error"]


def test_a_bomb_is_refused_without_being_unpacked(client: FlaskClient) -> None:
    bombs = [gzip.compress(bytes(300 * LIMIT), 9), gzip.compress(LARGE + b" ")]
    for bomb in bombs:
        assert len(bomb) < LIMIT
        tracemalloc.start()
        answer = send(client, bomb, "gzip")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert (answer.status_code, str(LIMIT) in answer.get_json()["error"]) == (413, True)
        assert peak < 5 * LIMIT


def test_what_was_unpacked_counts_until_the_request_has_ended(client: FlaskClient) -> None:
    room = client.application.extensions[EXTENSION]
    for _ in range(5):
        assert send(client, gzip.compress(LARGE), "gzip").status_code == 200
        assert send(client, gzip.compress(LARGE)[:-1], "gzip").status_code == 400
    room.take(2 * LIMIT + 1)
    answer = send(client, gzip.compress(LARGE), "gzip")
    assert (answer.status_code, "Retry-After" in answer.headers) == (429, True)
    assert send(client, gzip.compress(BODY), "gzip").status_code == 200
    room.give_back(2 * LIMIT + 1)
    room.take(3 * LIMIT)  # all of it is there again


def test_nothing_is_unpacked_of_callers_who_are_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    accounts = "\n".join(f"{each.name}:{each.role}:{each.digest}" for each in API_KEYS)
    monkeypatch.setenv("TEAPOT_PORT", "1")
    monkeypatch.setenv("TEAPOT_API_KEYS", accounts)
    client = create_app().test_client()
    assert send(client, b"no gzip", "gzip").status_code == 401
    assert send(client, b"no gzip", "gzip", headers=bearer(KEYS["robot"])).status_code == 400
    assert send(client, gzip.compress(BODY), "gzip", headers=bearer(KEYS["robot"])).status_code == 200
