"""What models that had not seen them say of the rows that a deployment learned from, as it is stored."""

import zlib
from dataclasses import dataclass
from typing import Literal, cast

import numpy as np
import numpy.typing as npt
from sqlalchemy import delete
from sqlalchemy.orm import Session, undefer

from db.loop import DeploymentReferenceRow

Floats = npt.NDArray[np.float64]
Loss = Literal["brier", "zero_one", "absolute"]


@dataclass(frozen=True)
class OutOfFold:
    """Out-of-fold predictions of a snapshot's rows, and their losses: (rows,) each, in its order."""

    loss: Loss
    predictions: Floats
    losses: Floats

    @property
    def rows(self) -> int:
        """Rows of the snapshot."""
        return len(self.losses)


class ReferenceRepository:
    """Out-of-fold references of deployments, in the session's transaction."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(self, deployment_id: int, reference: OutOfFold) -> None:
        """Store what was made when the deployment was trained."""
        self._session.add(
            DeploymentReferenceRow(
                deployment_id=deployment_id,
                rows=reference.rows,
                loss=reference.loss,
                predictions=_packed(reference.predictions),
                losses=_packed(reference.losses),
            )
        )
        self._session.flush()

    def forget(self, deployment_id: int) -> None:
        """Delete it, if there is one."""
        kept = DeploymentReferenceRow
        self._session.execute(delete(kept).where(kept.deployment_id == deployment_id))

    def find(self, deployment_id: int) -> OutOfFold | None:
        """None if none was made, as of a deployment with too many rows."""
        kept = DeploymentReferenceRow
        options = [undefer(kept.predictions), undefer(kept.losses)]
        row = self._session.get(kept, deployment_id, options=options)
        if row is None:
            return None
        return OutOfFold(cast(Loss, row.loss), _unpacked(row.predictions), _unpacked(row.losses))


def _packed(numbers: Floats) -> bytes:
    return zlib.compress(numbers.astype("<f8").tobytes())


def _unpacked(packed: bytes) -> Floats:
    return np.frombuffer(zlib.decompress(packed), "<f8").astype(np.float64)
