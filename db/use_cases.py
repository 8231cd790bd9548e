"""Registering use cases, which makes their tables, and finding them again."""

import time
from typing import Any

from psycopg2.errors import LockNotAvailable
from sqlalchemy import delete, func, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateSchema, DropSchema

from db.definition import Retention, UseCase
from db.integrity import keep_predictions_true
from db.limits import check_row_fits
from db.shared import DeploymentRow, UseCaseRow
from db.tables import UseCaseTables, use_case_tables
from fleet.errors import ConflictError, NotFoundError

DATASETS = {"training": 1, "testing": 2, "production": 3}

REMOVAL_TRIES = 20
REMOVAL_LOCK_MS = 300  # less than deadlock_timeout, 1 s, after which PostgreSQL would end one of the two
REMOVAL_PAUSE_S = 0.1


class UnknownUseCaseError(NotFoundError):
    """No use case of that name is registered."""

    def __init__(self, name: str, known: list[str]) -> None:
        choices = ", ".join(known) if known else "none yet: start the simulator first"
        super().__init__(f"There is no use case '{name[:63]}'", f"Registered use cases: {choices}")


class UnknownDeploymentError(NotFoundError):
    """There is no deployment of that id, or it is another use case's."""

    def __init__(self, deployment_id: int, use_case: str | None = None) -> None:
        of = f" of '{use_case}'" if use_case else ""
        super().__init__(
            f"There is no deployment {deployment_id}{of}",
            "GET /root/ml/deployments lists those that there are",
        )


class UseCaseChangedError(ConflictError):
    """A definition differs from the one that its tables were made from."""

    def __init__(self, name: str) -> None:
        super().__init__(
            f"The definition of use case '{name}' is not the one it was registered with",
            "Give the changed definition a new name, or restore the old one: its tables hold rows",
        )


def registered_use_case(session: Session, name: str) -> UseCase | None:
    """The registered definition, or None."""
    row = session.get(UseCaseRow, name)
    return None if row is None else _definition(row)


def find_use_case(session: Session, name: str) -> UseCase:
    """The registered definition; raises UnknownUseCaseError."""
    found = registered_use_case(session, name)
    if found is None:
        known = session.scalars(select(UseCaseRow.name).order_by(UseCaseRow.name))
        raise UnknownUseCaseError(name, list(known))
    return found


def every_use_case(session: Session) -> list[UseCase]:
    """The registered definitions, by name."""
    return [_definition(row) for row in session.scalars(select(UseCaseRow).order_by(UseCaseRow.name))]


def register_use_case(session: Session, use_case: UseCase) -> UseCaseTables:
    """Write the definition down and make its tables, unless both are there. Nothing is ever dropped.

    Raises UseCaseChangedError if the name is registered with another definition, WideRowError if a row of a
    new one could not be stored.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"register {use_case.name}"))))
    row = session.get(UseCaseRow, use_case.name)
    if row is None:
        check_row_fits(use_case)
        session.add(UseCaseRow(**_columns(use_case)))
        session.flush()
    elif _definition(row) != use_case:
        raise UseCaseChangedError(use_case.name)
    tables = use_case_tables(use_case)
    session.execute(CreateSchema(use_case.name, if_not_exists=True))
    tables.metadata.create_all(session.connection())
    keep_predictions_true(session.connection(), use_case.name)
    return tables


def remove_use_case(session: Session, use_case: UseCase) -> int:
    """Drop its tables, and delete its deployments and results; returns how many deployments there were.

    Waits for whoever reads or writes its rows, and lets those go on who wait for it in turn. The audit trail
    stays.
    """
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext(f"register {use_case.name}"))))
    count = select(func.count()).select_from(DeploymentRow).where(DeploymentRow.use_case == use_case.name)
    deployments = session.scalar(count) or 0
    for _ in range(REMOVAL_TRIES):
        try:
            with session.begin_nested():
                session.execute(text(f"SET LOCAL lock_timeout = {REMOVAL_LOCK_MS}"))
                _drop(session, use_case)
        except OperationalError as error:
            if not isinstance(error.orig, LockNotAvailable):
                raise
            time.sleep(REMOVAL_PAUSE_S)
        else:
            return deployments
    _drop(session, use_case)  # whoever is always busy does not keep it for ever
    return deployments


def _drop(session: Session, use_case: UseCase) -> None:
    session.execute(DropSchema(use_case.name, cascade=True, if_exists=True))
    session.execute(delete(UseCaseRow).where(UseCaseRow.name == use_case.name))


def set_retention(session: Session, name: str, retention: Retention) -> None:
    """Say how long things of a registered use case are kept; unlike its definition, that may change."""
    session.get_one(UseCaseRow, name).retention = retention.model_dump(exclude_none=True)


def _columns(use_case: UseCase) -> dict[str, Any]:
    columns = use_case.model_dump(mode="json")
    for feature in columns["features"]:
        if not feature["categories"]:
            del feature["categories"]
    return columns


def _definition(row: UseCaseRow) -> UseCase:
    return UseCase(name=row.name, task=row.task, target=row.target, features=row.features)
