"""Where the worker processes of a service keep their counters, so that any of them can add all of them up.

Apart from `metrics`, because prometheus-client looks for the folder when it is imported.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fleet.temporary import clear_abandoned, temporary_folder

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
COUNTING = "mlfleet-counting"  # in an app's extensions: makes what counts answers that the app never saw
REFUSALS = "mlfleet-refusals"  # in an app's extensions: counts what is refused before the app sees it


@contextmanager
def shared_counters() -> Iterator[None]:
    """Give the processes that are started inside the block a folder of their own, until it ends.

    What services that were killed have left of theirs is removed.
    """
    clear_abandoned()
    with temporary_folder("metrics") as folder:
        os.environ[FOLDER_VARIABLE] = str(folder)  # also over a value that another service may have set
        yield


def counters_folder() -> Path | None:
    """The folder; None in a process that `serve` did not start, which counts for itself."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None
