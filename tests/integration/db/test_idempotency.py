"""Claims of keys, between connections and processes."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.pool import NullPool

from db.idempotency import AnswerStore
from fleet.idempotency import KeptAnswer, KeyedRequest, RequestRunningError

PROJECT = Path(__file__).parents[3]
REQUEST = KeyedRequest("ml_model", "model", "alice", "key-1")
ANSWER = KeptAnswer(b"digest", 201, {"b": 1, "a": [None, 1e16]})
CLAIM_AND_HANG = """
import sys, time
from tests.integration.db.test_idempotency import REQUEST, engine_of
from db.idempotency import AnswerStore
with AnswerStore(engine_of(sys.argv[1])).claim(REQUEST):
    print("claimed", flush=True)
    time.sleep(60)
"""


def engine_of(url: str) -> Engine:
    return create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")


@pytest.fixture
def engine(database_url: str) -> Engine:
    return engine_of(database_url)


@pytest.fixture
def store(engine: Engine) -> AnswerStore:
    return AnswerStore(engine)


@pytest.fixture
def replica(database_url: str) -> AnswerStore:
    """What another process has."""
    return AnswerStore(engine_of(database_url))


@pytest.fixture
def hanging(database_url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that works on the request, and goes on doing so."""
    command = [sys.executable, "-c", CLAIM_AND_HANG, database_url]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "claimed\n"
        yield process
        process.kill()


def test_an_answer_is_found_by_every_replica_as_it_was(store: AnswerStore, replica: AnswerStore) -> None:
    with store.claim(REQUEST) as claim:
        assert claim.found is None
        claim.keep(ANSWER)
    with replica.claim(REQUEST) as again, store.claim(REQUEST) as at_the_same_time:
        assert again.found == at_the_same_time.found == ANSWER
        assert list(again.found.body) == ["b", "a"]


@pytest.mark.parametrize("field", ["service", "route", "caller", "key"])
def test_a_key_is_told_apart_by_all_that_it_belongs_to(store: AnswerStore, field: str) -> None:
    with store.claim(REQUEST) as claim:
        claim.keep(ANSWER)
    with store.claim(KeyedRequest(**{**vars(REQUEST), field: "another"})) as other:
        assert other.found is None


def test_while_a_request_is_worked_on_its_key_is_claimed(store: AnswerStore, replica: AnswerStore) -> None:
    with store.claim(REQUEST), pytest.raises(RequestRunningError), replica.claim(REQUEST):
        pytest.fail("two work on the same request")
    with replica.claim(REQUEST) as claim:
        assert claim.found is None


def test_a_request_that_failed_leaves_its_key_free(store: AnswerStore, replica: AnswerStore) -> None:
    with pytest.raises(RuntimeError), store.claim(REQUEST):
        raise RuntimeError
    with replica.claim(REQUEST) as claim:
        assert claim.found is None


def test_a_process_that_is_killed_leaves_its_key_free(
    store: AnswerStore, hanging: subprocess.Popen[str]
) -> None:
    with pytest.raises(RequestRunningError), store.claim(REQUEST):
        pytest.fail("two work on the same request")
    hanging.kill()
    hanging.wait(10)
    with store.claim(REQUEST) as claim:
        assert claim.found is None


def test_after_a_day_an_answer_is_forgotten_and_the_key_may_be_used_again(
    store: AnswerStore, engine: Engine
) -> None:
    with store.claim(REQUEST) as claim:
        claim.keep(ANSWER)
    with engine.connect() as connection:
        connection.execute(
            text("UPDATE idempotent_answers SET kept_at = now() - interval '24 hours 1 second'")
        )
    newer = KeptAnswer(b"other", 200, {})
    with store.claim(REQUEST) as claim:
        assert claim.found is None
        claim.keep(newer)
    with store.claim(REQUEST) as claim:
        assert claim.found == newer
