"""Where searches are made: on this machine, or on a cluster."""

from tracking.persistence.model.engine import Engine
from tracking.service.processes import LocalProcesses


def engine_for(dask_scheduler: str | None) -> Engine:
    """dask_scheduler: address of a cluster's; None for processes of this machine."""
    if dask_scheduler is None:
        return LocalProcesses()
    from tracking.persistence.repository.cluster import DaskCluster  # noqa: PLC0415  # few fleets have one

    return DaskCluster(dask_scheduler)
