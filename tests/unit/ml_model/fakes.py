"""ml_model's repositories, in memory."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from db.definition import Feature, Task, UseCase
from db.references import OutOfFold
from db.sets import SampleBlock, Samples, SetName
from db.snapshots import Lesson, NothingToLearnError, Snapshot
from ml_model.persistence.model.deployment import Artifact, Deployment, ModelChoice
from ml_model.persistence.model.scored import Scored
from ml_model.persistence.repository.deployments import ArtifactMissingError
from tests.audit import AuditInMemory

WINE = UseCase(
    name="wine",
    task=Task.CLASSIFICATION,
    target="cultivar",
    features=tuple(Feature(name=name) for name in ("alcohol", "hue", "proline")),
)


def block(rows: int, *, seed: int = 0, labelled: bool = True) -> SampleBlock:
    """Rows of three classes that are easy to tell apart."""
    random = np.random.default_rng(seed)
    target = np.arange(rows, dtype=float) % 3
    features = random.normal(size=(rows, 3)) + 10 * target[:, None]
    return SampleBlock(np.arange(rows), features, target if labelled else np.full(rows, np.nan))


NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass
class FakeDeployments:
    """Stands in for DeploymentRepository."""

    rows: list[Deployment] = field(default_factory=list)
    artifacts: dict[int, Artifact] = field(default_factory=dict)
    live: list[int] = field(default_factory=list)
    metrics: dict[tuple[int, str], dict[str, float]] = field(default_factory=dict)
    failures: dict[int, str] = field(default_factory=dict)
    last: datetime = NEVER

    def add(
        self,
        use_case: str,
        choice: ModelChoice,
        *,
        actor: str,
        set_at: datetime | None = None,
        chosen: bool = True,
    ) -> Deployment:
        moment = set_at or self.now()
        deployment = Deployment(
            id=len(self.rows) + 1,
            use_case=use_case,
            model_name=choice.model_name,
            hyperparameters=choice.hyperparameters,
            preprocessing=choice.preprocessing,
            run_id=choice.run_id,
            snapshot_id=choice.snapshot_id,
            set_at=moment,
            chosen_at=moment if chosen else None,
            trained_at=None,
        )
        self.rows.append(deployment)
        return deployment

    def now(self) -> datetime:
        """Later than it was asked before, as of two transactions: here two calls may share a microsecond."""
        self.last = max(datetime.now(UTC), self.last + timedelta(microseconds=1))
        return self.last

    def chosen(self, use_case: str) -> Deployment | None:
        found = [
            (row.chosen_at, row.id, row) for row in self.rows if row.use_case == use_case and row.chosen_at
        ]
        return max(found)[-1] if found else None

    def choose(self, deployment_id: int) -> None:
        self.rows[deployment_id - 1] = replace(self.rows[deployment_id - 1], chosen_at=self.now())

    def discard(self, deployment_id: int) -> None:
        self.rows[deployment_id - 1] = replace(self.rows[deployment_id - 1], discarded_at=self.now())
        del self.artifacts[deployment_id]

    def active(self, use_case: str) -> Deployment | None:
        return self.rows[self.live[-1] - 1] if self.live else None

    def artifact(self, deployment_id: int) -> Artifact:
        if deployment_id not in self.artifacts:
            raise ArtifactMissingError(deployment_id)
        return self.artifacts[deployment_id]

    def hold(self, deployment_id: int) -> None:
        """One thread: nobody else is there to wait."""

    def hold_use_case(self, use_case: str) -> None:
        """One thread: nobody else is there to wait."""

    def store_training(
        self, deployment: Deployment, artifact: Artifact, *, snapshot_id: int, started: datetime, actor: str
    ) -> Deployment:
        stored = self.rows[deployment.id - 1]
        if stored.trained_at is not None:
            stored = self.add(deployment.use_case, deployment, actor=actor, set_at=started)
        stored = replace(stored, trained_at=datetime.now(UTC), snapshot_id=snapshot_id)
        self.rows[stored.id - 1] = stored
        self.artifacts[stored.id] = artifact
        return stored

    def begin_training(self, deployment_id: int, note: Mapping[str, Any]) -> None:
        """Nothing dies here."""

    def store_failure(self, deployment_id: int, failure: str) -> None:
        self.failures[deployment_id] = failure

    def has_scored(self, deployment_id: int, set_name: str) -> bool:
        return (deployment_id, set_name) in self.metrics

    def store_metrics(self, deployment_id: int, set_name: str, metrics: dict[str, float]) -> None:
        self.metrics[deployment_id, set_name] = metrics

    def activate(self, deployment: Deployment, reason: str, *, actor: str) -> None:
        self.live.append(deployment.id)


@dataclass
class FakeSamples:
    """Stands in for SampleRepository."""

    sets: dict[str, list[SampleBlock]] = field(default_factory=dict)
    predictions: dict[tuple[int, str], list[npt.NDArray[Any]]] = field(default_factory=dict)
    scoring: str = ""

    def find(self, name: str) -> UseCase:
        return WINE

    def read(self, use_case: UseCase, name: SetName, limit: int | None = None) -> SampleBlock:
        parts = self.sets.get(name, [block(0)])
        return SampleBlock(
            *(
                np.concatenate([getattr(part, column) for part in parts])[:limit]
                for column in ("sample_index", "features", "target")
            )
        )

    def has_labelled(self, use_case: UseCase, name: SetName, count: int) -> bool:
        return len(self.read(use_case, name).labelled()[1]) >= count

    def hold(self, use_case: UseCase, name: SetName) -> None:
        self.scoring = name

    def stream(self, use_case: UseCase, name: SetName, each: Callable[[Samples], object]) -> None:
        for part in self.sets.get(name, []):
            each(Samples(part.sample_index, part.features))

    def targets(self, use_case: UseCase, numbers: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        return self.read(use_case, self.scoring).target  # type: ignore[arg-type]  # a set's name

    def forget_predictions(self, use_case: UseCase, name: SetName, deployment_id: int) -> None:
        self.predictions[deployment_id, name] = []

    def see_one_moment(self) -> None:
        """Nobody changes anything here."""

    def live_predictions(self, use_case: UseCase, deployment_id: int) -> Scored:
        return Scored(np.empty(0, np.int64), np.empty(0), None)

    def add_predictions(
        self,
        use_case: UseCase,
        deployment_id: int,
        scored: Iterable[Scored],
    ) -> None:
        told = self.predictions.setdefault((deployment_id, self.scoring), [])
        told += [part.labels for part in scored]


@dataclass
class FakeSnapshots:
    """Stands in for SnapshotRepository: the training set as it is, every time the same snapshot."""

    samples: FakeSamples

    def take(self, use_case: UseCase, until: datetime | None, *, actor: str) -> Lesson:
        features, target = self.samples.read(use_case, "training").labelled()
        if not len(target):
            raise NothingToLearnError(use_case.name)
        snapshot = Snapshot(1, use_case.name, until, len(target), "", datetime.now(UTC), actor)
        return Lesson(snapshot, features, target)


@dataclass
class FakeReferences:
    """Stands in for ReferenceRepository."""

    kept: dict[int, OutOfFold] = field(default_factory=dict)

    def add(self, deployment_id: int, reference: OutOfFold) -> None:
        self.kept[deployment_id] = reference

    def find(self, deployment_id: int) -> OutOfFold | None:
        return self.kept.get(deployment_id)


@dataclass
class FakeUnit:
    """Stands in for MlModelUnitOfWork; counts its commits."""

    deployments: FakeDeployments = field(default_factory=FakeDeployments)
    samples: FakeSamples = field(default_factory=FakeSamples)
    snapshots: FakeSnapshots = field(init=False)
    references: FakeReferences = field(default_factory=FakeReferences)
    audit: AuditInMemory = field(default_factory=AuditInMemory)
    commits: int = 0

    def __post_init__(self) -> None:
        self.snapshots = FakeSnapshots(self.samples)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing to close."""

    def commit(self) -> None:
        self.commits += 1
