"""Instants are aware and in UTC whatever was written, and the clock is the database's (D9)."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import Session

from domain.errors import Unavailable
from store.database import Database
from store.tables.calendar import FreezeRow


def freeze(at: datetime) -> FreezeRow:
    return FreezeRow(id="f", kind="*", market="*", reason="x", from_at=at, until_at=at, declared_by="x")


def stored(database: Database, at: datetime) -> datetime:
    with database.writing() as session:
        session.add(freeze(at))
    with database.reading() as session:
        found = session.get(FreezeRow, "f")
        assert found is not None
        return found.from_at


@pytest.mark.parametrize("hours", [-11, 0, 5.5, 14])
def test_an_instant_comes_back_in_utc(database: Database, hours: float) -> None:
    at = datetime(2026, 3, 29, 1, 30, 15, 123456, timezone(timedelta(hours=hours)))

    found = stored(database, at)

    assert found == at
    assert found.utcoffset() == timedelta(0)


def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    with pytest.raises(StatementError, match="time zone"):
        stored(database, datetime(2026, 1, 1))  # noqa: DTZ001 - the very thing that is refused


def test_the_clock_is_aware_and_close_to_this_machines(database: Database) -> None:
    with database.reading() as session:
        assert abs(database.wall(session) - datetime.now(UTC)) < timedelta(seconds=5)
        assert database.wall(session).utcoffset() == timedelta(0)


def test_only_development_travels(database: Database) -> None:
    with database.writing() as session:
        session.execute(text("UPDATE installation SET offset_seconds = 86400"))
    production = Database(database.url)
    with database.reading() as session:
        assert timedelta(hours=23) < database.now(session) - database.wall(session) < timedelta(hours=25)
        assert abs(production.now(session) - database.wall(session)) < timedelta(seconds=5)
    production.close()


def test_a_database_that_is_not_there_is_unavailable() -> None:
    nowhere = Database("sqlite:////nowhere/at/all.db")

    with pytest.raises(Unavailable) as caught, nowhere.reading() as session:
        assert isinstance(session, Session)
        session.execute(text("SELECT 1"))

    assert caught.value.code == "database_unavailable"
    nowhere.close()
