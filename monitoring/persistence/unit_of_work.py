"""Monitoring's transaction."""

from datetime import datetime
from typing import Self

from sqlalchemy import func, select

from db.audit import AuditRepository
from db.jobs.table import JobTable
from db.unit_of_work import UnitOfWork
from monitoring.persistence.repository.judged_rows import JudgedRowRepository
from monitoring.persistence.repository.judged_samples import JudgedSampleRepository
from monitoring.persistence.repository.labelled_rows import LabelledRows
from monitoring.persistence.repository.loops import LoopRepository
from monitoring.persistence.repository.policies import PolicyRepository
from monitoring.persistence.repository.reference_figures import ReferenceFigureRepository
from monitoring.persistence.repository.results import ResultRepository
from monitoring.persistence.repository.scored_deployments import ScoredDeployments
from monitoring.persistence.repository.standing import StandingRepository
from monitoring.persistence.repository.verdicts import VerdictRepository
from monitoring.persistence.repository.windows import WindowRepository

NAME = "monitoring"


class MonitoringUnitOfWork(UnitOfWork):
    """A transaction with monitoring's repositories in it."""

    samples: JudgedSampleRepository
    results: ResultRepository
    windows: WindowRepository
    scored: ScoredDeployments
    judged: JudgedRowRepository
    reference_figures: ReferenceFigureRepository
    verdicts: VerdictRepository
    labelled: LabelledRows
    policies: PolicyRepository
    loops: LoopRepository
    standing: StandingRepository
    jobs: JobTable
    audit: AuditRepository

    def __enter__(self) -> Self:
        super().__enter__()
        self.samples = JudgedSampleRepository(self.session)
        self.results = ResultRepository(self.session)
        self.windows = WindowRepository(self.session)
        self.scored = ScoredDeployments(self.session)
        self.judged = JudgedRowRepository(self.session)
        self.reference_figures = ReferenceFigureRepository(self.session)
        self.verdicts = VerdictRepository(self.session)
        self.labelled = LabelledRows(self.session)
        self.policies = PolicyRepository(self.session)
        self.loops = LoopRepository(self.session)
        self.standing = StandingRepository(self.session)
        self.jobs = JobTable(self.session, NAME)
        self.audit = AuditRepository(self.session, NAME)
        return self

    def now(self) -> datetime:
        """PostgreSQL's time."""
        moment: datetime = self.session.scalars(select(func.clock_timestamp())).one()
        return moment

    def takes_turn(self) -> bool:
        """Whether no other watcher acts: it may until the transaction ends."""
        query = select(func.pg_try_advisory_xact_lock(func.hashtext(f"{NAME} watches")))
        return bool(self.session.scalar(query))
