"""process_data beside pandas with openpyxl, and build_features: `python -m tests.benchmarks.fire_brigade`.

Makes up 240 000 incidents and 360 000 mobilisations (or as many as the first argument says), runs each piece
in a process of its own on the same files, and prints a Markdown table. Takes some minutes.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from fire_brigade.config.columns import INCIDENT_COLUMNS, MOBILISATION_COLUMNS
from fire_brigade.persistence.model.records import RecordSource
from fire_brigade.service.build_features import Bands, build_features
from fire_brigade.service.generate_records import generate_records
from fire_brigade.service.paths import FeatureFiles
from fire_brigade.service.process_data import process_data
from tests.fire_brigade_log import KeptLog

INCIDENTS = 240_000
YEARS = (2022, 2023)
BANDS = Bands(speed=(5, 35), seconds=(193, 539))


def process(folder: Path) -> None:
    sources = [
        RecordSource(
            "incident",
            (folder / "made_up_incidents.xlsx").as_uri(),
            "url_incident",
            folder / "incident_data.csv",
            INCIDENT_COLUMNS,
        ),
        RecordSource(
            "mobilisation",
            (folder / "made_up_mobilisations.xlsx").as_uri(),
            "url_mobilisation",
            folder / "mobilisation_data.csv",
            MOBILISATION_COLUMNS,
        ),
    ]
    process_data(sources, years=YEARS, log=KeptLog())


def pandas_with_openpyxl(folder: Path) -> None:
    for name in ("incidents", "mobilisations"):
        table = pd.read_excel(folder / f"made_up_{name}.xlsx", engine="openpyxl")
        table[table["CalYear"].isin(YEARS)].to_csv(folder / f"pandas_{name}.csv", index=False)


def build(folder: Path) -> None:
    files = FeatureFiles(
        folder / "incident_data.csv",
        folder / "mobilisation_data.csv",
        folder / "stations.csv",
        folder / "global_data.csv",
    )
    build_features(files, BANDS, log=KeptLog())


def generate(folder: Path) -> None:
    generate_records(folder, int((folder / "count").read_text(encoding="utf-8")))


PIECES: dict[str, Callable[[Path], None]] = {
    piece.__name__: piece for piece in (generate, process, pandas_with_openpyxl, build)
}


def measured(piece: str, folder: Path) -> tuple[float, float]:
    """Seconds and peak MiB of a piece, in a process of its own."""
    command = [sys.executable, "-m", "tests.benchmarks.fire_brigade", "--piece", piece, str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=3600)
    seconds, mebibytes = json.loads(done.stdout)
    return seconds, mebibytes


def run_piece(piece: str, folder: Path) -> None:
    started = time.perf_counter()
    PIECES[piece](folder)
    seconds = time.perf_counter() - started
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))  # noqa: T201


def compare(incidents: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "count").write_text(str(incidents), encoding="utf-8")
        figures = {piece: measured(piece, folder) for piece in PIECES}
    lines = ["| | seconds | peak MiB |", "|---|---|---|"]
    lines += [f"| {piece} | {seconds:.1f} | {mib:.0f} |" for piece, (seconds, mib) in figures.items()]
    times = figures["pandas_with_openpyxl"][0] / figures["process"][0]
    lines.append(f"\n{incidents} incidents; process is {times:.1f} times as fast as pandas with openpyxl.")
    print("\n".join(lines))  # noqa: T201


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="?", default=str(INCIDENTS), help="how many incidents")
    parser.add_argument("--piece", choices=PIECES, help="run this one only, in the folder that target names")
    told = parser.parse_args()
    if told.piece:
        run_piece(told.piece, Path(told.target))
    else:
        compare(int(told.target))
