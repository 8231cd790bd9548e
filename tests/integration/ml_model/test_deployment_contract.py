"""What services rely on of the repository of deployments, PostgreSQL's and the tests' own."""

from collections.abc import Iterator

import pytest

from db.definition import UseCase
from db.snapshots import SnapshotRepository
from db.use_cases import register_use_case
from ml_model.persistence.model.deployment import Artifact, Deployment, ModelChoice
from ml_model.persistence.repository.deployments import ArtifactMissingError, DeploymentRepository
from tests.conftest import Sessions
from tests.unit.ml_model.fakes import WINE, FakeDeployments

Repository = DeploymentRepository | FakeDeployments

SVC = ModelChoice(model_name="SVC", hyperparameters={"C": 2}, preprocessing="none", run_id="r1")
MODEL = Artifact("onnx", b"a model")
SNAPSHOT = 1


@pytest.fixture(params=["PostgreSQL", "in memory"])
def repository(request: pytest.FixtureRequest, sessions: Sessions) -> Iterator[Repository]:
    if request.param == "in memory":
        yield FakeDeployments()
        return
    with sessions() as session:
        tables = register_use_case(session, WINE)
        session.execute(tables.datasets.insert(), [{"dataset_id": 1, "name": "training"}])
        session.execute(tables.samples.insert(), [{"dataset_id": 1, "sample_index": 1, "hue": 1.0}])
        session.execute(tables.targets.insert(), [{"sample_index": 1, "target_index": 1, "class": 0}])
        assert SnapshotRepository(session).take(WINE, None, actor="alice").snapshot.id == SNAPSHOT
        yield DeploymentRepository(session)


def add(repository: Repository, use_case: UseCase = WINE, *, chosen: bool = True) -> Deployment:
    return repository.add(use_case.name, SVC, actor="alice", chosen=chosen)


def train(repository: Repository, deployment: Deployment) -> Deployment:
    return repository.store_training(
        deployment, MODEL, snapshot_id=SNAPSHOT, started=repository.now(), actor="bob"
    )


def test_what_is_added_is_untrained_and_keeps_what_it_was_asked(repository: Repository) -> None:
    added = add(repository)
    assert (added.model_name, dict(added.hyperparameters), added.run_id) == ("SVC", {"C": 2}, "r1")
    assert (added.trained_at, added.active_since, added.snapshot_id) == (None, None, None)
    assert added.chosen_at is not None
    with pytest.raises(ArtifactMissingError):
        repository.artifact(added.id)


def test_the_last_that_was_set_or_chosen_again_is_the_chosen_one(repository: Repository) -> None:
    assert repository.chosen("wine") is None
    first, second = add(repository), add(repository)
    found = [repository.chosen("wine")]
    repository.choose(first.id)
    found.append(repository.chosen("wine"))
    assert [each.id for each in found if each] == [second.id, first.id]


def test_a_candidate_is_not_chosen(repository: Repository) -> None:
    first = add(repository)
    candidate = train(repository, add(repository, chosen=False))
    chosen = repository.chosen("wine")
    assert chosen is not None
    assert (chosen.id, candidate.chosen_at) == (first.id, None)
    repository.activate(candidate, "promotion", actor="alice")
    active = repository.active("wine")
    assert active is not None
    assert active.id == candidate.id


def test_training_stores_the_model_and_what_it_learned_from(repository: Repository) -> None:
    trained = train(repository, add(repository))
    assert trained.trained_at is not None
    assert trained.snapshot_id == SNAPSHOT
    assert repository.artifact(trained.id) == MODEL


def test_training_again_is_a_new_deployment_with_the_same_choice(repository: Repository) -> None:
    first = train(repository, add(repository))
    second = train(repository, first)
    assert second.id != first.id
    assert (second.model_name, dict(second.hyperparameters), second.run_id) == ("SVC", {"C": 2}, "r1")
    chosen = repository.chosen("wine")
    assert chosen is not None
    assert chosen.id == second.id


def test_a_model_that_was_set_during_a_training_stays_chosen(repository: Repository) -> None:
    first = train(repository, add(repository))
    started = repository.now()
    later = add(repository)
    repository.store_training(first, MODEL, snapshot_id=SNAPSHOT, started=started, actor="bob")
    chosen = repository.chosen("wine")
    assert chosen is not None
    assert chosen.id == later.id


def test_one_deployment_at_a_time_is_active(repository: Repository) -> None:
    assert repository.active("wine") is None
    for deployment in (train(repository, add(repository)), train(repository, add(repository))):
        repository.activate(deployment, "training", actor="alice")
        active = repository.active("wine")
        assert active is not None
        assert active.id == deployment.id


def test_metrics_are_kept_by_set(repository: Repository) -> None:
    deployment = train(repository, add(repository))
    assert not repository.has_scored(deployment.id, "testing")
    repository.store_metrics(deployment.id, "testing", {"accuracy": 0.5})
    assert repository.has_scored(deployment.id, "testing")
    assert not repository.has_scored(deployment.id, "training")


def test_nothing_of_a_discarded_model_is_left_to_predict_with(repository: Repository) -> None:
    candidate = train(repository, add(repository, chosen=False))
    repository.discard(candidate.id)
    with pytest.raises(ArtifactMissingError):
        repository.artifact(candidate.id)
