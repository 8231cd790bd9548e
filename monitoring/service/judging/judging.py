"""Comes to a verdict on a window of production."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from db.definition import UseCase
from db.live import NothingLiveError
from db.sets import RowRange
from db.use_cases import UnknownDeploymentError
from fleet.caller import Caller
from fleet.errors import InvalidRequestError
from monitoring.persistence.model.judged_rows import JudgedRows
from monitoring.persistence.model.policy import Evidence
from monitoring.persistence.model.verdict import KeptVerdict, NewVerdict
from monitoring.persistence.model.window import MOST_JUDGED, LastRows, Reference, Window
from monitoring.persistence.repository.windows import FoundWindow
from monitoring.persistence.unit_of_work import MonitoringUnitOfWork
from monitoring.service.evidence.decision import Figures, decide
from monitoring.service.evidence.distinct import first_of_each
from monitoring.service.evidence.drift import measure_drift
from monitoring.service.evidence.figures import LossSums
from monitoring.service.evidence.harm import measure_harm
from monitoring.service.judging.estimating import estimate
from monitoring.service.judging.losses import Loss, loss_sums, losses
from monitoring.service.judging.reference import ReferenceFigures, kinds
from monitoring.service.judging.references import References
from monitoring.service.judging.sides import side

WINDOW = LastRows(100)
POOLED_BEFORE = 2  # windows that are looked at together with the one that is judged
MUCH_LONGER = 2  # times its rows: so long a window would drown it; so many times shorter, it tells nothing


class WindowTooLargeError(InvalidRequestError):
    """More rows are in the window than are judged together."""

    def __init__(self, rows: int) -> None:
        super().__init__(
            f"The window has {rows} rows; a verdict is on {MOST_JUDGED} at most",
            "Ask for a smaller 'window', such as {\"last\": 1000}",
        )


@dataclass(frozen=True)
class Asked:
    """What is to be judged. window: of production, the last 100 rows if None.

    reference: None for training and testing. deployment_id: None for the live one. by_policy: whether a
    policy asks, whose verdicts are not to depend on what people ask for.
    """

    window: Window | None = None
    reference: Reference | None = None
    deployment_id: int | None = None
    evidence: Evidence = "auto"
    by_policy: bool = False


class Judging:
    """Comes to verdicts, and keeps them."""

    def __init__(self) -> None:
        self._references = References()

    def judge(
        self, work: MonitoringUnitOfWork, use_case: UseCase, asked: Asked, *, caller: Caller
    ) -> KeptVerdict:
        """Judge a window and keep the verdict, in the transaction at hand, which is not committed.

        Raises UnknownDeploymentError, NothingLiveError, NoReferenceError, EmptyWindowError,
        WindowTooLargeError.
        """
        deployment_id = _deployment(work, use_case, asked.deployment_id)
        work.judged.hold(use_case)
        window = asked.window or WINDOW
        found = _found(work, use_case, window)
        reference = self._references.of(work, use_case, deployment_id, asked.reference)
        before = _before(work, deployment_id, found, by_policy=asked.by_policy)
        ranges = [*(_range_of(each) for each in reversed(before)), found.range]
        windows = work.judged.read(use_case, ranges, deployment_id)
        figures, kind = _figures(use_case, windows, reference, asked.evidence)
        decision = decide(figures)
        return work.verdicts.add(
            NewVerdict(
                use_case=use_case.name,
                deployment_id=deployment_id,
                verdict=decision.verdict,
                sentence=decision.sentence,
                evidence=asked.evidence,
                reference=reference.told,
                first_id=found.ids[0],
                last_id=found.ids[1],
                rows=len(windows[-1]),
                labelled=int((~np.isnan(windows[-1].target)).sum()),
                figures={
                    **figures.as_dict(),
                    "window": window.as_dict(),
                    "loss": kind,
                    "pooled_with": [each.id for each in before],
                },
                actor=caller.name,
                by_policy=asked.by_policy,
            )
        )


def _found(work: MonitoringUnitOfWork, use_case: UseCase, window: Window) -> FoundWindow:
    found = work.windows.find(use_case, window)
    if found.rows > MOST_JUDGED:
        raise WindowTooLargeError(found.rows)
    return found


def _before(
    work: MonitoringUnitOfWork, deployment_id: int, found: FoundWindow, *, by_policy: bool
) -> Sequence[KeptVerdict]:
    """Verdicts on the windows before one that are looked at with it, the newest first."""
    verdicts = work.verdicts.before(
        deployment_id,
        found.ids[0],
        count=POOLED_BEFORE,
        rows=(-(-found.rows // MUCH_LONGER), MUCH_LONGER * found.rows),
        by_policy=by_policy,
    )
    ends = found.rows + np.cumsum([each.rows for each in verdicts])
    return verdicts[: int((ends <= MOST_JUDGED).sum())]


def _deployment(work: MonitoringUnitOfWork, use_case: UseCase, asked: int | None) -> int:
    if asked is not None:
        if not work.scored.is_deployment(use_case, asked):
            raise UnknownDeploymentError(asked, use_case.name)
        return asked
    live = work.loops.champion(use_case.name)
    if live is None:
        raise NothingLiveError(use_case.name, ", or name a 'deployment_id'")
    return live.id


def _range_of(verdict: KeptVerdict) -> RowRange:
    """The rows that a verdict was about."""
    numbers = verdict.figures.get("window", {}).get("rows")
    first, last = verdict.first_id, verdict.last_id
    return RowRange("production", first, last, None if numbers is None else (numbers[0], numbers[1]))


def _figures(
    use_case: UseCase,
    windows: Sequence[JudgedRows],
    reference: ReferenceFigures,
    evidence: Evidence,
) -> tuple[Figures, Loss]:
    """What the verdict rests on. windows: that are pooled; the last one is judged."""
    now, rows = windows[-1], JudgedRows.joined(windows)
    own, pooled = _distinct(now, reference), _distinct(rows, reference)
    kind = _kind(use_case, rows, reference)
    known, classes = reference.losses.get(kind, LossSums()), reference.classes
    harm = measure_harm(known, _lost(kind, now, reference))
    figures = Figures(
        rows=len(now),
        distinct=len(own),
        evidence=evidence,
        drift=measure_drift(reference.side, side(use_case, own, classes)),
        pooled_drift=measure_drift(reference.side, side(use_case, pooled, classes)),
        harm=harm,
        pooled_harm=measure_harm(known, _lost(kind, rows, reference)),
        predicted=int(now.predicted.sum()),
        estimate=estimate(use_case, reference.known, own) if harm.lacks_truth else None,
    )
    return figures, kind


def _kind(use_case: UseCase, rows: JudgedRows, reference: ReferenceFigures) -> Loss:
    """The kind of loss that tells most of those that both sides have."""
    own: Sequence[Loss] = kinds(use_case, rows.part(rows.comparable))
    return next((kind for kind in own if kind in reference.losses), own[-1])


def _distinct(rows: JudgedRows, reference: ReferenceFigures) -> JudgedRows:
    return rows.part(first_of_each(rows.features)) if reference.once else rows


def _lost(kind: Loss, rows: JudgedRows, reference: ReferenceFigures) -> LossSums:
    """Of rows that have a target and a prediction; of equal ones with the same target one counts."""
    known = rows.part(rows.comparable)
    if reference.once:
        known = known.part(first_of_each(np.column_stack([known.features, known.target])))
    return loss_sums(losses(kind, known, len(reference.classes)))
