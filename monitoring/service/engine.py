"""Evidently, imported and tried out in the background: its import alone takes seconds."""

import logging
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fleet.errors import UnavailableError
from monitoring.persistence.model.judged_sets import PREDICTION, TARGET, JudgedSets
from monitoring.service.group_names import GROUP_NAMES

if TYPE_CHECKING:
    from monitoring.service.comparison import Comparison

log = logging.getLogger(__name__)

TRIAL_ROWS = 30


class StillWarmingUpError(UnavailableError):
    """Evidently is not loaded yet."""

    def __init__(self) -> None:
        super().__init__("Evidently is still being loaded", "Ask again in a few seconds")


class UnusableEngineError(UnavailableError):
    """Evidently is installed wrongly, or in a version that this code does not know."""

    def __init__(self) -> None:
        super().__init__(
            "Evidently does not work here: its warm-up failed",
            "See the log of monitoring, and install what monitoring/requirements.txt and constraints.txt say",
        )


class Engine:
    """Computes verdicts and reports. Evidently is imported through here only, and only when needed."""

    def __init__(self) -> None:
        self._warm = threading.Event()
        self._usable = True

    def start(self) -> None:
        """Warm up in the background."""
        threading.Thread(target=self._warm_up, name="warm-up", daemon=True).start()

    def check(self) -> None:
        """Raises StillWarmingUpError until requests are answered; UnusableEngineError if none ever is."""
        if not self._usable:
            raise UnusableEngineError
        if not self._warm.is_set():
            raise StillWarmingUpError

    def run_tests(self, sets: JudgedSets, groups: Sequence[str]) -> dict[str, Any]:
        """Verdicts of the groups; see monitoring.service.verdict."""
        from monitoring.service.verdict import run_tests  # noqa: PLC0415 - imports Evidently

        return run_tests(_comparison(sets), groups)

    def run_report(self, sets: JudgedSets) -> dict[str, Any]:
        """Evidently's report; see monitoring.service.report."""
        from monitoring.service.report import run_report  # noqa: PLC0415 - imports Evidently

        return run_report(_comparison(sets))

    def _warm_up(self) -> None:
        sets = _made_up_sets()
        try:
            self.run_tests(sets, GROUP_NAMES)
        except Exception:  # whatever it is: a request would end in it too
            log.exception("The warm-up failed")
            self._usable = False
            return
        self._warm.set()
        self.run_report(sets)  # slow, and seldom asked for: nobody need wait for it
        log.info("Evidently is warm")


def _comparison(sets: JudgedSets) -> "Comparison":
    from monitoring.service.comparison import Comparison  # noqa: PLC0415 - imports Evidently

    classes = {TARGET, PREDICTION} if sets.classifies else set[str]()
    categorical = frozenset(classes | sets.categories.keys())
    return Comparison(
        sets.reference, sets.current, sets.features, categorical, sets.categories, sets.unlisted
    )


def _made_up_sets() -> JudgedSets:
    import pandas as pd  # noqa: PLC0415

    random = np.random.default_rng(0)
    features = ("first", "second")
    frame = pd.DataFrame(random.normal(size=(TRIAL_ROWS, len(features))), columns=list(features))
    frame[TARGET] = frame[PREDICTION] = np.arange(TRIAL_ROWS) % 3
    return JudgedSets(0, frame, frame, features, classifies=True)
