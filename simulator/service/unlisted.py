"""Names of categories that are in no list: they are stored as they are, and told."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simulator.persistence.model.simulated_set import SimulatedSet
from simulator.persistence.model.simulated_use_case import SimulatedUseCase
from simulator.service.source import Floats, Indexes, Source, UnlistedNames

MOST_EXAMPLES = 5
LONGEST_EXAMPLE = 60


@dataclass(frozen=True)
class Unlisted:
    """How much of a column is in no category. share: of the rows; examples: the most frequent names first."""

    rows: int
    share: float
    examples: list[str]


def with_unlisted(
    features: Floats, index: Indexes, unlisted: Mapping[str, UnlistedNames], names: tuple[str, ...]
) -> Floats:
    """The features of these rows with positions for names that are not listed too."""
    if not unlisted:
        return features
    complete = features.copy()
    for name, found in unlisted.items():
        column, positions = names.index(name), found.positions[index]
        complete[:, column] = np.where(np.isnan(positions), complete[:, column], positions)
    return complete


def find_unlisted(use_case: SimulatedUseCase, rows: SimulatedSet) -> dict[str, Unlisted]:
    """What rows of a set are called, by feature, of those that have some."""
    positions = {
        feature.name: rows.features[:, column] - len(feature.categories)
        for column, feature in enumerate(use_case.features)
        if feature.name in rows.unlisted
    }
    return _found(rows.unlisted, positions)


def find_in_source(use_case: SimulatedUseCase, source: Source) -> dict[str, Unlisted]:
    """The same of all rows of a source."""
    listed = dict(zip(use_case.feature_names, use_case.category_counts, strict=True))
    positions = {name: found.positions - listed[name] for name, found in source.unlisted.items()}
    return _found({name: found.names for name, found in source.unlisted.items()}, positions)


def _found(names: Mapping[str, tuple[str, ...]], positions: Mapping[str, Floats]) -> dict[str, Unlisted]:
    """positions: by feature, (rows,), in its names; NaN, or less than 0, where the row has none of them."""
    found = {}
    for name, places in positions.items():
        counts = np.bincount(places[places >= 0].astype(np.intp), minlength=len(names[name]))
        if counts.any():
            frequent = np.argsort(-counts, kind="stable")[:MOST_EXAMPLES]
            examples = [names[name][place][:LONGEST_EXAMPLE] for place in frequent if counts[place]]
            count = int(counts.sum())
            found[name] = Unlisted(count, count / len(places), examples)
    return found


def describe_unlisted(found: Mapping[str, Unlisted]) -> str:
    """In words, for people; empty if there are none."""
    return "; ".join(
        f"{each.rows} rows ({each.share:.0%}) of '{name}' are in no category, such as {each.examples[0]!r}"
        for name, each in found.items()
    )


def told_unlisted(message: str, found: Mapping[str, Unlisted]) -> dict[str, Any]:
    """An answer's message, with what is in no category, and the same by column, if there is any."""
    if not found:
        return {"message": message}
    columns = {name: asdict(each) for name, each in found.items()}
    return {"message": f"{message}; {describe_unlisted(found)}", "unlisted": columns}
