"""Every route of every service, without credentials, with the wrong role and with the right one."""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr

from fleet.web.roles import role_of
from monitoring.service.engine import Engine
from tests.accounts import API_KEYS, KEYS, USERS, basic, bearer
from tests.architecture.project import services, settings_of

NOWHERE = SecretStr("postgresql+psycopg2://nobody@127.0.0.1:1/none")

# What everybody may do who has credentials of any role, and what takes an admin's. A route that is not
# written down here has not been thought about.
OPEN = {"/health/live", "/health/ready"}
ALSO_OPEN = {"/ping", "/v2/health/live", "/v2/health/ready"}  # ml_model's, as protocols of others have them
OPEN_TOO = {"/health"}  # the fire brigade's own
FOR_USERS = {
    ("GET", "/root/ml/deployments"),
    ("GET", "/root/ml/deployments/<int:deployment_id>"),
    ("GET", "/root/ml/snapshots"),
    ("GET", "/root/ml/snapshots/<int:snapshot_id>"),
    ("POST", "/root/ml/predict"),
    ("POST", "/root/ml/feedback"),
    ("POST", "/invocations"),
    ("GET", "/version"),
    ("GET", "/v2"),
    ("GET", "/v2/models/<name>"),
    ("GET", "/v2/models/<name>/ready"),
    ("POST", "/v2/models/<name>/infer"),
    ("GET", "/v2/models/<name>/versions/<int:version>"),
    ("GET", "/v2/models/<name>/versions/<int:version>/ready"),
    ("POST", "/v2/models/<name>/versions/<int:version>/infer"),
    ("GET", "/root/ml"),
    ("GET", "/root/simulator"),
    ("GET", "/root/simulator/use_cases"),
    ("GET", "/root/monitoring"),
    ("POST", "/root/monitoring"),
    ("GET", "/root/monitoring/results"),
    ("GET", "/root/monitoring/results/<int:result_id>"),
    ("GET", "/root/monitoring/verdicts"),
    ("GET", "/root/monitoring/verdicts/<int:verdict_id>"),
    ("GET", "/root/monitoring/policy"),
    ("GET", "/root/monitoring/loops"),
    ("GET", "/root/monitoring/loops/<int:loop_id>"),
    ("GET", "/root/monitoring/jobs"),
    ("GET", "/root/monitoring/jobs/<string:job_id>"),
    ("GET", "/root/tracking/experiments"),
    ("POST", "/root/tracking/experiments"),
    ("GET", "/root/tracking/runs"),
    ("GET", "/root/tracking/leaderboard"),
    ("GET", "/root/tracking/compare"),
    ("GET", "/root/simulator/jobs"),
    ("GET", "/root/simulator/jobs/<string:job_id>"),
    ("GET", "/root/tracking/jobs"),
    ("GET", "/root/tracking/jobs/<string:job_id>"),
    ("POST", "/root/tracking/runs"),
    ("GET", "/jobs"),
    ("GET", "/jobs/<string:job_id>"),
    ("GET", "/predict"),
    ("GET", "/metrics"),
    ("GET", "/openapi.json"),
    ("GET", "/docs"),
    ("GET", "/docs/<path:name>"),
}
FOR_ADMINS = {
    ("DELETE", "/root/monitoring/jobs/<string:job_id>"),
    ("POST", "/root/monitoring/loops"),
    ("DELETE", "/root/monitoring/loops/<int:loop_id>"),
    ("DELETE", "/root/tracking/jobs/<string:job_id>"),
    ("DELETE", "/jobs/<string:job_id>"),
    ("POST", "/root/ml/deployments"),
    ("DELETE", "/root/ml/deployments/<int:deployment_id>"),
    ("POST", "/root/ml/snapshots"),
    ("POST", "/root/ml/evaluate"),
    ("POST", "/root/ml/rollback"),
    ("POST", "/root/ml/deployments/<int:deployment_id>/role"),
    ("DELETE", "/root/ml/deployments/<int:deployment_id>/role"),
    ("POST", "/root/ml"),
    ("POST", "/root/ml/set_model"),
    ("GET", "/root/ml/audit"),
    ("GET", "/process_data"),
    ("GET", "/build_features"),
    ("POST", "/train_model"),
    ("POST", "/root/simulator"),
    ("POST", "/root/simulator/prune"),
    ("POST", "/root/simulator/stream"),
    ("DELETE", "/root/simulator/jobs/<string:job_id>"),
    ("POST", "/root/simulator/use_cases"),
    ("DELETE", "/root/simulator/use_cases/<name>"),
    ("PUT", "/root/monitoring/policy"),
    ("DELETE", "/root/monitoring/policy"),
    ("POST", "/root/monitoring/policy/test"),
    ("POST", "/root/tracking/model_management"),
    ("DELETE", "/root/tracking/experiments"),
    ("DELETE", "/root/tracking/runs"),
}
OF_EVERY_SERVICE = {"/metrics", "/openapi.json", "/docs", "/docs/<path:name>", *OPEN}
Walked = list[tuple[FlaskClient, str, str, str]]
Routes = set[tuple[str, str]]


