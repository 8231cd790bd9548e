"""Where the fire stations are."""

from pathlib import Path

import pandas as pd

from fire_brigade.persistence.repository.table_files import read_table
from fleet.errors import ConflictError

SHIPPED = Path(__file__).parents[1] / "shipped" / "stations.csv"
COLUMNS = ("name", "latitude", "longitude")


class UnusableStationsError(ConflictError):
    """The station file in the reference folder is none."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"The station file {name} cannot be used: {reason}",
            f"Give it the columns {', '.join(COLUMNS)} and a line a station, or remove it: one is shipped",
        )


def read_stations(own: Path) -> pd.DataFrame:
    """Stations of the file `own`, or of the shipped one where it is missing; one row a name.

    Columns: name; latitude and longitude in degrees; borough where the file has it. Raises
    UnusableStationsError.
    """
    path = own if own.is_file() else SHIPPED
    stations = read_table(path, COLUMNS, UnusableStationsError, dtype=str, keep_default_na=False)
    if twice := stations.loc[stations["name"].duplicated(), "name"].tolist():
        raise UnusableStationsError(path.name, f"it holds {twice[0]} more than once")
    degrees = {name: pd.to_numeric(stations[name], errors="coerce") for name in ("latitude", "longitude")}
    return stations.assign(**degrees)
