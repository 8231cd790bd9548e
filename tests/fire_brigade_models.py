"""The steps with the model, on files that a test names and with a log that it reads."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fire_brigade.persistence.repository.model_files import ModelPaths
from fire_brigade.service.models import Models
from fire_brigade.service.paths import FeatureFiles, Places
from tests.fire_brigade_log import KeptLog


class _KeptLogs:
    """The one log, whichever step is at work."""

    def __init__(self, log: KeptLog) -> None:
        self._log = log

    @contextmanager
    def step(self, _: str) -> Iterator[KeptLog]:
        yield self._log


def models(data: Path, paths: ModelPaths, files: Any, registry: Any, log: KeptLog) -> Models:
    """data: the file of features; pictures go to `evaluation` beside the model."""
    nowhere = data.with_name("none")
    records = FeatureFiles(nowhere, nowhere, nowhere, data)
    logs: Any = _KeptLogs(log)
    return Models(Places(records, nowhere, paths, paths.model.with_name("evaluation")), files, registry, logs)