def make_apps(folder: Path) -> dict[str, Flask]:
    """Each service's app, told as much of this as it has settings for."""
    told: dict[str, Any] = {
        "users": USERS,
        "api_keys": API_KEYS,
        "database_url": NOWHERE,
        "artifact_key": SecretStr("k" * 16),
        **dict.fromkeys(("ml_model_url", "mlflow_url"), "http://127.0.0.1:1"),
        "chemin_data": folder / "data",
        "chemin_model": folder,
        "log_directory": folder / "logs",
    }
    apps = {}
    for service in services():
        settings = settings_of(service)
        own = {name: value for name, value in told.items() if name in settings.model_fields}
        apps[service.name] = import_module(f"{service.name}.web.app").create_app(settings(**own))
    return apps


@pytest.fixture(scope="module")
def apps(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Flask]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "start", lambda _: None)
        yield make_apps(tmp_path_factory.mktemp("apps"))


@pytest.fixture(scope="module")
def walked(apps: dict[str, Flask]) -> Walked:
    """Client, method, path and declared role of every method of every route; OPTIONS is Flask's own."""
    return [
        (app.test_client(), method, rule.rule, str(role_of(app, rule.endpoint, method)))
        for app in apps.values()
        for rule in app.url_map.iter_rules()
        for method in sorted((rule.methods or set()) - {"OPTIONS"})
    ]


def with_alias(routes: Routes) -> Routes:
    """The routes, and ml_model's under its other name."""
    return routes | {(method, re.sub("^/root/ml(?=/|$)", "/root/model", path)) for method, path in routes}


def example(path: str) -> str:
    """An address that the rule takes."""
    plain = path.replace("<path:name>", "x.css").replace("<name>", "wine")
    return re.sub("<int:[a-z_]+>", "1", plain)


def status(client: FlaskClient, method: str, path: str, headers: dict[str, str]) -> int:
    return client.open(example(path), method=method, headers=headers).status_code


def test_every_service_is_walked_with_what_all_have(apps: dict[str, Flask]) -> None:
    assert list(apps) == [service.name for service in services()]
    lacking = {
        (name, path)
        for name, app in apps.items()
        for path in OF_EVERY_SERVICE - {rule.rule for rule in app.url_map.iter_rules()}
    }
    assert lacking == set()


def test_every_route_takes_the_role_that_was_thought_about(walked: Walked) -> None:
    roles = {(method, path): role for _, method, path, role in walked if method != "HEAD"}
    thought_about = {
        "anyone": {("GET", path) for path in OPEN | ALSO_OPEN | OPEN_TOO},
        "user": with_alias(FOR_USERS),
        "admin": with_alias(FOR_ADMINS),
    }
    for role, known in thought_about.items():
        found = {route for route, each in roles.items() if each == role}
        assert found - known == set(), f"new routes for the role {role}"
        assert known - found == set(), f"routes that are gone, or no longer for the role {role}"


def test_without_credentials_only_health_answers(walked: Walked) -> None:
    for client, method, path, _ in walked:
        assert (status(client, method, path, {}) == 401) == (path not in OPEN | ALSO_OPEN | OPEN_TOO), (
            method,
            path,
        )


def test_with_the_role_of_a_user_what_takes_an_admin_is_refused(walked: Walked) -> None:
    refused: Routes = set()
    for client, method, path, role in walked:
        for headers in (basic("bob"), bearer(KEYS["prometheus"])):
            found = status(client, method, path, headers)
            assert found != 401, (method, path)
            assert (found == 403) == (role == "admin"), (method, path)
            refused |= {(method, path)} if found == 403 else set()
    assert {route for route in refused if route[0] != "HEAD"} == with_alias(FOR_ADMINS)


def test_with_the_role_of_an_admin_nothing_is_refused(walked: Walked) -> None:
    for client, method, path, _ in walked:
        for headers in (basic("alice"), bearer(KEYS["robot"]), bearer(KEYS["tracking"])):
            assert status(client, method, path, headers) not in (401, 403), (method, path)


def test_options_tells_only_the_methods(walked: Walked) -> None:
    for client, _, path, _ in walked:
        answer = client.options(example(path))
        assert (answer.status_code, answer.data) == (200, b""), path


def test_judging_is_for_users_and_retraining_for_admins(apps: dict[str, Flask]) -> None:
    client = apps["monitoring"].test_client()

    def judge(name: str, **fields: Any) -> int:
        body = {"metric": "summary", **fields}
        return client.post("/root/monitoring", json=body, headers=basic(name)).status_code

    assert (judge("bob"), judge("bob", retrain=False)) == (503, 503)
    assert (judge("bob", retrain=True), judge("alice", retrain=True)) == (403, 503)
