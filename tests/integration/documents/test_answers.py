"""What the services answer is what their documents say: every operation, over HTTP, when all is well."""

import time
from collections.abc import Mapping
from typing import Any

import jsonschema_rs
import requests

from tests.accounts import basic
from tests.integration.documents.conftest import OPTIMIZATION, Fleet
from tests.integration.monitoring.telling.receiver import receiving
from tests.mlflow_server import MlflowServer


class Documented:
    """A service, each of whose answers is held against its document."""

    def __init__(self, address: str, headers: Mapping[str, str] | None = None) -> None:
        self._address = address
        self._headers = dict(headers or {})
        self._document = requests.get(f"{address}/openapi.json", headers=headers, timeout=60).json()
        self.seen: set[str] = set()

    @property
    def operations(self) -> set[str]:
        return {f"{method} {path}" for path, of in self._document["paths"].items() for method in of}

    def call(self, method: str, path: str, *, fill: dict[str, Any] | None = None, **request: Any) -> Any:
        """The body of the answer, which must be 2xx and as documented. fill: the path's arguments."""
        address = self._address + path.format(**fill or {})
        headers = {**self._headers, **request.pop("headers", {})}
        answer = requests.request(method, address, timeout=120, headers=headers, **request)
        assert answer.ok, answer.text
        said = self._document["paths"][path][method]["responses"][str(answer.status_code)]
        content_type = answer.headers["Content-Type"].partition(";")[0]
        assert answer.headers["X-Request-ID"]
        schema = {**said["content"][content_type]["schema"], "components": self._document["components"]}
        body = answer.json() if content_type == "application/json" else answer.text
        validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
        assert [error.message for error in validator.iter_errors(body)] == [], (method, path, body)
        self.seen.add(f"{method} {path}")
        return body

    def watch(self) -> None:
        """What every service has."""
        for path in ("/health/live", "/health/ready", "/metrics"):
            self.call("get", path)


def use_simulator(service: Documented) -> None:
    service.call("get", "/root/simulator")
    service.call("post", "/root/simulator", json={"set_name": "dataset"})
    service.call("post", "/root/simulator", data={"set_name": "testing"})
    service.call("post", "/root/simulator", json={"set_name": "production", "fouling": {"level": "heavy"}})
    for dry_run in (True, False):
        service.call("post", "/root/simulator/prune", json={"dry_run": dry_run})
    rows = "\n".join(["area,price", *(f"{number},{number}" for number in range(20))])
    source = {"kind": "csv", "file": "houses.csv", "target_column": "price"}
    about = {"name": "houses", "task": "regression", "target": "price", "features": [{"name": "area"}]}
    service.call("post", "/root/simulator/use_cases", json={"definition": {**about, "source": source}})
    for number, part in enumerate((rows[:20], rows[20:]), 1):
        body = {"use_case": "houses", "csv": part, "part": number, "parts": 2}
        service.call("post", "/root/simulator/use_cases", json=body)
    service.call("get", "/root/simulator/use_cases")
    service.call("delete", "/root/simulator/use_cases/{name}", fill={"name": "houses"})
    use_streams(service)


def use_streams(service: Documented) -> None:
    path, one = "/root/simulator/stream", "/root/simulator/jobs/{job_id}"
    service.call("post", path, json={"rate": 100, "rows": 20, "labels": {"share": 0.5}})
    begun = service.call("post", path, json={"rate": 1, "rows": 100}, headers={"Prefer": "respond-async"})
    service.call("get", one, fill={"job_id": begun["id"]})
    service.call("get", "/root/simulator/jobs", params={"limit": 1})
    service.call("delete", one, fill={"job_id": begun["id"]})


def use_ml_model(service: Documented) -> None:
    service.call("post", "/root/ml/set_model", json={"model_name": "SVC", "hyperparameters": {"C": 10}})
    service.call("get", "/root/ml")
    for name in ("training", "testing", "production"):
        service.call("post", "/root/ml", json={"dataset": name})
    service.call("get", "/root/ml")
    service.call("get", "/root/ml/audit")
    use_deployments(service)
    use_live_model(service)


