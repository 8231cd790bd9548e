"""Reads rows that come as CSV, as MLflow's scoring server takes them."""

import csv
import io

from ml_model.service.live.predictions import Asked
from ml_model.service.live.table import Table
from ml_model.web.prediction_body import UnreadableBodyError

CSV_TYPE = "text/csv"


def read_csv(body: bytes, key: str, *, use_case: str) -> Asked:
    """The request. The first line names the columns; a cell may be missing in all ways that pandas knows.

    Raises UnreadableBodyError; cells are looked at later.
    """
    try:
        lines = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline=""), strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise UnreadableBodyError(f"it is no CSV in UTF-8: {error}") from error
    names, *rows = [line for line in lines if line] or [[]]
    if not names:
        raise UnreadableBodyError("its first line does not name the columns")
    return Asked(use_case, Table(rows, names, free=True), key)
