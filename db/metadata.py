"""All shared tables together, for whoever compares them with a database."""

from db.jobs.row import JobRow
from db.loop import LoopRow
from db.shared import SharedTable
from db.streams import StreamBatchRow

# Their tables are known once they are imported.
MODULES = (JobRow.__module__, LoopRow.__module__, StreamBatchRow.__module__)
METADATA = SharedTable.metadata
