"""Bodies that come slowly, and the memory that they hold."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from fleet.web.body import LEAST_RATE, Body, BodyReader, SlowBodyError
from fleet.web.body_memory import LARGE_BODIES, SMALL, SMALL_BODIES, BodyMemory, Held, TooManyBytesError

STALL_S = 0.1
LIMIT = 2**20


async def chunks(size: int, pause_s: float, count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size
        await asyncio.sleep(pause_s)


async def read(size: int, pause_s: float, count: int) -> Body:
    reader = BodyReader(limit=LIMIT, seconds=30, stall_s=STALL_S)
    body = Body()
    headers = {"content-length": str(size * count)}
    reader.open(headers, cast(Any, chunks(size, pause_s, count)), body)
    await reader.read_rest(body, "192.0.2.1")
    return body


def test_a_body_that_keeps_coming_is_read_whole_however_long_it_takes() -> None:
    each = int(LEAST_RATE * STALL_S) + 1
    body = asyncio.run(read(each, STALL_S / 2, 8))
    assert (body.complete, body.size) == (True, 8 * each)


@pytest.mark.parametrize(("size", "pause_s"), [(500_000, 60), (1, STALL_S / 20)])
def test_a_body_that_stands_still_or_drips_is_given_up(size: int, pause_s: float) -> None:
    with pytest.raises(SlowBodyError) as caught:
        asyncio.run(asyncio.wait_for(read(size, pause_s, 2 if size > 1 else 1000), 5))
    assert caught.value.status == 408


def test_no_client_has_all_of_the_memory() -> None:
    memory = BodyMemory(LIMIT)
    for _ in range(LARGE_BODIES - 1):
        Held(memory, "192.0.2.1").grow(LIMIT)
    with pytest.raises(TooManyBytesError):
        Held(memory, "192.0.2.1").grow(LIMIT)
    other = Held(memory, "192.0.2.2")
    other.grow(LIMIT)
    with pytest.raises(TooManyBytesError):
        Held(memory, "192.0.2.3").grow(LIMIT)
    Held(memory, "192.0.2.1").grow(SMALL)
    other.release()
    Held(memory, "192.0.2.3").grow(LIMIT)


def test_small_bodies_have_memory_of_their_own_which_no_client_has_all_of() -> None:
    memory = BodyMemory(LIMIT)
    held = [Held(memory, "2001:db8::1") for _ in range(SMALL_BODIES // 2)]
    for each in held:
        each.grow(SMALL)
    with pytest.raises(TooManyBytesError):
        Held(memory, "2001:db8::2").grow(1)  # of the same network
    Held(memory, "192.0.2.1").grow(SMALL)
    held[0].grow(SMALL + 1)  # is a large one now
    Held(memory, "2001:db8::2").grow(SMALL)


def test_what_was_held_is_given_back_whole() -> None:
    memory = BodyMemory(LIMIT)
    before = {name: dict(value) for name, value in vars(memory).items()}
    held = Held(memory, "192.0.2.1")
    for size in (1, SMALL, SMALL + 1, LIMIT):
        held.grow(size)
    held.release()
    held.release()
    assert vars(memory) == before
