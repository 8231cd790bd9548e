"""How well predicted times fit the true ones."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Scores:
    """mse in s², mae and max_error in s; r2_score is 1 for a perfect fit."""

    mse: float
    r2_score: float
    mae: float
    max_error: float

    def by_name(self) -> dict[str, float]:
        """The figures under their names."""
        return asdict(self)
