"""The queue: procrastinate, told only which job a service's workers are to look at."""

from typing import Any

from procrastinate import App
from procrastinate.connector import BaseConnector
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from sqlalchemy import Connection

from db.jobs.orders import TASK


def add(connection: Connection, service: str, job_id: str) -> None:
    """Have a worker of the service look at the job, once the connection's transaction is committed."""
    _deferring.configure_task(TASK, queue=service, lock=job_id, connection=connection).defer(job_id=job_id)


class _TransactionOnly(SQLAlchemyPsycopg2Connector):
    """Has no connection of its own."""

    def open(self, *_: Any) -> None:
        """Nothing to open."""

    def get_sync_connector(self) -> BaseConnector:
        return self


_deferring = App(connector=_TransactionOnly())
