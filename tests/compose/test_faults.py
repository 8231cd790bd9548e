"""Containers are killed, restarted, started too early and doubled, while clients go on calling.

No answer is wrong, nothing that was answered is lost, and all is ready again without help.
"""

import time
from typing import Any

import pytest
import requests

from tests.compose.callers import Caller, calling
from tests.compose.stack import CONTAINERS, WEB_SERVICES, ComposeStack
from tests.conftest import free_port

pytestmark = pytest.mark.e2e

SETS = {"training": 106, "testing": 36, "production": 36}
SEARCH = {
    "request_information": "optimization",
    "models": ["SVC"],
    "hyperparameters": {"SVC": {"C": [1, 2]}},
    "scoring": "accuracy",
    "cv": 3,
    "experiment_name": "under_fire",
}
WARM_UP_SECONDS = 1.5
PREDICTIONS = """
    SELECT deployment_id, dataset_id, count(*), count(DISTINCT sample_index), sum(class)
    FROM wine.predictions JOIN wine.samples USING (sample_index) GROUP BY 1, 2 ORDER BY 1, 2
"""


@pytest.fixture(scope="module")
def loaded(stack: ComposeStack) -> ComposeStack:
    """Three sets, and a trained model that has scored them; no live rows of the tests before."""
    stack.sql("DELETE FROM wine.samples WHERE sample_index >= 1000000000")  # db.tables.FIRST_LIVE_INDEX
    for name in SETS:
        assert stack.post("simulator", set_name=name).status_code == 200
    assert stack.post("ml_model", "/set_model", model_name="SVC").status_code == 200
    for name in SETS:
        assert stack.post("ml_model", dataset=name).status_code == 200
    return stack


def callers(stack: ComposeStack) -> dict[str, Caller]:
    """One for each service. What they ask for has the same answer every time."""
    return {
        "simulator": Caller(lambda: stack.post("simulator", set_name="training")),
        "ml_model": Caller(lambda: stack.post("ml_model", dataset="production")),
        "tracking": Caller(lambda: stack.post("tracking", "/model_management", **SEARCH)),
        "monitoring": Caller(lambda: stack.post("monitoring", metric="summary")),
        "fire_brigade": Caller(lambda: fire_brigade_health(stack)),
    }


def fire_brigade_health(stack: ComposeStack) -> requests.Response:
    credentials = ("user", stack.fire_brigade_password("user"))
    return requests.get(f"{stack.address('fire_brigade')}/health", auth=credentials, timeout=120)


def expected(stack: ComposeStack) -> dict[str, Any]:
    """What each service answers in quiet times, without what differs from call to call."""
    return {
        "simulator": {"message": "Load training set", "rows": 106},
        "ml_model": stack.post("ml_model", dataset="production").json(),
        "monitoring": stack.post("monitoring", metric="summary").json()["message"],
        "fire_brigade": fire_brigade_health(stack).json(),
    }


def check_answers(calls: dict[str, Caller], quiet: dict[str, Any], stack: ComposeStack) -> None:
    assert all(answer == quiet["simulator"] for answer in calls["simulator"].answers)
    assert all(answer == quiet["ml_model"] for answer in calls["ml_model"].answers)
    assert all(answer["message"] == quiet["monitoring"] for answer in calls["monitoring"].answers)
    assert all(answer == quiet["fire_brigade"] for answer in calls["fire_brigade"].answers)
    for name, caller in calls.items():
        assert caller.answers, f"{name} never answered"
        assert not caller.dishonest(), f"{name}: {caller.dishonest()[:3]}"
    results = {answer["result_id"] for answer in calls["monitoring"].answers}
    kept = stack.sql("SELECT id FROM monitoring_results").split()
    assert results <= {int(result) for result in kept}
    found = {answer["data"]["run_ids"]["SVC"] for answer in calls["tracking"].answers}
    finished = stack.sql("SELECT run_uuid FROM runs WHERE status = 'FINISHED'", "mlflow").split()
    assert found <= set(finished)


def check_rows(stack: ComposeStack) -> None:
    """Every set is whole, and every sample has one prediction of the live deployment."""
    assert stack.call("GET", "simulator").json()["sets"] == SETS
    for line in stack.sql(PREDICTIONS).splitlines():
        _, dataset, rows, samples, _ = line.split("|")
        assert rows == samples
        assert int(rows) in {0, list(SETS.values())[int(dataset) - 1]}


@pytest.mark.parametrize("container", CONTAINERS)
def test_a_container_that_dies_during_requests_comes_back_by_itself(
    loaded: ComposeStack, container: str
) -> None:
    quiet, calls = expected(loaded), callers(loaded)
    with calling(*calls.values()):
        time.sleep(WARM_UP_SECONDS)
        loaded.crash(container)
        time.sleep(WARM_UP_SECONDS)
        loaded.wait_until_ready("mlflow", "fire_brigade", *WEB_SERVICES)
        time.sleep(WARM_UP_SECONDS)
    if container != "mlflow":  # a search waits for it
        assert sum(caller.failures for caller in calls.values()) > 0, "nobody noticed"
    assert loaded.inspect(container)["RestartCount"] > 0
    assert loaded.post("ml_model", dataset="testing").status_code == 200
    check_answers(calls, quiet, loaded)
    check_rows(loaded)


