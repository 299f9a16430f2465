"""What is immutable the database itself keeps, also from the application's own login; readers cannot write (D5, D2a)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Column, Executable, Table, delete, insert, select, text, update
from sqlalchemy.dialects import postgresql as postgresql_dialect
from sqlalchemy.dialects import sqlite as sqlite_dialect
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, SQLModel

from domain.errors import Unavailable
from store.database import Database
from store.tables.columns import IMMUTABLE, Instant
from store.tables.installation import CounterRow

TABLES = sorted(IMMUTABLE)
VALUES: dict[type, Any] = {int: 1, bool: False, bytes: b"x"}


def table(name: str) -> Table:
    return SQLModel.metadata.tables[name]


def row_of(name: str, **values: Any) -> dict[str, Any]:
    return {column.name: value_for(column) for column in table(name).columns} | values


def value_for(column: Column[Any]) -> Any:
    if isinstance(column.type, Instant):
        return datetime(2026, 1, 1, tzinfo=UTC)
    return VALUES.get(column.type.python_type, "x")


def write(session: Session, name: str) -> None:
    for key in table(name).foreign_keys:
        if session.execute(select(key.column.table)).first() is None:
            write(session, key.column.table.name)
    session.execute(insert(table(name)), row_of(name))


@pytest.fixture
def written(database: Database) -> Database:
    with database.writing() as session:
        for name in TABLES:
            write(session, name)
    return database


@contextmanager
def refused(*words: str) -> Iterator[None]:
    with pytest.raises((DBAPIError, Unavailable)) as caught:
        yield
    told = f"{caught.value} {caught.value.__cause__}"
    assert any(word in told for word in words), told


def rows(database: Database, name: str) -> list[Any]:
    with database.reading() as session:
        return list(session.execute(select(table(name))).all())


IMMUTABLE_WORDS = ("is immutable", "permission denied")


@pytest.mark.parametrize("name", TABLES)
def test_a_row_is_neither_changed_nor_removed_nor_replaced(written: Database, name: str) -> None:
    before = rows(written, name)
    assert len(before) == 1
    for attempt in attempts(table(name), row_of(name), written.is_sqlite):
        with refused(*IMMUTABLE_WORDS), written.writing() as session:
            session.execute(attempt)
    assert rows(written, name) == before


def attempts(found: Table, row: dict[str, Any], sqlite: bool) -> list[Executable]:
    """Every way to change, remove or replace the row that is there."""
    last = list(found.columns)[-1]
    keys = [column.name for column in found.primary_key]
    upsert = (sqlite_dialect if sqlite else postgresql_dialect).insert(found).values(row)
    return [
        update(found).values({last.name: last}),
        delete(found),
        upsert.on_conflict_do_update(index_elements=keys, set_={last.name: row[last.name]}),
        insert(found).values(row).prefix_with("OR REPLACE") if sqlite else text(f'TRUNCATE "{found.name}"'),
    ]


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_replacing_by_another_unique_key_is_refused_too(written: Database) -> None:
    """SQLite removes the row that is in the way without a delete trigger, unless triggers are recursive."""
    another = insert(table("fired_timer")).values(row_of("fired_timer", id="another")).prefix_with("OR REPLACE")

    with refused("is immutable"), written.writing() as session:
        session.execute(another)

    assert [row.id for row in rows(written, "fired_timer")] == ["x"]


DENIED = [
    "CREATE TABLE mine (id integer)",
    "DROP TABLE decision",
    "ALTER TABLE decision ADD COLUMN mine integer",
    "CREATE INDEX mine ON decision (id)",
    "CREATE VIEW mine AS SELECT 1",
]
DENIED_SQLITE = [
    "DROP TRIGGER decision_no_update",
    "CREATE TRIGGER mine AFTER INSERT ON decision BEGIN SELECT 1; END",
    "CREATE TEMP TABLE mine (id integer)",
    "ATTACH DATABASE ':memory:' AS other",
    "PRAGMA query_only = OFF",
    "PRAGMA recursive_triggers = OFF",
    "PRAGMA writable_schema = ON",
]
DENIED_POSTGRESQL = [
    "ALTER TABLE decision OWNER TO mandate_app",
    "SET ROLE postgres",
    "CREATE ROLE another",
    "UPDATE alembic_version SET version_num = 'x'",
]


def test_the_application_cannot_change_the_schema_or_the_rules(database: Database) -> None:
    for statement in DENIED + (DENIED_SQLITE if database.is_sqlite else DENIED_POSTGRESQL):
        with (
            refused("not authorized", "permission denied", "must be owner", "prohibited"),
            database.writing() as session,
        ):
            session.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO counter (name, value) VALUES ('x', 1)",
        "UPDATE installation SET offset_seconds = 1",
        "DELETE FROM installation",
    ],
)
def test_a_reader_cannot_write(database: Database, statement: str) -> None:
    with refused("readonly database", "read-only transaction"), database.reading() as session:
        session.execute(text(statement))


def test_a_reader_cannot_write_through_the_session_either(database: Database) -> None:
    with refused("readonly database", "read-only transaction"), database.reading() as session:
        session.add(CounterRow(name="x", value=1))
        session.flush()
