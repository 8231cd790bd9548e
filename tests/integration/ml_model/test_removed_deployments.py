"""What is asked for a deployment that goes meanwhile, with its use case."""

from datetime import UTC, datetime

import pytest

from ml_model.persistence.model.deployment import Artifact, Deployment
from ml_model.persistence.repository.deployments import DeploymentRemovedError, DeploymentRepository
from tests.conftest import Sessions

GONE = 999_999


def test_training_and_judging_it_is_a_conflict(sessions: Sessions) -> None:
    moment = datetime.now(UTC)
    gone = Deployment(
        id=GONE,
        use_case="tea",
        model_name="Ridge",
        hyperparameters={},
        preprocessing="none",
        set_at=moment,
        chosen_at=moment,
        trained_at=None,
    )
    with sessions() as session:
        deployments = DeploymentRepository(session)
        with pytest.raises(DeploymentRemovedError):
            deployments.begin_training(GONE, {})
        with pytest.raises(DeploymentRemovedError):
            deployments.store_training(
                gone, Artifact("joblib", b"", b""), snapshot_id=1, started=moment, actor="alice"
            )
        with pytest.raises(DeploymentRemovedError) as caught:
            deployments.store_metrics(GONE, "testing", {"r2": 1.0})
    assert caught.value.status == 409
