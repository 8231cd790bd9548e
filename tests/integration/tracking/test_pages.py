"""Experiments and runs a page at a time."""

from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from mlflow import MlflowClient

from fleet.paging import make_token
from tests.integration.tracking.conftest import EXPERIMENTS, RUNS

TOO_MANY_PAGES = 500
Get = Callable[..., Any]


@pytest.fixture
def get(client: FlaskClient) -> Get:
    """The body of a list that is there."""

    def read(path: str, **query: Any) -> Any:
        answer = client.get(path, query_string=query)
        assert answer.status_code == 200, answer.get_json()
        return answer.get_json()

    return read


@pytest.fixture
def experiment(mlflow_client: MlflowClient, name: str) -> str:
    """An experiment with five runs."""
    experiment_id: str = mlflow_client.create_experiment(name)
    for number in range(5):
        mlflow_client.create_run(experiment_id, start_time=1000 * (number + 1), run_name=f"run {number}")
    return experiment_id


def walk(get: Get, path: str, **query: Any) -> list[list[Any]]:
    """The pages of a list, from the first to the last."""
    pages: list[list[Any]] = []
    token: dict[str, str] = {}
    for _ in range(TOO_MANY_PAGES):
        page = get(path, **query, **token)
        pages.append(page["data"])
        if page["next_page_token"] is None:
            return pages
        token = {"page_token": page["next_page_token"]}
    raise AssertionError("the list has no end")


def test_without_arguments_the_whole_list_comes_as_it_always_did(get: Get, experiment: str) -> None:
    assert set(get(EXPERIMENTS)) == set(get(RUNS, experiment_id=experiment)) == {"message", "data"}
    assert len(get(RUNS, experiment_id=experiment)["data"]) == 5


def test_the_pages_of_runs_are_the_list(get: Get, experiment: str) -> None:
    pages = walk(get, RUNS, experiment_id=experiment, limit=2)
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [run["run_name"] for page in pages for run in page] == [f"run {n}" for n in (4, 3, 2, 1, 0)]
    assert [run for page in pages for run in page] == get(RUNS, experiment_id=experiment)["data"]


def test_the_pages_of_experiments_are_the_list_with_the_same_counts(get: Get, experiment: str) -> None:
    everything = get(EXPERIMENTS)["data"]
    pages = walk(get, EXPERIMENTS, limit=3)
    assert [row for page in pages for row in page] == everything
    assert [row["run_count"] for row in everything if row["experiment_id"] == experiment] == [5]


@pytest.mark.parametrize(
    "token",
    [
        "x",
        "é",
        make_token([1]),
        make_token(["experiments", "no token of MLflow's"]),
        make_token(["experiments", b64encode(b'{"offset": -5}').decode()]),  # that PostgreSQL refuses
    ],
)
def test_a_token_that_was_never_given_is_refused_by_name(client: FlaskClient, token: str) -> None:
    answer = client.get(EXPERIMENTS, query_string={"page_token": token})
    assert answer.status_code == 400
    assert "page_token" in answer.get_json()["error"]


def test_a_token_fits_the_list_that_gave_it_only(client: FlaskClient, get: Get, experiment: str) -> None:
    token = get(RUNS, experiment_id=experiment, limit=1)["next_page_token"]
    elsewhere = client.get(EXPERIMENTS, query_string={"page_token": token})
    another = client.get(RUNS, query_string={"experiment_id": "0", "page_token": token})
    assert (elsewhere.status_code, another.status_code) == (400, 400)


@pytest.mark.parametrize("limit", ["0", "501", "many"])
def test_a_limit_that_is_none_is_refused_by_name(client: FlaskClient, limit: str) -> None:
    answer = client.get(EXPERIMENTS, query_string={"limit": limit})
    assert answer.status_code == 400
    assert "limit" in answer.get_json()["error"]


def test_a_page_of_an_experiment_without_runs_is_not_found(
    client: FlaskClient, get: Get, name: str, mlflow_client: MlflowClient
) -> None:
    empty = mlflow_client.create_experiment(name)
    assert client.get(RUNS, query_string={"experiment_id": empty, "limit": 1}).status_code == 404
