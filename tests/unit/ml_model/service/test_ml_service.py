"""Setting, training and scoring, on repositories in memory."""

from typing import cast

import pytest

from db.snapshots import NothingToLearnError
from fleet.catalogue import UnknownHyperparameterError, UnknownModelError
from fleet.errors import OutOfTimeError
from ml_model.persistence.model.deployment import Artifact, Deployment
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.artifacts import ArtifactTooLargeError, open_artifact
from ml_model.service.fitting import RefusedHyperparametersError, TrainingFailedError
from ml_model.service.learning import Learning
from ml_model.service.ml_service import MlService, NothingSetError, NotTrainedError
from ml_model.service.predictor import Predictor
from ml_model.service.scoring import Scorer, SetNotLoadedError, TooLargeSampleError
from ml_model.service.training import InThisProcess
from tests.callers import ALICE
from tests.unit.ml_model.fakes import FakeUnit, block


@pytest.fixture
def unit() -> FakeUnit:
    return FakeUnit()


@pytest.fixture
def service(unit: FakeUnit) -> MlService:
    def units() -> MlModelUnitOfWork:
        return cast(MlModelUnitOfWork, unit)

    scorer = Scorer(units)

    def predictor(number: int) -> Predictor:
        return open_artifact(unit.deployments.artifact(number), b"key")

    return MlService(units, predictor, Learning(units, b"key", InThisProcess(), scorer), scorer)


def loaded(unit: FakeUnit) -> None:
    unit.samples.sets = {"training": [block(60)], "testing": [block(20, seed=1), block(10, seed=2)]}


def test_a_model_can_be_set_before_any_row_is_loaded(service: MlService, unit: FakeUnit) -> None:
    assert service.set_model("wine", "SVC", {"C": 2}, caller=ALICE) == 1
    assert unit.deployments.rows[0].hyperparameters == {"C": 2}
    assert unit.commits == 1


@pytest.mark.parametrize(
    ("name", "hyperparameters", "error"),
    [
        ("Perceptron", {}, UnknownModelError),
        ("SVC", {"D": 1}, UnknownHyperparameterError),
        ("SVC", {"C": "much"}, RefusedHyperparametersError),
        ("LogisticRegression", {"solver": "lbfgs", "penalty": "l1"}, RefusedHyperparametersError),
        ("RandomForest", {"n_estimators": None}, RefusedHyperparametersError),
        ("RandomForest", {"max_depth": [3]}, RefusedHyperparametersError),
        ("RandomForest", {"class_weight": {"a": "b"}}, RefusedHyperparametersError),
    ],
)
def test_what_the_catalogue_or_the_estimator_refuses_is_not_recorded(
    service: MlService, unit: FakeUnit, name: str, hyperparameters: dict[str, object], error: type[Exception]
) -> None:
    loaded(unit)
    with pytest.raises(error):
        service.set_model("wine", name, hyperparameters, caller=ALICE)
    assert unit.deployments.rows == []
    assert unit.commits == 0


def test_the_refusal_names_the_hyperparameter(service: MlService) -> None:
    with pytest.raises(RefusedHyperparametersError, match="'C' parameter"):
        service.set_model("wine", "SVC", {"C": -1}, caller=ALICE)


def test_training_activates_the_set_model_and_scores_it(service: MlService, unit: FakeUnit) -> None:
    loaded(unit)
    service.set_model("wine", "LogisticRegression", {}, caller=ALICE)
    score = service.train("wine", caller=ALICE)
    assert (score.deployment_id, score.rows, score.metrics["accuracy"]) == (1, 60, 1.0)
    assert unit.deployments.live == [1]


def test_training_again_is_a_new_deployment_with_the_same_parameters(
    service: MlService, unit: FakeUnit
) -> None:
    loaded(unit)
    service.set_model("wine", "SVC", {"C": 3}, caller=ALICE)
    service.train("wine", caller=ALICE)
    assert service.train("wine", caller=ALICE).deployment_id == 2
    assert unit.deployments.rows[1].hyperparameters == {"C": 3}
    assert unit.deployments.live == [1, 2]


def test_a_set_is_scored_block_by_block_with_every_prediction_stored(
    service: MlService, unit: FakeUnit
) -> None:
    loaded(unit)
    service.set_model("wine", "RandomForest", {"n_estimators": 5}, caller=ALICE)
    service.train("wine", caller=ALICE)
    score = service.score("wine", "testing")
    assert score.rows == 30
    assert [len(labels) for labels in unit.samples.predictions[1, "testing"]] == [20, 10]
    assert unit.deployments.metrics[1, "testing"] == score.metrics


