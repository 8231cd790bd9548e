"""Alembic's entry: run by `db.migrate`, which hands over the connection."""

from alembic import context

from db.metadata import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    version_table_schema="public",
    include_schemas=True,
    include_name=lambda name, kind, _: kind != "schema" or name == "public",
)
with context.begin_transaction():
    context.run_migrations()
