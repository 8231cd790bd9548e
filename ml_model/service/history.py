"""What there was: deployments, and what they were used for."""

from collections.abc import Callable
from datetime import datetime

from fleet.paging import Page, PageRequest
from ml_model.persistence.model.deployment import DeploymentRecord
from ml_model.persistence.unit_of_work import MlModelUnitOfWork


class History:
    """Every deployment there ever was, with its activations as of one moment. units: opens a transaction."""

    def __init__(self, units: Callable[[], MlModelUnitOfWork]) -> None:
        self._units = units

    def page(self, use_case: str, asked: PageRequest) -> Page[DeploymentRecord]:
        """All of a use case, that which was set last first."""
        with self._units() as work:
            work.samples.see_one_moment()
            return work.history.page(work.samples.find(use_case).name, asked)

    def at(self, use_case: str, moment: datetime) -> list[DeploymentRecord]:
        """What was used at that moment, each with the activations of that moment."""
        with self._units() as work:
            work.samples.see_one_moment()
            return work.history.at(work.samples.find(use_case).name, moment)

    def find(self, deployment_id: int) -> DeploymentRecord:
        """Raises UnknownDeploymentError."""
        with self._units() as work:
            work.samples.see_one_moment()
            return work.history.find(deployment_id)
