"""Is the database one that this version knows? Asked before anything that runs is stopped for it."""

from db.migrate import NewerDatabaseError, check_not_newer
from fleet.errors import FleetError


class NewerSchemaError(FleetError):
    """The dataset database is one of a newer mlfleet."""


def check_schema(dataset_url: str) -> None:
    """Raises NewerSchemaError. dataset_url: SQLAlchemy's, of a database that may not be there yet."""
    try:
        check_not_newer(dataset_url)
    except NewerDatabaseError as error:
        raise NewerSchemaError(
            error.error, "Nothing was stopped or started. Start that version of mlfleet, or a newer one"
        ) from error