def use_deployments(service: Documented) -> None:
    path, one = "/root/ml/deployments", "/root/ml/deployments/{deployment_id}"
    service.call("post", "/root/ml", json={"dataset": "training"})
    service.call("post", "/root/ml/rollback", json={"reason": "to try it"})
    newest = service.call("get", path, params={"limit": 2})["deployments"][0]
    fill = {"deployment_id": newest["id"]}
    service.call("get", one, fill=fill)
    service.call("post", f"{one}/role", fill=fill, json={"role": "shadow"})
    service.call("delete", f"{one}/role", fill=fill)
    snapshot = service.call("post", "/root/ml/snapshots", json={"production_until": "now"})["id"]
    service.call("get", "/root/ml/snapshots", params={"limit": 1})
    service.call("get", "/root/ml/snapshots/{snapshot_id}", fill={"snapshot_id": snapshot})
    candidate = service.call("post", path, json={"model_name": "SVC", "snapshot_id": snapshot})["id"]
    service.call("post", "/root/ml", json={"dataset": "testing", "deployment_id": candidate})
    both = {"deployment_ids": [newest["id"], candidate], "rows": {"set": "testing"}}
    service.call("post", "/root/ml/evaluate", json=both)
    service.call("delete", one, fill={"deployment_id": candidate})


def use_live_model(service: Documented) -> None:
    row = [[None] * 13]
    told = service.call("post", "/root/ml/predict", json={"dataframe_split": {"data": row}})
    truth = {"sample_index": told["sample_index"], "target": [0]}
    service.call("post", "/root/ml/feedback", json=truth)
    service.call("post", "/invocations", json={"inputs": row})
    for path in ("/ping", "/version", "/v2", "/v2/health/live", "/v2/health/ready"):
        service.call("get", path)
    tensor = {"name": "features", "shape": [1, 13], "datatype": "FP64", "data": row}
    fill = {"name": "wine", "version": told["deployment_id"]}
    for path in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        service.call("get", path, fill=fill)
        service.call("get", f"{path}/ready", fill=fill)
        service.call("post", f"{path}/infer", fill=fill, json={"inputs": [tensor]})


def use_monitoring(service: Documented) -> None:
    path = "/root/monitoring"
    service.call("get", path)
    for metric in ("summary", "tests", "report"):
        service.call("post", path, json={"metric": metric})
    begun = service.call("post", path, json={"metric": "summary", "retrain": True})
    loop = {"loop_id": begun["retraining"]["loop_id"]}
    job = {"job_id": service.call("get", f"{path}/loops/{{loop_id}}", fill=loop)["job_id"]}
    service.call("get", f"{path}/jobs", params={"limit": 1})
    service.call("get", f"{path}/jobs/{{job_id}}", fill=job)
    service.call("delete", f"{path}/loops/{{loop_id}}", fill=loop)
    while service.call("get", f"{path}/loops/{{loop_id}}", fill=loop)["outcome"] is None:
        time.sleep(0.1)
    again = service.call("post", f"{path}/loops", json={"action": "retrain"})
    service.call("delete", f"{path}/jobs/{{job_id}}", fill={"job_id": again["job_id"]})
    service.call("get", f"{path}/loops", params={"limit": 1})
    service.call("get", f"{path}/loops/{{loop_id}}", fill=loop, params={"replay": "true"})
    scored = service.call("get", f"{path}/results")["results"][0]["deployment_id"]
    judged = service.call("post", path, json={"metric": "verdict", "deployment_id": scored})
    service.call("get", f"{path}/verdicts", params={"limit": 2})
    one = {"verdict_id": judged["verdict_id"]}
    service.call("get", f"{path}/verdicts/{{verdict_id}}", fill=one, params={"replay": "true"})
    listed = service.call("get", f"{path}/results", params={"limit": 2})
    one = {"result_id": listed["results"][0]["id"]}
    service.call("get", f"{path}/results/{{result_id}}", fill=one)
    service.call("get", f"{path}/results/{{result_id}}", fill=one, headers={"Accept": "text/html"})


def use_policies(service: Documented, webhook: str) -> None:
    path, whose = "/root/monitoring/policy", {"use_case": "wine"}
    told = {"url": webhook, "secret": "a secret of both sides"}
    body = {**whose, "enabled": False, "search": {"models": ["SVC"]}, "webhook": told}
    service.call("put", path, json=body)
    service.call("get", path, params=whose)
    service.call("post", f"{path}/test", json=whose)
    service.call("delete", path, params=whose)


