"""A call of each of the client's methods, with and without what can be left out."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from client import Drift, Fleet, Fouling

RUN = ("1", "0123456789abcdef0123456789abcdef")
GRIDS: dict[str, dict[str, list[Any]]] = {
    "LogisticRegression": {"C": [0.1, 1], "solver": ["liblinear"]},
    "RandomForest": {"max_depth": [None, 3]},
}
CALLS: list[Callable[[Fleet], object]] = [
    lambda fleet: fleet.simulator.describe(use_case="wine"),
    lambda fleet: fleet.simulator.load("dataset"),
    lambda fleet: fleet.simulator.load("production", fouling="heavy", use_case="wine"),
    lambda fleet: fleet.simulator.load("production", fouling=Fouling(shift=1, columns=("alcohol",), seed=1)),
    lambda fleet: fleet.simulator.stream(5, 100),
    lambda fleet: fleet.simulator.stream(
        5,
        100,
        fouling=Fouling(shift=1, swap_labels=0.1, drift=Drift(end=0.5)),
        labels={"share": 0.5, "delay_s": 60},
        seed=1,
        use_case="wine",
        idempotency_key="key-1",
    ),
    lambda fleet: fleet.simulator.stream(5, 100, wait=True, fouling="heavy", labels={"share": 1}),
    lambda fleet: fleet.simulator.stream(5, 100, fouling=Fouling(noise=1, drift=True)),
    lambda fleet: list(fleet.simulator.jobs(state="running", page_size=2)),
    lambda fleet: fleet.simulator.job(RUN[1]),
    lambda fleet: fleet.simulator.cancel_job(RUN[1]),
    lambda fleet: fleet.simulator.prune(use_case="wine", dry_run=False),
    lambda fleet: fleet.simulator.use_cases(),
    lambda fleet: fleet.simulator.add_use_case({"name": "houses"}),
    lambda fleet: fleet.simulator.add_use_case({"name": "houses"}, "area,price\n"),
    lambda fleet: fleet.simulator.send_rows("fire_brigade", "distance\n"),
    lambda fleet: fleet.simulator.remove_use_case("houses"),
    lambda fleet: fleet.ml_model.describe(use_case="wine"),
    lambda fleet: fleet.ml_model.set_model("SVC"),
    lambda fleet: fleet.ml_model.set_model(
        "SVC", {"C": 10}, preprocessing="none", run_id=RUN[1], use_case="wine", idempotency_key="key-1"
    ),
    lambda fleet: fleet.ml_model.train(use_case="wine", idempotency_key="key-1"),
    lambda fleet: fleet.ml_model.score("production"),
    lambda fleet: list(fleet.ml_model.audit(use_case="wine", page_size=2)),
    lambda fleet: fleet.ml_model.predict([{"alcohol": 13.2, "hue": None}], routing_key="a", use_case="wine"),
    lambda fleet: fleet.ml_model.feedback([1_000_000_000], [1], use_case="wine", idempotency_key="key-1"),
    lambda fleet: list(fleet.ml_model.deployments(at=datetime.now(UTC), use_case="wine", page_size=2)),
    lambda fleet: fleet.ml_model.deployment(1),
    lambda fleet: fleet.ml_model.rollback(),
    lambda fleet: fleet.ml_model.rollback(
        1, expected_active=2, reason="…", use_case="wine", idempotency_key="key-1"
    ),
    lambda fleet: fleet.ml_model.give_role(1, "shadow"),
    lambda fleet: fleet.ml_model.give_role(1, "canary", share=0.1, reason="…"),
    lambda fleet: fleet.ml_model.give_role(
        1, "active", keep="shadow", expected_active=2, idempotency_key="key-1"
    ),
    lambda fleet: fleet.ml_model.end_role(1),
    lambda fleet: fleet.ml_model.train_candidate("SVC"),
    lambda fleet: fleet.ml_model.train_candidate(
        "SVC",
        {"C": 10},
        preprocessing="none",
        run_id=RUN[1],
        snapshot_id=1,
        use_case="wine",
        idempotency_key="key-1",
    ),
    lambda fleet: fleet.ml_model.discard(1),
    lambda fleet: fleet.ml_model.evaluate([1, 2], {"sample_index": [1, 2]}),
    lambda fleet: fleet.ml_model.evaluate([1], {"first_id": 1, "last_id": 2}, use_case="wine"),
    lambda fleet: fleet.ml_model.take_snapshot(),
    lambda fleet: fleet.ml_model.take_snapshot(production_until="now", use_case="wine"),
    lambda fleet: list(fleet.ml_model.snapshots(use_case="wine", page_size=2)),
    lambda fleet: fleet.ml_model.snapshot(1, use_case="wine"),
    lambda fleet: fleet.ml_model.score("testing", deployment_id=1),
    lambda fleet: fleet.tracking.optimise([*GRIDS], GRIDS, experiment_name="wine"),
    lambda fleet: fleet.tracking.optimise([*GRIDS], GRIDS, experiment_name="wine", wait=False),
    lambda fleet: fleet.fire_brigade.begin_features(),
    lambda fleet: fleet.fire_brigade.begin_training(data_path="data/global_data.csv"),
    lambda fleet: fleet.tracking.optimise(
        [*GRIDS],
        GRIDS,
        experiment_name="wine",
        scoring="accuracy",
        cv=3,
        preprocessing="none",
        experiment_description="…",
        experiment_owner="…",
        snapshot_id=1,
        use_case="wine",
        idempotency_key="key-1",
    ),
    lambda fleet: list(fleet.tracking.jobs(state="running", page_size=2)),
    lambda fleet: fleet.tracking.job(RUN[1]),
    lambda fleet: fleet.tracking.cancel_job(RUN[1]),
    lambda fleet: fleet.tracking.optimise(
        "auto",
        experiment_name="wine",
        method="optuna",
        budget={"candidates": 20},
        include={"SVC": {"C": 10}},
    ),
    lambda fleet: fleet.tracking.set_model(RUN[1], use_case="wine", idempotency_key="key-1"),
    lambda fleet: fleet.tracking.train_candidate(RUN[1]),
    lambda fleet: fleet.tracking.train_candidate(
        RUN[1], snapshot_id=1, use_case="wine", idempotency_key="key-1"
    ),
    lambda fleet: fleet.tracking.tell_promoted(RUN[1], 2, use_case="wine"),
    lambda fleet: list(fleet.tracking.experiments()),
    lambda fleet: fleet.tracking.experiment("1"),
    lambda fleet: fleet.tracking.best_run("1", ["model_accuracy", "system_cpu_usage"]),
    lambda fleet: fleet.tracking.statistics("1"),
    lambda fleet: fleet.tracking.statistics("1", ["all", "model_recall"]),
    lambda fleet: fleet.tracking.delete_experiment("1"),
    lambda fleet: list(fleet.tracking.runs("1", page_size=2)),
    lambda fleet: fleet.tracking.leaderboard(use_case="wine", metric="model_accuracy", limit=3),
    lambda fleet: fleet.tracking.compare(RUN[1], RUN[1]),
    lambda fleet: fleet.tracking.parameters(*RUN, "grid_search"),
    lambda fleet: fleet.tracking.metrics(*RUN, "system"),
    lambda fleet: fleet.tracking.delete_run(*RUN),
    lambda fleet: fleet.monitoring.describe(),
    lambda fleet: fleet.monitoring.summary(retrain=True, use_case="wine", idempotency_key="key-1"),
    lambda fleet: fleet.monitoring.tests(["data_drift", "data_quality"], deployment_id=1),
    lambda fleet: fleet.monitoring.report(),
    lambda fleet: fleet.monitoring.summary(window={"last": 100}, reference="training"),
    lambda fleet: fleet.monitoring.summary(reference={"window": {"rows": [1, 36]}}),
    lambda fleet: fleet.monitoring.verdict(),
    lambda fleet: fleet.monitoring.verdict(
        window={"last": 500}, reference="training", deployment_id=1, evidence="either", use_case="wine"
    ),
    lambda fleet: list(fleet.monitoring.verdicts(use_case="wine", page_size=2)),
    lambda fleet: fleet.monitoring.kept_verdict(7, replay=True),
    lambda fleet: list(fleet.monitoring.results(use_case="wine", page_size=2)),
    lambda fleet: fleet.monitoring.result(7),
    lambda fleet: fleet.monitoring.policy(use_case="wine"),
    lambda fleet: fleet.monitoring.set_policy(),
    lambda fleet: fleet.monitoring.set_policy(
        use_case="wine",
        action="retrain",
        webhook={"url": "https://hooks.example.com", "secret": "of both sides, long", "form": "slack"},
        search={"method": "optuna", "budget": {"candidates": 20}},
        gate={"keep_old": 0.02},
    ),
    lambda fleet: fleet.monitoring.remove_policy(use_case="wine"),
    lambda fleet: fleet.monitoring.test_webhook(use_case="wine"),
    lambda fleet: list(fleet.monitoring.loops(use_case="wine", page_size=2)),
    lambda fleet: fleet.monitoring.loop(7, replay=True),
    lambda fleet: fleet.monitoring.start_loop(
        use_case="wine", verdict_id=7, action="retrain", idempotency_key="key-1"
    ),
    lambda fleet: fleet.monitoring.abort_loop(7),
    lambda fleet: list(fleet.monitoring.jobs(state="running", page_size=2)),
    lambda fleet: fleet.monitoring.job(RUN[1]),
    lambda fleet: fleet.monitoring.cancel_job(RUN[1]),
    lambda fleet: fleet.fire_brigade.health(),
    lambda fleet: fleet.fire_brigade.process_data(),
    lambda fleet: fleet.fire_brigade.process_data(
        incident=True, mobilisation=True, convert_to_pickle=True, made_up=True, attempts=1
    ),
    lambda fleet: list(fleet.fire_brigade.jobs(state="running", page_size=2)),
    lambda fleet: fleet.fire_brigade.job(RUN[1]),
    lambda fleet: fleet.fire_brigade.cancel_job(RUN[1]),
    lambda fleet: fleet.fire_brigade.build_features(),
    lambda fleet: fleet.fire_brigade.train_model(),
    lambda fleet: fleet.fire_brigade.train_model(
        data_path="data/d.csv", ml_model_path="models/m.pkl", encoder_path="models/e.pkl"
    ),
    lambda fleet: fleet.fire_brigade.predict(5.2, "Acton"),
]