def test_the_database_is_restarted_under_load(loaded: ComposeStack) -> None:
    quiet, calls = expected(loaded), callers(loaded)
    with calling(*calls.values()):
        for _ in range(2):
            time.sleep(WARM_UP_SECONDS)
            loaded.compose("restart", "db")
        loaded.wait_until_ready(*WEB_SERVICES)
        time.sleep(WARM_UP_SECONDS)
    assert sum(caller.failures for caller in calls.values()) > 0, "nobody noticed"
    assert loaded.post("ml_model", dataset="testing").status_code == 200
    check_answers(calls, quiet, loaded)
    check_rows(loaded)


def test_services_that_start_before_the_database_wait_for_it(loaded: ComposeStack) -> None:
    before = expected(loaded)
    loaded.compose("stop")
    for name in ("mlflow", "fire_brigade", *WEB_SERVICES):
        loaded.compose("up", "-d", "--no-deps", "--no-build", name)
    for name in WEB_SERVICES:
        _wait_until_it_says(loaded, name, 503, "database")
    loaded.compose("start", "db")
    loaded.wait_until_ready("mlflow", "fire_brigade", *WEB_SERVICES)
    assert expected(loaded) == before
    check_rows(loaded)


def _wait_until_it_says(stack: ComposeStack, service: str, status: int, word: str) -> None:
    deadline = time.monotonic() + 60
    said = "nothing"
    while time.monotonic() < deadline:
        try:
            answer = requests.get(f"{stack.address(service)}/health/ready", timeout=10)
        except requests.ConnectionError:  # its worker has not been born yet
            time.sleep(0.2)
            continue
        said = f"{answer.status_code} {answer.text}"
        if answer.status_code == status and word in answer.text:
            return
        time.sleep(0.2)
    raise AssertionError(f"{service} said {said}")


def test_two_replicas_of_ml_model_never_disagree_while_the_model_is_changed(loaded: ComposeStack) -> None:
    first, second = _neighbouring_ports()
    loaded.compose(
        *("up", "-d", "--no-deps", "--no-build", "--wait", "--scale", "ml_model=2", "ml_model"),
        ML_MODEL_PORT=f"{first}-{second}",
    )
    try:
        scores = _change_the_model_under_load(
            [f"http://127.0.0.1:{port}/root/ml" for port in (first, second)]
        )
        behind_one_name = loaded.post("monitoring", metric="summary", retrain=True)
        assert behind_one_name.status_code == 200, behind_one_name.text
    finally:
        loaded.compose("up", "-d", "--no-deps", "--no-build", "--wait", "--scale", "ml_model=1", "ml_model")
    assert len(scores) >= 4, "the model was not changed often enough to tell"
    assert all(len(of_deployment) == 1 for of_deployment in scores.values()), scores
    check_rows(loaded)


def _neighbouring_ports() -> tuple[int, int]:
    first = free_port()
    return first, first + 1


def _change_the_model_under_load(replicas: list[str]) -> dict[int, set[float]]:
    """Every score that was answered, by the deployment that the answer named."""
    asking = [
        Caller(lambda url=url: requests.post(url, json={"dataset": "testing"}, timeout=60))  # type: ignore[misc]
        for url in replicas
    ]
    changed = []
    with calling(*asking):
        for number, (name, hyperparameters) in enumerate(_models()):
            change, train = replicas[number % 2], replicas[1 - number % 2]
            body = {"model_name": name, "hyperparameters": hyperparameters}
            assert requests.post(f"{change}/set_model", json=body, timeout=60).status_code == 200
            trained = requests.post(train, json={"dataset": "training"}, timeout=60)
            assert trained.status_code == 200, trained.text
            changed.append(trained.json()["deployment_id"])
            _both_serve(replicas, changed[-1])
    for caller in asking:
        untrained = [body for status, body in caller.refusals if status != 409]
        assert not untrained, untrained[:3]
        assert not caller.broken
    scores: dict[int, set[float]] = {}
    for answer in (answer for caller in asking for answer in caller.answers):
        scores.setdefault(answer["deployment_id"], set()).add(answer["score"])
    return scores


def _models() -> list[tuple[str, dict[str, Any]]]:
    return [
        ("LogisticRegression", {"C": 0.001}),
        ("RandomForest", {"n_estimators": 3, "max_depth": 1}),
        ("SVC", {"C": 0.01}),
        ("LogisticRegression", {"C": 10}),
        ("SVC", {"kernel": "linear"}),
    ]


def _both_serve(replicas: list[str], deployment: int) -> None:
    for url in replicas:
        assert requests.get(url, timeout=60).json()["active"]["id"] == deployment
        scored = requests.post(url, json={"dataset": "testing"}, timeout=60).json()
        assert scored["deployment_id"] == deployment, scored
