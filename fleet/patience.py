"""How long somebody waits for what he has asked for."""

import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Patience:
    """until: the moment of `time.monotonic` at which it ends. gone: whether nobody waits already before."""

    until: float
    gone: Callable[[], bool] = lambda: False

    @classmethod
    def of(cls, seconds: float) -> "Patience":
        """From now on, whatever happens."""
        return cls(time.monotonic() + seconds)

    @property
    def left(self) -> float:
        """Seconds until it ends; 0 if it has ended, or if nobody waits any more."""
        return 0.0 if self.gone() else max(0.0, self.until - time.monotonic())
