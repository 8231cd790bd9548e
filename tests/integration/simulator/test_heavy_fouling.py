"""Production fouled `heavy` costs each catalogue model at least 10 points of accuracy."""

from typing import Any

import pytest
from flask.testing import FlaskClient

from db.definition import UseCase
from db.sets import read_set
from fleet.catalogue import CATALOGUE, Preprocessing, build_pipeline
from tests.conftest import Sessions

LEAST_LOSS = 0.1

DEFAULTS: list[tuple[str, dict[str, Any]]] = [(name, {}) for name in CATALOGUE]
TUNED: list[tuple[str, dict[str, Any]]] = [
    *[("LogisticRegression", {"C": c, "solver": "liblinear"}) for c in (0.1, 1)],
    *[
        ("RandomForest", {"n_estimators": trees, "max_depth": depth, "min_samples_split": split})
        for trees in (1, 3)
        for depth in (None, 3)
        for split in (2, 5)
    ],
    *[("SVC", {"C": c, "kernel": kernel}) for c in (0.1, 10) for kernel in ("linear", "rbf")],
]


@pytest.mark.parametrize("preprocessing", ["standard_scaler", "none"])
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")  # unscaled, by default
def test_every_model_loses_ten_points(
    client: FlaskClient, sessions: Sessions, wine: UseCase, preprocessing: Preprocessing
) -> None:
    for set_name in ("training", "testing"):
        client.post("/root/simulator", json={"set_name": set_name})
    client.post("/root/simulator", json={"set_name": "production", "fouling": {"level": "heavy"}})
    with sessions() as session:
        training = read_set(session, wine, "training")
        testing = read_set(session, wine, "testing")
        production = read_set(session, wine, "production")
    for model, hyperparameters in DEFAULTS + TUNED:
        pipeline = build_pipeline(model, hyperparameters, classes=3, preprocessing=preprocessing)
        pipeline.fit(training.features, training.target)
        before = pipeline.score(testing.features, testing.target)
        after = pipeline.score(production.features, production.target)
        assert before - after >= LEAST_LOSS, (model, hyperparameters, before, after)
