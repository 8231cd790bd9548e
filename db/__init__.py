"""The dataset database: its tables, migrations, bulk load and unload, and an embedded server."""
