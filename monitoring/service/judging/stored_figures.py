"""A reference's figures as bytes, which are kept beside its deployment."""

import io
import json
from dataclasses import asdict
from typing import Any

import numpy as np

from monitoring.service.evidence.figures import ColumnFigures, LossSums
from monitoring.service.judging.estimating import KnownRows
from monitoring.service.judging.reference import ReferenceFigures

LAYOUT = "2"  # another one whenever more, or something else, is kept: what was kept before is made anew


def to_bytes(reference: ReferenceFigures) -> bytes:
    """An archive of numpy; `from_bytes` reads it."""
    names = list(reference.side)
    arrays: dict[str, Any] = {
        "classes": reference.classes,
        "known_said": reference.known.said,
        "known_off": reference.known.off,
    }
    for number, figures in enumerate(reference.side.values()):
        arrays[f"values_{number}"] = figures.values
        if figures.counts is not None:
            arrays[f"counts_{number}"] = figures.counts
    told = {
        "columns": [[name, reference.side[name].rows, reference.side[name].missing] for name in names],
        "losses": {kind: asdict(sums) for kind, sums in reference.losses.items()},
        "once": reference.once,
        "told": reference.told,
    }
    file = io.BytesIO()
    np.savez(file, json=np.frombuffer(json.dumps(told).encode(), np.uint8), **arrays)
    return file.getvalue()


def from_bytes(stored: bytes) -> ReferenceFigures:
    """What `to_bytes` was given."""
    with np.load(io.BytesIO(stored), allow_pickle=False) as arrays:
        told = json.loads(arrays["json"].tobytes())
        side = {
            name: ColumnFigures(
                rows,
                missing,
                arrays[f"values_{number}"],
                arrays.get(f"counts_{number}"),
            )
            for number, (name, rows, missing) in enumerate(told["columns"])
        }
        losses = {kind: LossSums(**sums) for kind, sums in told["losses"].items()}
        known = KnownRows(arrays["known_said"], arrays["known_off"])
        return ReferenceFigures(side, arrays["classes"], losses, known, told["once"], told["told"])
