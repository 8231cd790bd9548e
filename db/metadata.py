"""All shared tables together, for whoever compares them with a database."""

from db.jobs.row import JobRow
from db.loop import LoopRow
from db.shared import SharedTable

MODULES = (JobRow.__module__, LoopRow.__module__)  # their tables are known once they are imported
METADATA = SharedTable.metadata
