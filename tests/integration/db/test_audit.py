"""Who did what, and reading it a page at a time."""

import pytest
from sqlalchemy import insert, select, text

from db.audit import AuditEvent, AuditRepository
from db.paging import newest_first
from db.shared import AuditEventRow
from fleet.paging import InvalidPageTokenError, Page, PageRequest
from tests.callers import ALICE, BOB
from tests.conftest import Sessions


def store(sessions: Sessions, count: int) -> None:
    with sessions() as session:
        audit = AuditRepository(session, "ml_model")
        for number in range(count):
            who = ALICE if number % 2 == 0 else BOB
            audit.add("set_model", number, who, use_case="wine" if number % 2 == 0 else None)
        session.commit()


def page(
    sessions: Sessions, limit: int, token: str | None = None, use_case: str | None = None
) -> Page[AuditEvent]:
    with sessions() as session:
        return AuditRepository(session, "x").page(PageRequest(limit, token), use_case=use_case)


def test_an_event_says_who_did_what_where_and_in_which_request(sessions: Sessions) -> None:
    store(sessions, 1)
    (event,) = page(sessions, 10).items
    assert (event.service, event.action, event.use_case, event.subject) == (
        "ml_model",
        "set_model",
        "wine",
        "0",
    )
    assert (event.actor, event.request_id) == ("alice", "request-1")
    assert event.at.tzinfo is not None


def test_what_was_not_done_leaves_no_event(sessions: Sessions) -> None:
    with sessions() as session:
        AuditRepository(session, "ml_model").add("train", 1, ALICE)
        session.rollback()
    assert page(sessions, 10).items == []


@pytest.mark.parametrize("limit", [1, 3, 7, 8, 100])
def test_pages_are_the_list_newest_first_without_gaps(sessions: Sessions, limit: int) -> None:
    store(sessions, 7)
    found: list[str] = []
    token: str | None = None
    for _ in range(10):
        part = page(sessions, limit, token)
        assert len(part.items) <= limit
        found += [event.subject for event in part.items]
        token = part.next_token
        if token is None:
            break
    assert found == ["6", "5", "4", "3", "2", "1", "0"]


def test_what_is_added_meanwhile_does_not_shift_the_pages(sessions: Sessions) -> None:
    store(sessions, 4)
    first = page(sessions, 2)
    store(sessions, 3)
    second = page(sessions, 2, first.next_token)
    assert [event.subject for event in first.items + second.items] == ["3", "2", "1", "0"]
    assert second.next_token is None


def test_a_use_case_has_its_own_events(sessions: Sessions) -> None:
    store(sessions, 5)
    assert [event.subject for event in page(sessions, 10, use_case="wine").items] == ["4", "2", "0"]
    assert page(sessions, 10, use_case="beer").items == []


def test_a_list_may_be_ordered_by_several_columns(sessions: Sessions) -> None:
    moments = ["2026-01-01T12:00Z", "2026-01-02T12:00Z", "2026-01-01T12:00Z", "2026-01-01T12:00Z"]
    plain = {"service": "s", "action": "a", "actor": "x", "request_id": "r"}
    with sessions() as session:
        for number, moment in enumerate(moments):
            session.execute(
                insert(AuditEventRow).values(at=text(f"'{moment}'"), subject=str(number), **plain)
            )
        keys = [AuditEventRow.at, AuditEventRow.id]
        query = select(AuditEventRow.subject)
        first = newest_first(session, query, keys, PageRequest(2), lambda row: str(row[0]))
        rest = newest_first(session, query, keys, PageRequest(9, first.next_token), lambda row: str(row[0]))
    assert (first.items, rest.items, rest.next_token) == (["1", "3"], ["2", "0"], None)


def test_a_token_of_another_list_is_refused(sessions: Sessions) -> None:
    with pytest.raises(InvalidPageTokenError):
        page(sessions, 10, "WyJ4Il0")
