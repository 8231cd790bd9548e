"""Setting, training and scoring over the service's own routes, on real rows."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from tests.integration.ml_model.conftest import Load, Rows


def set_model(client: FlaskClient, name: str = "LogisticRegression", **fields: Any) -> Any:
    return client.post("/root/ml/set_model", json={"model_name": name, **fields})


def run(client: FlaskClient, dataset: str) -> Any:
    return client.post("/root/ml", json={"dataset": dataset})


def test_before_anything_is_set_the_service_says_so(client: FlaskClient) -> None:
    assert client.get("/root/ml").json == {"name": None, "message": "ML model", "set": None, "active": None}


def test_a_model_is_set_trained_and_scored(client: FlaskClient, load: Load, rows: Rows) -> None:
    load()
    answer = set_model(client, hyperparameters={"C": 0.1})
    assert (answer.status_code, answer.json) == (
        200,
        {"message": "Model successfully uploaded", "deployment_id": 1},
    )
    trained = run(client, "training").json
    scored = run(client, "testing").json
    features, target = load_wine(return_X_y=True)
    training, rest, training_target, rest_target = train_test_split(
        features, target, train_size=0.6, random_state=42, stratify=target
    )
    testing, _, testing_target, _ = train_test_split(
        rest, rest_target, train_size=0.5, random_state=42, stratify=rest_target
    )
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.1, random_state=42))
    expected = model.fit(training, training_target).score(testing, testing_target)
    assert trained["rows"] == 106
    assert scored["score"] == expected
    assert scored["message"] == f"Score on testing set: {expected * 100}%"
    assert (scored["rows"], scored["deployment_id"]) == (36, 1)
    assert set(scored["metrics"]) == {"accuracy", "f1_score", "precision", "recall"}
    assert rows("SELECT count(*), count(probability) FROM predictions") == [(142, 142)]


def test_the_description_names_the_set_and_the_active_model(client: FlaskClient, load: Load) -> None:
    load("training")
    set_model(client, "SVC", hyperparameters={"C": 2}, run_id="abc", preprocessing="none")
    run(client, "training")
    set_model(client, "RandomForest")
    description: Any = client.get("/root/ml").json
    assert description["name"] == "RandomForest"
    assert description["set"]["trained_at"] is None
    active = description["active"]
    assert (active["id"], active["model_name"], active["hyperparameters"]) == (1, "SVC", {"C": 2})
    assert (active["run_id"], active["preprocessing"]) == ("abc", "none")
    assert active["active_since"].endswith("Z")


def test_every_route_answers_under_its_alias(client: FlaskClient, load: Load) -> None:
    load("training")
    answer = client.post("/root/model/set_model", json={"model_name": "SVC"})
    assert answer.status_code == 200
    assert client.post("/root/model", data={"dataset": "training"}).status_code == 200
    assert client.get("/root/model").json == client.get("/root/ml").json


@pytest.mark.parametrize(
    "arguments", [{"data": {"dataset": "training"}}, {"query_string": "dataset=training"}]
)
def test_a_form_and_query_arguments_are_taken(
    client: FlaskClient, load: Load, arguments: dict[str, Any]
) -> None:
    load("training")
    set_model(client)
    answer: Any = client.post("/root/ml", **arguments).json
    assert answer["rows"] == 106


def test_scoring_again_replaces_the_predictions(client: FlaskClient, load: Load, rows: Rows) -> None:
    load("training", "testing")
    set_model(client)
    for dataset in ("training", "testing", "testing"):
        assert run(client, dataset).status_code == 200
    assert rows("SELECT count(*) FROM predictions") == [(142,)]


def test_training_again_is_a_new_deployment_and_ends_the_activation_before(
    client: FlaskClient, load: Load, rows: Rows
) -> None:
    load("training", "testing")
    set_model(client, hyperparameters={"C": 0.5})
    run(client, "training")
    again = run(client, "training").json
    assert again["deployment_id"] == 2
    assert run(client, "testing").json["deployment_id"] == 2
    assert rows("SELECT id, hyperparameters->>'C' FROM deployments ORDER BY id") == [(1, "0.5"), (2, "0.5")]
    ends = rows('SELECT deployment_id, until IS NULL, "from" FROM activations ORDER BY id')
    assert [(deployment, live) for deployment, live, _ in ends] == [(1, False), (2, True)]
    assert rows(
        'SELECT a.until = b."from" FROM activations a, activations b WHERE a.id = 1 AND b.id = 2'
    ) == [(True,)]


def test_a_column_that_is_missing_throughout_takes_the_training_mean(
    client: FlaskClient, load: Load, rows: Rows
) -> None:
    load("training")
    load("production", fouling={"missing": 1, "columns": ["proline", "hue"]})
    set_model(client)
    run(client, "training")
    assert run(client, "production").json["score"] > 0.8
    assert rows("SELECT count(proline), count(hue) FROM samples WHERE dataset_id = 3") == [(0, 0)]


def test_loading_production_again_forgets_its_predictions_only(
    client: FlaskClient, load: Load, rows: Rows
) -> None:
    load()
    set_model(client)
    for dataset in ("training", "testing", "production"):
        run(client, dataset)
    load("production", fouling={"level": "none"})
    assert rows(
        "SELECT dataset_id, count(*) FROM predictions JOIN samples USING (sample_index) GROUP BY 1 ORDER BY 1"
    ) == [
        (1, 106),
        (2, 36),
    ]


def test_hyperparameters_keep_their_types(client: FlaskClient, rows: Rows) -> None:
    given = {
        "n_estimators": 3,
        "max_depth": None,
        "max_features": 0.5,
        "bootstrap": False,
        "criterion": "gini",
    }
    assert set_model(client, "RandomForest", hyperparameters=given).status_code == 200
    assert rows("SELECT hyperparameters FROM deployments") == [(given,)]


def test_a_float_stays_a_float_however_large(client: FlaskClient, rows: Rows) -> None:
    assert set_model(client, "SVC", hyperparameters={"C": 1e16}).status_code == 200
    stored: Any = client.get("/root/ml").json
    assert isinstance(stored["set"]["hyperparameters"]["C"], float)


def test_class_weights_are_those_of_the_classes(client: FlaskClient, load: Load) -> None:
    load("training")
    weights = {"0": 1, "1": 2, "2": 0.5}
    answer = set_model(client, "LogisticRegression", hyperparameters={"class_weight": weights})
    assert answer.status_code == 200, answer.json
    assert run(client, "training").status_code == 200


def test_probabilities_of_a_forest_stay_within_one(client: FlaskClient, load: Load, rows: Rows) -> None:
    load("training")
    set_model(client, "RandomForest", hyperparameters={"n_estimators": 20})
    run(client, "training")
    assert rows("SELECT max(probability) <= 1, min(probability) > 0 FROM predictions") == [(True, True)]
