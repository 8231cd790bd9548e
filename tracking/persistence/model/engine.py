"""What a search is worked on by: processes of this machine, or a cluster."""

from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AbstractContextManager
from typing import Any, Protocol


class WorkerLostError(Exception):
    """The process that worked on a task has died."""

    def __init__(self) -> None:
        super().__init__("the process that worked on it died, perhaps for want of memory")


class Workers(Protocol):
    """Work on tasks, each of which is given what they share.

    slots: how many tasks are worked on at the same time.
    """

    slots: int

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """The task, a function known by its module, of what is shared and of these arguments.

        The future raises WorkerLostError if the worker died, or what the task raised.
        """
        ...


class Engine(Protocol):
    """Where workers come from."""

    def sharing(self, shared: Any) -> AbstractContextManager[Workers]:
        """Workers that have this, which is handed to them once; when the block ends, so do their tasks."""
        ...
