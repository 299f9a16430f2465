"""Column types that mean the same on SQLite and PostgreSQL, and the registry of immutable tables (D5)."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Integer, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import TypeDecorator
from sqlmodel import Field, SQLModel


class Instant(TypeDecorator[datetime]):
    """An aware instant in UTC; SQLite would lose the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class readable(FunctionElement[Any]):
    """A column of instants or whole numbers where it holds one, otherwise null: one bad row must not stop all others.

    PostgreSQL has instants that no calendar has (`infinity`) or no program can hold; SQLite keeps whatever it is given.
    """

    inherit_cache = True

    def __init__(self, column: Column[Any]) -> None:
        super().__init__(column)
        self.type = column.type


READABLE = (Instant, Integer)
"""The types of columns that it is for."""
FIRST, LAST = "0001-01-02", "9999-12-31"
"""Between these days an instant can be told in every time zone."""
MICROSECONDS = f".{'[0-9]' * 6}"


@compiles(readable)
def _readable_anywhere(element: readable, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = element.clauses
    name = compiler.process(column, **options)
    if not isinstance(column.type, Instant):
        return name
    within = f"{name} >= TIMESTAMPTZ '{FIRST} 00:00:00+00' AND {name} < TIMESTAMPTZ '{LAST} 00:00:00+00'"
    return f"CASE WHEN {within} THEN {name} END"


@compiles(readable, "sqlite")
def _readable_sqlite(element: readable, compiler: SQLCompiler, **options: Any) -> str:
    (column,) = element.clauses
    name = compiler.process(column, **options)
    if not isinstance(column.type, Instant):
        return f"CASE WHEN typeof({name}) = 'integer' THEN {name} END"
    second, rest = f"substr({name}, 1, 19)", f"substr({name}, 20)"
    # Without the modifier a 30th of February stays one.
    again = f"strftime('%Y-%m-%d %H:%M:%S', {second}, '+0 days')"
    written = f"{again} = {second} AND ({rest} = '' OR {rest} GLOB '{MICROSECONDS}')"
    return f"CASE WHEN {written} AND {name} >= '{FIRST}' AND {name} < '{LAST}' THEN {name} END"


Serial = BigInteger().with_variant(Integer, "sqlite")
"""A generated key; SQLite generates only for INTEGER PRIMARY KEY."""


def serial() -> Any:
    """A generated primary key column."""
    return Field(default=None, primary_key=True, sa_type=Serial)


def instant(**options: Any) -> Any:
    """A column for an aware instant."""
    return Field(sa_type=Instant, **options)


def amount(**options: Any) -> Any:
    """A column for minor units or millionths: 64 bit."""
    return Field(sa_type=BigInteger, **options)


class CommitPosition(ColumnElement[int]):
    """Where a write stands in the order of commits (D13a): the transaction on PostgreSQL, a counter on SQLite.

    SQLite has one writer at a time, so that one more than the largest of the table is a counter in commit order.
    """

    inherit_cache = True
    type = BigInteger()

    def __init__(self, table: str) -> None:
        self.table = table


@compiles(CommitPosition, "postgresql")
def _transaction(element: CommitPosition, compiler: SQLCompiler, **options: Any) -> str:
    return "pg_current_xact_id()::text::bigint"


@compiles(CommitPosition)
def _counter(element: CommitPosition, compiler: SQLCompiler, **options: Any) -> str:
    return f"(SELECT coalesce(max(position), 0) + 1 FROM {compiler.preparer.quote(element.table)})"


def position(table: str) -> Any:
    """The column by which snapshots find the documents that moved since the last one; every write sets it anew.

    A document of several rows has one position, on its head: whoever writes a line writes the head too.
    """
    now = CommitPosition(table)
    return Field(
        default=None, sa_column=Column("position", BigInteger, nullable=False, index=True, default=now, onupdate=now)
    )


def table_of(row_class: type[SQLModel]) -> Table:
    """The table behind a row class, for statements that write or read columns without loading rows."""
    return SQLModel.metadata.tables[str(row_class.__tablename__)]


IMMUTABLE: set[str] = set()
"""Tables in which a row, once written, is neither changed nor removed, also not by the application's own login."""


def immutable(table: type) -> type:
    """Mark a table class as immutable; migrations install the protection and a test compares."""
    IMMUTABLE.add(str(table.__tablename__))  # type: ignore[attr-defined]
    return table
