"""Every model of the catalogue answers what scikit-learn's own pipeline says, also of strange rows."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from pydantic import SecretStr
from sklearn.base import BaseEstimator
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LinearRegression, LogisticRegression, Ridge
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC

from db.sets import read_set
from db.use_cases import find_use_case
from fleet.catalogue import CATALOGUE
from ml_model.web.app import LIVE
from simulator.config.settings import SimulatorSettings
from simulator.web.app import create_app as create_simulator
from tests.conftest import Sessions
from tests.integration.ml_model.conftest import Rows

Floats = npt.NDArray[np.float64]
Make = Callable[..., BaseEstimator]

NUMBERS = ("heat", "minutes", "grams", "age")
CUPS = ("blue", "green", "red", "white")
ROWS = 300
ASKED = 200
SEED = 42


class OneForEachClass(BaseEstimator):  # type: ignore[misc]  # no types
    """What liblinear did of several classes: a binary model each, a row weighing what its class weighs."""

    def __init__(self, class_weight: dict[int, float] | None = None, **hyperparameters: Any) -> None:
        self._weights = class_weight or {}
        self._hyperparameters = hyperparameters

    def fit(self, features: Floats, target: Floats) -> "OneForEachClass":
        weights = np.array([self._weights.get(int(label), 1) for label in target])
        self.classes_ = np.unique(target)
        self._models = [
            LogisticRegression(**self._hyperparameters).fit(features, target == label, sample_weight=weights)
            for label in self.classes_
        ]
        return self

    def predict(self, features: Floats) -> Floats:
        decisions = np.column_stack([model.decision_function(features) for model in self._models])
        labels: Floats = self.classes_[decisions.argmax(axis=1)]
        return labels

    def predict_proba(self, features: Floats) -> Floats:
        alone = np.column_stack([model.predict_proba(features)[:, 1] for model in self._models])
        total = alone.sum(axis=1, keepdims=True)
        return np.asarray(np.divide(alone, total, out=alone, where=total > 0))


SEEDED: dict[str, Make] = {
    "RandomForest": RandomForestClassifier,
    "SVC": SVC,
    "LogisticRegression": LogisticRegression,
    "Ridge": Ridge,
    "RandomForestRegressor": RandomForestRegressor,
    "GradientBoostingRegressor": GradientBoostingRegressor,
}
WEIGHTS = {"0": 1, "1": 20, "2": 0.5}

CLASSIFIERS: list[tuple[str, dict[str, Any]]] = [
    ("LogisticRegression", {}),
    ("LogisticRegression", {"solver": "saga", "l1_ratio": 1.0, "C": 0.3, "max_iter": 50}),
    ("LogisticRegression", {"solver": "newton-cholesky", "C": 100, "class_weight": "balanced"}),
    ("LogisticRegression", {"class_weight": WEIGHTS, "fit_intercept": False}),
    ("LogisticRegression", {"solver": "liblinear"}),
    ("LogisticRegression", {"solver": "liblinear", "class_weight": WEIGHTS, "C": 0.05}),
    ("LogisticRegression", {"solver": "liblinear", "C": 1e4, "intercept_scaling": 3}),
    ("RandomForest", {}),
    ("RandomForest", {"n_estimators": 10, "max_depth": None, "criterion": "entropy"}),
    ("RandomForest", {"n_estimators": 8, "max_depth": 1}),
    ("RandomForest", {"n_estimators": 30, "min_samples_leaf": 9, "class_weight": "balanced_subsample"}),
    ("RandomForest", {"n_estimators": 5, "max_features": None, "bootstrap": False, "max_leaf_nodes": 12}),
    ("SVC", {}),
    ("SVC", {"kernel": "linear", "C": 0.5, "class_weight": WEIGHTS}),
    ("SVC", {"kernel": "poly", "degree": 2, "coef0": 1.5, "gamma": "auto"}),
    ("SVC", {"kernel": "sigmoid", "gamma": 0.05}),
    ("SVC", {"gamma": 2.0, "C": 50, "break_ties": True}),
    ("SVC", {"probability": True}),
    ("SVC", {"probability": True, "kernel": "linear", "class_weight": "balanced", "gamma": 0.1}),
]
REGRESSORS: list[tuple[str, dict[str, Any]]] = [
    ("LinearRegression", {}),
    ("LinearRegression", {"fit_intercept": False}),
    ("Ridge", {"alpha": 30}),
    ("Ridge", {"solver": "saga", "max_iter": 50}),
    ("RandomForestRegressor", {"n_estimators": 20}),
    ("RandomForestRegressor", {"n_estimators": 7, "max_depth": 3, "criterion": "absolute_error"}),
    ("GradientBoostingRegressor", {}),
    ("GradientBoostingRegressor", {"n_estimators": 20, "loss": "huber", "subsample": 0.5}),
    ("GradientBoostingRegressor", {"n_estimators": 5, "init": "zero", "max_depth": None}),
]


def estimator(name: str, hyperparameters: dict[str, Any], classes: int) -> BaseEstimator:
    if name == "LinearRegression":
        return LinearRegression(**hyperparameters)
    given = {"random_state": SEED, **hyperparameters}
    if isinstance(given.get("class_weight"), dict):
        given["class_weight"] = {int(label): weight for label, weight in given["class_weight"].items()}
    if given.get("solver") == "liblinear" and classes > 2:
        return OneForEachClass(**given)
    return SEEDED[name](**given)


def pipeline(name: str, hyperparameters: dict[str, Any], classes: int, *, scaled: bool) -> Pipeline:
    """As the README tells it: mean imputation, scaling, a column for each category."""
    steps = [SimpleImputer(keep_empty_features=True), *([StandardScaler()] if scaled else [])]
    numbers = Pipeline([(str(number), step) for number, step in enumerate(steps)])
    cups = OneHotEncoder(categories=[np.arange(len(CUPS))], handle_unknown="ignore", sparse_output=False)
    kinds = ColumnTransformer([("numbers", numbers, [0, 1, 2, 3]), ("cups", cups, [4])])
    return Pipeline([("kinds", kinds), ("estimator", estimator(name, hyperparameters, classes))])


def made_up_tea() -> dict[str, str]:
    """Made-up cups of tea: four numbers, a category, some of each missing; how good and warm it is.

    Three files, as texts, by the name of what is to be predicted.
    """
    random = np.random.default_rng(1)
    numbers = random.normal([70, 4, 2.5, 1000], [12, 1.5, 0.6, 400], (ROWS, 4))
    cup = random.integers(0, len(CUPS), ROWS)
    warmth = numbers[:, 0] - 3 * numbers[:, 1] + 2 * cup + random.normal(0, 4, ROWS)
    good = np.digitize(warmth + random.normal(0, 4, ROWS), np.quantile(warmth, [0.3, 0.8]))
    cells = np.column_stack([numbers.round(3).astype(str), np.array(CUPS)[cup]])
    cells[random.random(cells.shape) < 0.04] = ""
    targets = {"good": good, "fine": (good > 0).astype(int), "warm": warmth.round(3)}
    return {name: csv(name, target.astype(str), cells) for name, target in targets.items()}


def csv(target: str, values: npt.NDArray[np.str_], cells: npt.NDArray[np.str_]) -> str:
    rows = np.column_stack([values, cells])
    return "\n".join(",".join(row) for row in [(target, *NUMBERS, "cup"), *rows])


@pytest.fixture
def load(database_url: str, tmp_path: Path) -> Callable[[str, str], None]:
    """Registers a use case of that name and task, and loads what a model learns from."""
    tea = made_up_tea()
    settings = SimulatorSettings(database_url=SecretStr(database_url), data_dir=tmp_path)
    client = create_simulator(settings).test_client()

    def load_use_case(name: str, task: str) -> None:
        source = {"kind": "csv", "file": f"{name}.csv", "target_column": name}
        features = [*({"name": number} for number in NUMBERS), {"name": "cup", "type": "category"}]
        use_case = {"name": name, "task": task, "target": name, "source": source, "features": features}
        for path, body in (
            ("/root/simulator/use_cases", {"definition": use_case, "csv": tea[name]}),
            ("/root/simulator", {"set_name": "training", "use_case": name}),
        ):
            answer = client.post(path, json=body)
            assert answer.status_code == 200, answer.json

    return load_use_case


def asked(training: Floats) -> Floats:
    """Rows within the training range, and beyond: ten standard deviations, a million, unlisted, missing."""
    random = np.random.default_rng(2)
    numbers = training[:, :4]
    low, high = np.nanmin(numbers, axis=0), np.nanmax(numbers, axis=0)
    centre, spread = np.nanmean(numbers, axis=0), np.nanstd(numbers, axis=0)
    within = random.uniform(low, high, (ASKED, 4))
    beyond = centre + 10 * spread * random.uniform(-1, 1, (ASKED, 4))
    beyond[:40, :] = centre + 1e6 * spread * random.uniform(-1, 1, (40, 4))
    alone = np.arange(40, 80)
    beyond[alone, alone % 4] = (centre + 10 * spread * random.choice([-1, 1], (40, 1)))[alone - 40, alone % 4]
    rows = np.column_stack([np.vstack([within, beyond]), random.integers(0, len(CUPS) + 1, 2 * ASKED)])
    rows[random.random(rows.shape) < 0.05] = np.nan
    rows[-1] = np.nan
    return rows


def as_sent(rows: Floats) -> list[list[Any]]:
    """With categories by name, of which the last is not listed."""
    names = (*CUPS, "a name that nobody listed")
    numbers = [[None if np.isnan(cell) else cell for cell in row] for row in rows[:, :4].tolist()]
    cups = [None if np.isnan(cell) else names[int(cell)] for cell in rows[:, 4]]
    return [[*row, cup] for row, cup in zip(numbers, cups, strict=True)]


@pytest.fixture
def flush(app: Flask) -> Callable[[], None]:
    """Stores what waits."""
    flush: Callable[[], None] = app.extensions[LIVE].store.flush
    return flush


def answer(client: FlaskClient, use_case: str, name: str, rows: list[list[Any]], **fields: Any) -> Any:
    """What a model says once it is set and trained."""
    told = client.post("/root/ml/set_model", json={"use_case": use_case, "model_name": name, **fields})
    assert told.status_code == 200, (name, fields, told.json)
    told = client.post("/root/ml", json={"use_case": use_case, "dataset": "training"})
    assert told.status_code == 200, (name, fields, told.json)
    body = {"use_case": use_case, "columns": [*NUMBERS, "cup"], "data": rows}
    told = client.post("/root/ml/predict", json=body)
    assert told.status_code == 200, (name, fields, told.json)
    return told.json


def test_every_model_of_the_catalogue_is_asked() -> None:
    assert {name for name, _ in (*CLASSIFIERS, *REGRESSORS)} == set(CATALOGUE)


@pytest.mark.parametrize(("use_case", "classes"), [("good", 3), ("fine", 2)])
@pytest.mark.filterwarnings("ignore")  # of scikit-learn about models that the test fits itself
def test_classes_and_probabilities_are_scikit_learns(
    client: FlaskClient,
    load: Callable[[str, str], None],
    sessions: Sessions,
    rows: Rows,
    flush: Callable[[], None],
    *,
    use_case: str,
    classes: int,
) -> None:
    load(use_case, "classification")
    with sessions() as session:
        training = read_set(session, find_use_case(session, use_case), "training")
    questions = asked(training.features)
    sent = as_sent(questions)
    for number, (name, given) in enumerate(CLASSIFIERS):
        hyperparameters = dict(given)
        if classes == 2 and isinstance(given.get("class_weight"), dict):
            hyperparameters["class_weight"] = {label: WEIGHTS[label] for label in ("0", "1")}
        scaled = number % 3 != 2 or "kernel" in given  # unscaled, libsvm takes minutes for some kernels
        fields = {
            "hyperparameters": hyperparameters,
            "preprocessing": "standard_scaler" if scaled else "none",
        }
        told = answer(client, use_case, name, sent, **fields)
        fitted = pipeline(name, hyperparameters, classes, scaled=scaled)
        fitted.fit(training.features, training.target)
        expected = fitted.predict(questions)
        assert told["predictions"] == expected.astype(int).tolist(), (name, fields)
        flush()
        stored = rows(
            f"SELECT class, probability FROM {use_case}.predictions "  # noqa: S608  # the test's own name
            f"WHERE sample_index >= {told['sample_index'][0]} ORDER BY sample_index"
        )
        assert [label for label, _ in stored] == told["predictions"]
        if not hasattr(fitted, "predict_proba"):
            assert told["probabilities"] is None
            continue
        by_class = fitted.predict_proba(questions)
        np.testing.assert_allclose(told["probabilities"], by_class, rtol=0, atol=1e-9, err_msg=str(fields))
        places = np.searchsorted(np.unique(training.target), expected)
        of_predicted = by_class[np.arange(len(expected)), places]
        np.testing.assert_allclose(
            [probability for _, probability in stored], of_predicted, rtol=0, atol=1e-9, err_msg=str(fields)
        )


@pytest.mark.filterwarnings("ignore")  # of scikit-learn about models that the test fits itself
def test_numbers_are_scikit_learns(
    client: FlaskClient, load: Callable[[str, str], None], sessions: Sessions
) -> None:
    load("warm", "regression")
    with sessions() as session:
        training = read_set(session, find_use_case(session, "warm"), "training")
    questions = asked(training.features)
    sent = as_sent(questions)
    for number, (name, hyperparameters) in enumerate(REGRESSORS):
        scaled = number % 3 != 2
        preprocessing = "standard_scaler" if scaled else "none"
        told = answer(
            client, "warm", name, sent, hyperparameters=hyperparameters, preprocessing=preprocessing
        )
        fitted = pipeline(name, hyperparameters, 0, scaled=scaled).fit(training.features, training.target)
        expected = fitted.predict(questions)
        np.testing.assert_allclose(
            told["predictions"], expected, rtol=1e-9, atol=1e-9, err_msg=f"{name} {hyperparameters}"
        )
