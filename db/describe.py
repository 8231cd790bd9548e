"""Writes extras/Database.md from the tables themselves: `python -m db.describe DATASET_URL MLFLOW_URL`."""

import sys
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Inspector, create_engine, inspect
from sqlalchemy.dialects import postgresql
from sqlalchemy.types import TypeEngine

QUEUE = "procrastinate_"  # its tables are its own, and described by it
HEADER = """# Databases

Written by `python -m db.describe` from the tables themselves; a test fails when it is out of date.
One PostgreSQL server holds two databases: `dataset`, which is mlfleet's own, and `mlflow`, which MLflow makes
and migrates.
"""

DATABASES = {
    "dataset": "A schema per use case, with the same four tables (`wine` is shown), and `public`, which all "
    "share. `wine` comes first on the search path: `select * from samples` in psql shows it.",
    "mlflow": "Experiments, runs, their parameters, metrics and tags, registered models and traces. "
    "Read it through MLflow; nothing else writes to it.",
}


def describe(dataset_url: str, mlflow_url: str) -> str:
    """The document, as Markdown. The databases must be migrated, and wine registered."""
    parts = [HEADER]
    for (name, text), url, schemas in zip(
        DATABASES.items(), (dataset_url, mlflow_url), (["public", "wine"], ["public"]), strict=True
    ):
        parts.append(f"## Database `{name}`\n\n{text}\n")
        engine = create_engine(url)
        inspector = inspect(engine)
        for schema in schemas:
            parts.extend(_tables(inspector, schema))
        engine.dispose()
    return "\n".join(parts)


def _tables(inspector: Inspector, schema: str) -> Iterator[str]:
    for table in sorted(inspector.get_table_names(schema)):
        if table.startswith(QUEUE):
            continue
        comment = inspector.get_table_comment(table, schema)["text"]
        lines = [f"### `{schema}.{table}`", ""]
        if comment:
            lines += [f"{comment}.", ""]
        lines += ["| column | type | null | key | |", "|---|---|---|---|---|"]
        keys = _keys(inspector, table, schema)
        for column in inspector.get_columns(table, schema):
            null = "yes" if column["nullable"] else ""
            name = column["name"]
            text = column.get("comment") or ""
            lines.append(f"| `{name}` | {_type(column['type'])} | {null} | {keys.get(name, '')} | {text} |")
        yield "\n".join([*lines, ""])


def _type(column_type: TypeEngine[Any]) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]  # SQLAlchemy gives it no types
    return str(column_type.compile(dialect=dialect)).lower()


def _keys(inspector: Inspector, table: str, schema: str) -> dict[str, str]:
    primary = inspector.get_pk_constraint(table, schema)["constrained_columns"]
    keys = dict.fromkeys(primary, "primary")
    for key in inspector.get_foreign_keys(table, schema):
        target_schema = key["referred_schema"] or schema
        for column, target in zip(key["constrained_columns"], key["referred_columns"], strict=True):
            reference = f"→ `{target_schema}.{key['referred_table']}.{target}`"
            keys[column] = f"{keys[column]}, {reference}" if column in keys else reference
    return keys


if __name__ == "__main__":
    sys.stdout.write(describe(*sys.argv[1:3]))
