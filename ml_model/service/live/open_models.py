"""The models that are in memory, each once, whoever asks: live requests, versions by number, scorings."""

import threading
from collections.abc import Callable, Collection

from fleet.memory import give_back
from ml_model.persistence.unit_of_work import MlModelUnitOfWork
from ml_model.service.artifacts import open_artifact
from ml_model.service.live.opened import Opened, Served, close_longest_unused
from ml_model.service.predictor import Predictor

LEAST_BYTES = 24 * 1024  # what a model counts for at least: the smallest takes some 140 KiB of memory
TURNS = 16  # two of one number are never opened at once, two of different ones mostly are


def stored_models(units: Callable[[], MlModelUnitOfWork], key: bytes) -> Callable[[int], Served]:
    """Opens a deployment's model. units: opens a transaction, in any thread. key: signs artifacts."""

    def load(deployment_id: int) -> Served:
        with units() as work:
            found = work.history.find(deployment_id)
            artifact = work.deployments.artifact(deployment_id)
            features = len(work.samples.find(found.use_case).features)
        opened = Opened(
            open_artifact(artifact, key, threads=1),
            max(len(artifact.data), LEAST_BYTES),
            lambda: again(deployment_id),
        )
        quick = opened.takes_no_time(features)
        return Served(deployment_id, found.model_name, opened, quick, found.use_case)

    def again(deployment_id: int) -> Predictor:
        with units() as work:
            artifact = work.deployments.artifact(deployment_id)
        return open_artifact(artifact, key, threads=1)

    return load


class OpenModels:
    """Models by their deployment's number. load: opens one.

    most_bytes: of the artifacts of those that are open, counted as LEAST_BYTES or more. Beyond, what was
    asked longest ago is closed; it is forgotten too, unless it has a role.
    """

    def __init__(self, load: Callable[[int], Served], most_bytes: int) -> None:
        self._load = load
        self._most_bytes = most_bytes
        self._kept: dict[int, Served] = {}
        self._with_role: Collection[int] = ()
        self._keeping = threading.Lock()
        self._opening = [threading.Lock() for _ in range(TURNS)]

    def find(self, deployment_id: int) -> Served | None:
        """The model, if it is kept; nobody waits."""
        return self._kept.get(deployment_id)

    def open(self, deployment_id: int) -> Served:
        """The model, opened unless somebody else has meanwhile.

        Raises UnknownDeploymentError, ArtifactMissingError, UntrustedArtifactError, UnreadableArtifactError.
        """
        with self._opening[deployment_id % TURNS]:
            served = self.find(deployment_id)
            if served is None:
                served = self._load(deployment_id)
                served.predictor.opened_again = self._close_unused
                with self._keeping:
                    self._kept[deployment_id] = served
                self._close_unused()
            return served

    def predictor(self, deployment_id: int) -> Predictor:
        """For work of its own on many rows. Raises what `open` does."""
        return self.open(deployment_id).predictor.on_all_cores()

    def keep(self, with_role: Collection[int], use_cases: Collection[str]) -> None:
        """Who has a role now, and of which use cases models are kept at all. Who had one is forgotten."""
        with self._keeping:
            retired = set(self._with_role).difference(with_role)
            self._with_role = with_role
            self._kept = {
                number: each
                for number, each in self._kept.items()
                if number not in retired and each.use_case in use_cases
            }

    def _close_unused(self) -> None:
        with self._keeping:
            if not close_longest_unused([each.predictor for each in self._kept.values()], self._most_bytes):
                return
            self._kept = {
                number: each
                for number, each in self._kept.items()
                if each.predictor.is_open or number in self._with_role
            }
        give_back()
