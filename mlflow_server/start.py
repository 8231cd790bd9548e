"""Starts MLflow in its container, once its database answers: `python mlflow_server/start.py`.

MLflow knows only an address with the password in it, which everybody could read in its environment; libpq
takes the password from a file of its own form, which nobody else may read. And for a database that is late
MLflow would wait in steps of up to a minute.
"""

import os
import re
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psycopg2
from psycopg2 import sql

PASSWORDS = Path(tempfile.gettempdir()) / "pgpass"  # in the container, in memory
WAIT_SECONDS = 1.0
# What tracking's lists are read from; parameters, users, and all else are nobody's but MLflow's.
READ_BY_LISTS = ("alembic_version", "experiments", "experiment_tags", "runs", "tags", "latest_metrics")
COMMAND = (
    *("mlflow", "server", "--host", "0.0.0.0", "--port", "5000", "--workers", "1"),  # noqa: S104  # in a container
    *("--serve-artifacts", "--artifacts-destination", "/var/lib/mlflow"),
    # Its health is asked for every few seconds: no line for each.
    *("--uvicorn-opts", "--log-level warning"),
)


def main() -> None:
    """Never returns: MLflow takes the place of this process."""
    password = Path(os.environ["MLFLOW_DATABASE_PASSWORD_FILE"]).read_text(encoding="utf-8").strip()
    PASSWORDS.touch(mode=0o600)
    PASSWORDS.write_text("*:*:*:*:" + re.sub(r"([\\:])", r"\\\1", password) + "\n", encoding="utf-8")
    os.environ["PGPASSFILE"] = str(PASSWORDS)
    address = os.environ["MLFLOW_BACKEND_STORE_URI"].replace("+psycopg2", "")
    _wait_for_database(address)
    make_tables(address)
    let_read(address, os.environ.get("MLFLOW_READER", ""))
    os.execvp(COMMAND[0], COMMAND)  # noqa: S606  # no shell is wanted


def _wait_for_database(address: str) -> None:
    """Says each reason for waiting once."""
    said = ""
    while True:
        try:
            psycopg2.connect(address, connect_timeout=3).close()
        except psycopg2.OperationalError as error:
            reason = " ".join(str(error).split())
        else:
            return
        if reason != said:
            sys.stderr.write(f"Waiting for MLflow's database: {reason}\n")
            said = reason
        time.sleep(WAIT_SECONDS)


def let_read(address: str, role: str) -> None:
    """Let a role read the tables that lists of runs come from, and no others. role: empty for nobody.

    What an earlier version let it read is taken back.
    """
    if not role:
        return
    name = sql.Identifier(role)
    with closing(psycopg2.connect(address)) as connection, connection, connection.cursor() as cursor:
        database = sql.Identifier(connection.info.dbname)
        tables = sql.SQL(", ").join(map(sql.Identifier, READ_BY_LISTS))
        for statement in (
            sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA public REVOKE SELECT ON TABLES FROM {}").format(name),
            sql.SQL("REVOKE SELECT ON ALL TABLES IN SCHEMA public FROM {}").format(name),
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(database, name),
            sql.SQL("GRANT SELECT ON {} TO {}").format(tables, name),
        ):
            cursor.execute(statement)


def make_tables(address: str) -> None:
    """MLflow itself would make them at its first start, after this process has let them be read."""
    with closing(psycopg2.connect(address)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s) IS NOT NULL", (READ_BY_LISTS[-1],))
        (are_there,) = cursor.fetchone() or (False,)
    if not are_there:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # noqa: PLC0415  # takes seconds

        SqlAlchemyStore(address.replace("postgresql://", "postgresql+psycopg2://", 1), "mlflow-artifacts:/")


if __name__ == "__main__":
    main()
