"""Bookkeeping: what the workflow has not seen is rung again, once a minute; what is old and done is forgotten (D1, D7)."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlmodel import SQLModel

from commands.bookkeeping import claim_bells, forget_old, note_rung, note_seen, sign_in, wake_overdue
from commands.command import Call
from domain.party import SYSTEM
from store.tables.directory import SessionRow
from store.tables.installation import IdempotencyRow
from store.tables.outbox import OutboxRow
from tests.builders import REQUESTER, Business

WORKER = Call(SYSTEM, "")


def count(business: Business, table: type[SQLModel]) -> int:
    with business.database.reading() as session:
        found: int = session.execute(select(func.count()).select_from(table)).scalar_one()
        return found


def age(business: Business, table: type[SQLModel], column: str, by: timedelta) -> None:
    """Make every row of a table older."""
    with business.database.writing() as session:
        at = business.database.wall(session) - by
        session.execute(update(table).values({column: at}))


def test_what_nobody_has_seen_is_rung_again_once_a_minute(business: Business) -> None:
    business.submitted()
    assert wake_overdue(business.gateway, WORKER, 10) == 0, "its own bell has just been written"
    assert len(claim_bells(business.gateway, WORKER, 10)) == 1
    age(business, OutboxRow, "created_at", timedelta(minutes=2))

    assert wake_overdue(business.gateway, WORKER, 10) == 1
    assert wake_overdue(business.gateway, WORKER, 10) == 0
    assert [bell.reason for bell in claim_bells(business.gateway, WORKER, 10)] == ["overdue"]


def test_what_waits_for_a_deadline_is_rung_when_it_has_passed(business: Business) -> None:
    change = business.awaiting()
    age(business, OutboxRow, "created_at", timedelta(minutes=2))
    assert wake_overdue(business.gateway, WORKER, 10) == 0

    business.travel(2 * 86_400)

    assert wake_overdue(business.gateway, WORKER, 10) == 1
    assert business.at(change).state == "awaiting_approval"


def test_what_was_seen_before_does_not_hide_what_came_after(business: Business) -> None:
    change = business.awaiting()
    at = business.at(change)

    note_seen(business.gateway, WORKER, change, at.version - 1, None)

    assert business.at(change).seen_version == at.seen_version


def test_what_is_old_is_forgotten_and_nothing_else(business: Business) -> None:
    business.submitted()
    sign_in(business.gateway, Call(business.call(REQUESTER).actor, ""))
    before = {table: count(business, table) for table in (IdempotencyRow, SessionRow, OutboxRow)}
    assert all(before.values())
    assert forget_old(business.gateway, WORKER) == 0

    age(business, OutboxRow, "created_at", timedelta(days=2))
    assert forget_old(business.gateway, WORKER) == 0, "a bell that was never rung is kept"
    with business.database.reading() as session:
        bells = [bell.id for bell in session.execute(select(OutboxRow)).scalars()]
    note_rung(business.gateway, WORKER, bells)
    age(business, IdempotencyRow, "created_at", timedelta(days=31))
    age(business, SessionRow, "expires_at", timedelta(seconds=1))

    assert forget_old(business.gateway, WORKER) == sum(before.values())


@pytest.mark.parametrize("days", [1, 29])
def test_keys_are_kept_for_thirty_days(business: Business, days: int) -> None:
    business.draft()
    age(business, IdempotencyRow, "created_at", timedelta(days=days))

    forget_old(business.gateway, WORKER)

    assert count(business, IdempotencyRow) > 0
