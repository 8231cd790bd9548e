"""The version of what is live: another one after every change of it, and nobody waits for nobody."""

from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from db.definition import Feature, Task, UseCase
from db.use_cases import register_use_case, remove_use_case
from tests.conftest import Sessions

TEA = UseCase(name="tea", task=Task.REGRESSION, target="taste", features=(Feature(name="heat"),))
DEPLOYED = (
    "INSERT INTO deployments (use_case, model_name, hyperparameters, preprocessing) "
    "VALUES ('tea', 'SVR', '{}', 'none')"
)
GIVEN = (
    "INSERT INTO activations (deployment_id, use_case, role) SELECT max(id), 'tea', 'shadow' FROM deployments"
)
CHANGES = (
    GIVEN,
    "UPDATE activations SET until = now()",
    "DELETE FROM activations",
    "DELETE FROM use_cases WHERE name = 'tea'",
)


def version(sessions: Sessions) -> UUID:
    with sessions() as session:
        found: UUID = session.scalars(text("SELECT version FROM live_version")).one()
        return found


@pytest.fixture
def deployed(sessions: Sessions) -> None:
    with sessions() as session:
        register_use_case(session, TEA)
        session.execute(text(DEPLOYED))
        session.commit()


@pytest.mark.usefixtures("deployed")
def test_each_change_has_a_version_of_its_own_once_it_is_committed(sessions: Sessions) -> None:
    seen = [version(sessions)]
    for statement in CHANGES:
        with sessions() as session:
            session.execute(text(statement))
            assert version(sessions) == seen[-1]
            session.commit()
        seen.append(version(sessions))
    assert len(set(seen)) == len(CHANGES) + 1


@pytest.mark.usefixtures("deployed")
def test_what_is_taken_back_or_is_no_such_change_leaves_it(sessions: Sessions) -> None:
    before = version(sessions)
    with sessions() as session:
        session.execute(text(GIVEN))
        session.rollback()
        session.execute(text("""UPDATE use_cases SET retention = '{"results": 3}'"""))
        session.execute(text("UPDATE deployments SET chosen_at = now()"))
        session.commit()
    assert version(sessions) == before


@pytest.mark.usefixtures("deployed")
def test_two_who_change_it_at_once_do_not_wait_for_each_other(sessions: Sessions) -> None:
    one, other = sessions(), sessions()

    def begin(session: Session) -> None:
        session.execute(text("SET LOCAL lock_timeout = '2s'"))
        session.execute(text(GIVEN))

    with one, other:
        begin(one)
        begin(other)
        other.commit()
        one.commit()


@pytest.mark.usefixtures("deployed")
def test_a_use_case_that_is_removed_with_all_its_roles_changes_it_once(sessions: Sessions) -> None:
    with sessions() as session:
        session.execute(text(f"{GIVEN} CROSS JOIN generate_series(1, 2000) GROUP BY generate_series"))
        session.commit()
    before = version(sessions)
    with sessions() as session:
        remove_use_case(session, TEA)
        session.commit()
    assert version(sessions) != before