def use_tracking(service: Documented) -> None:
    path = "/root/tracking"
    made = service.call(
        "post", f"{path}/model_management", json={**OPTIMIZATION, "experiment_name": "answers"}
    )
    experiment = {"experiment_id": made["data"]["experiment_id"]}
    (run_id,) = made["data"]["run_ids"].values()
    service.call(
        "post", f"{path}/model_management", json={"request_information": "setting", "run_id": run_id}
    )
    setting = {"request_information": "setting", "run_id": run_id, "candidate": True}
    candidate = service.call("post", f"{path}/model_management", json=setting)
    promoted = {"request_information": "promoted", "run_id": run_id, "deployment_id": candidate["id"]}
    service.call("post", f"{path}/model_management", json=promoted)
    service.call("get", f"{path}/experiments")
    service.call("get", f"{path}/experiments", params={"limit": 1})
    for asked in (
        {"request_information": "general"},
        {"request_information": "best_model", "filter": ["model_accuracy"]},
        {"request_information": "statistics"},
    ):
        service.call("post", f"{path}/experiments", json={**experiment, **asked})
    service.call("get", f"{path}/runs", params=experiment)
    service.call("get", f"{path}/runs", params={**experiment, "limit": 1})
    run = {**experiment, "run_id": run_id}
    for asked in (
        {"request_information": "parameters", "type": "data"},
        {"request_information": "metrics", "type": "model"},
    ):
        service.call("post", f"{path}/runs", json={**run, **asked})
    service.call("get", f"{path}/leaderboard", params={"limit": 3})
    begun = service.call(
        "post",
        f"{path}/model_management",
        json={**OPTIMIZATION, "experiment_name": "answers"},
        headers={"Prefer": "respond-async"},
    )
    asked_for = {"job_id": begun["id"]}
    while service.call("get", f"{path}/jobs/{{job_id}}", fill=asked_for)["status"] != "succeeded":
        time.sleep(0.1)
    service.call("get", f"{path}/jobs", params={"limit": 1})
    dropped = service.call(
        "post",
        f"{path}/model_management",
        json={**OPTIMIZATION, "experiment_name": "answers", "cv": 30},
        headers={"Prefer": "respond-async"},
    )
    service.call("delete", f"{path}/jobs/{{job_id}}", fill={"job_id": dropped["id"]})
    service.call("get", f"{path}/compare", params={"run_id": [run_id, run_id]})
    service.call("delete", f"{path}/runs", params=run)
    service.call("delete", f"{path}/experiments", params=experiment)


def use_fire_brigade(service: Documented) -> None:
    service.call("get", "/health")
    started = service.call("get", "/process_data", params={"incident": "true"})
    while service.call("get", "/jobs/{job_id}", fill=started)["status"] != "succeeded":
        time.sleep(0.1)
    service.call("get", "/jobs", params={"limit": 1})
    service.call("get", "/build_features")
    service.call("post", "/train_model")
    service.call("post", "/train_model", json={"data_path": "data/global_data.csv"})
    service.call("get", "/predict", params={"distance": 5.2, "station": "Acton"})
    dropped = service.call("post", "/train_model", headers={"Prefer": "respond-async"})
    service.call("delete", "/jobs/{job_id}", fill={"job_id": dropped["id"]})


def test_every_operation_answers_as_documented(fleet: Fleet, mlflow_server: MlflowServer) -> None:
    fleet.monitoring()
    fleet.tracking(mlflow_server)
    fleet.fire_brigade()
    ours = {"fire_brigade": basic("alice")}
    services = {name: Documented(address, ours.get(name)) for name, address in fleet.addresses.items()}
    use_simulator(services["simulator"])
    use_ml_model(services["ml_model"])
    use_tracking(services["tracking"])
    use_simulator(services["simulator"])
    use_ml_model(services["ml_model"])
    use_monitoring(services["monitoring"])
    with receiving() as receiver:
        use_policies(services["monitoring"], f"http://127.0.0.1:{receiver.port}/")
    use_fire_brigade(services["fire_brigade"])
    for service in services.values():
        service.watch()
        assert service.seen == service.operations
