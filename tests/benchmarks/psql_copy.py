"""What `psql \\copy` of CSV files takes: the yardstick for loading."""

import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import make_url

TARGET_COLUMNS = ("sample_index", "target_index", "class")


class Psql:
    """PostgreSQL's own client on one database. program: the path of psql."""

    def __init__(self, program: Path, url: str) -> None:
        parts = make_url(url)
        self._command = [
            *(str(program), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1"),
            *("-h", str(parts.host), "-p", str(parts.port), "-U", str(parts.username)),
            *("-d", str(parts.database)),
        ]
        self._environment = {"PATH": os.defpath, "PGPASSWORD": str(parts.password)}

    def run(self, command: str) -> None:
        """Run one SQL or backslash command; raises CalledProcessError."""
        subprocess.run([*self._command, "-c", command], env=self._environment, check=True, timeout=3600)


def export_set(
    psql: Psql, use_case: str, dataset_id: int, sample_columns: Sequence[str], folder: Path
) -> None:
    """Write a stored set to `samples.csv` and `targets.csv`, in load order."""
    for table, columns in (("samples", sample_columns), ("targets", TARGET_COLUMNS)):
        wanted = ", ".join(f"{table}.{column}" for column in columns)
        join = "" if table == "samples" else f"JOIN {use_case}.targets USING (sample_index) "
        query = (
            f"SELECT {wanted} FROM {use_case}.samples {join}"  # noqa: S608  # our own names
            f"WHERE dataset_id = {dataset_id} ORDER BY sample_id"
        )
        psql.run(f"\\copy ({query}) TO '{folder / table}.csv' (FORMAT csv, HEADER)")


def copy_set(psql: Psql, use_case: str, sample_columns: Sequence[str], folder: Path) -> float:
    """Load both files into the tables of another use case; returns the seconds it took."""
    start = time.perf_counter()
    for table, columns in (("samples", sample_columns), ("targets", TARGET_COLUMNS)):
        file = folder / f"{table}.csv"
        psql.run(f"\\copy {use_case}.{table} ({', '.join(columns)}) FROM '{file}' (FORMAT csv, HEADER)")
    return time.perf_counter() - start