def test_rows_without_a_target_are_predicted_but_not_judged(service: MlService, unit: FakeUnit) -> None:
    loaded(unit)
    unit.samples.sets["production"] = [block(5, labelled=False)]
    service.set_model("wine", "SVC", {}, caller=ALICE)
    service.train("wine", caller=ALICE)
    score = service.score("wine", "production")
    assert (score.rows, score.metrics) == (5, {})


def test_the_newest_set_model_is_the_one_spoken_to(service: MlService, unit: FakeUnit) -> None:
    loaded(unit)
    service.set_model("wine", "SVC", {}, caller=ALICE)
    service.train("wine", caller=ALICE)
    service.set_model("wine", "RandomForest", {}, caller=ALICE)
    with pytest.raises(NotTrainedError, match="RandomForest"):
        service.score("wine", "testing")


def test_nothing_set_says_what_to_call(service: MlService) -> None:
    with pytest.raises(NothingSetError) as raised:
        service.train("wine", caller=ALICE)
    assert "set_model" in raised.value.message


@pytest.mark.parametrize("action", ["train", "score"])
def test_a_set_that_is_not_loaded_says_what_to_call(service: MlService, unit: FakeUnit, action: str) -> None:
    service.set_model("wine", "SVC", {}, caller=ALICE)
    if action == "score":
        loaded(unit)
        service.train("wine", caller=ALICE)
        unit.samples.sets.pop("testing")
    with pytest.raises(SetNotLoadedError if action == "score" else NothingToLearnError) as raised:
        service.train("wine", caller=ALICE) if action == "train" else service.score("wine", "testing")
    assert "/root/simulator" in raised.value.message


def test_a_training_that_fails_is_recorded_and_leaves_the_live_model(
    service: MlService, unit: FakeUnit
) -> None:
    loaded(unit)
    service.set_model("wine", "LogisticRegression", {}, caller=ALICE)
    one_class = block(60)
    one_class.target[:] = 1
    unit.samples.sets["training"] = [one_class]
    with pytest.raises(TrainingFailedError):
        service.train("wine", caller=ALICE)
    assert "LogisticRegression" in unit.deployments.failures[1]
    assert unit.deployments.live == []


def test_a_model_that_is_too_large_is_refused_and_recorded(
    service: MlService, unit: FakeUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(unit)
    monkeypatch.setattr("ml_model.service.artifacts.LARGEST_ARTIFACT", 100)
    service.set_model("wine", "RandomForest", {"n_estimators": 5}, caller=ALICE)
    with pytest.raises(ArtifactTooLargeError):
        service.train("wine", caller=ALICE)
    assert unit.deployments.live == []
    assert "MiB" in unit.deployments.failures[1]


def test_a_model_is_live_from_when_its_training_set_is_scored(
    service: MlService, unit: FakeUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(unit)
    service.set_model("wine", "SVC", {}, caller=ALICE)
    scored: list[bool] = []
    activate = unit.deployments.activate

    def look(deployment: Deployment, reason: str, *, actor: str) -> None:
        scored.append((deployment.id, "training") in unit.samples.predictions)
        activate(deployment, reason, actor=actor)

    monkeypatch.setattr(unit.deployments, "activate", look)
    service.train("wine", caller=ALICE)
    assert scored == [True]


def test_a_training_that_takes_too_long_is_written_down(
    service: MlService, unit: FakeUnit, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded(unit)
    service.set_model("wine", "SVC", {}, caller=ALICE)

    def take_too_long(*_: object) -> Artifact:
        raise OutOfTimeError

    monkeypatch.setattr(InThisProcess, "train", take_too_long)
    with pytest.raises(OutOfTimeError) as raised:
        service.train("wine", caller=ALICE)
    assert unit.deployments.failures[1] == raised.value.error


@pytest.mark.parametrize("model", ["LogisticRegression", "RandomForest"])
def test_classes_that_are_weighed_before_any_row_is_loaded_are_believed(
    service: MlService, model: str
) -> None:
    solver = {"solver": "liblinear"} if model == "LogisticRegression" else {}
    for weights in ({"7": 2}, {"1": 1, "2": 1, "3": 2, "4": 1}):
        service.set_model("wine", model, {"class_weight": weights, **solver}, caller=ALICE)


@pytest.mark.parametrize("model", ["LogisticRegression", "RandomForest"])
def test_a_sample_that_is_too_large_for_the_model_is_named(
    service: MlService, unit: FakeUnit, model: str
) -> None:
    loaded(unit)
    service.set_model("wine", model, {}, caller=ALICE)
    service.train("wine", caller=ALICE)
    testing = block(20, seed=1)
    testing.features[13, 1] = 1e300
    unit.samples.sets["testing"] = [testing]
    with pytest.raises(TooLargeSampleError, match="Sample 13 "):
        service.score("wine", "testing")
