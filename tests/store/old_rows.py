"""Rows for whatever tables a database of an earlier revision has, without knowing any of them: one in each."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sqlalchemy import BINARY, Boolean, Column, Connection, DateTime, Integer, LargeBinary, MetaData, Table, select

Rows: TypeAlias = dict[str, list[Mapping[str, Any]]]
AT = datetime(2027, 3, 1, 9, 30, tzinfo=UTC)
DOCUMENT = b'{"details":{"subject":"CR-1"},"entries":{}}'
KEPT_BY_ALEMBIC, INSTALLATION = "alembic_version", "installation"


def fill(connection: Connection, number: int) -> Rows:
    """Write row number so and so into every table, and return what each table then holds."""
    tables = reflected(connection)
    for table in tables:
        if table.name != INSTALLATION:
            connection.execute(table.insert(), {column.name: value(column, number) for column in table.columns})
    return {table.name: _rows(connection, table) for table in tables}


def held(connection: Connection) -> Rows:
    """Every row of every table."""
    return {table.name: _rows(connection, table) for table in reflected(connection)}


def reflected(connection: Connection) -> list[Table]:
    """The tables that a database has, those that others refer to first."""
    metadata = MetaData()
    metadata.reflect(connection)
    return [table for table in metadata.sorted_tables if table.name != KEPT_BY_ALEMBIC]


def lost(before: Rows, after: Rows) -> list[str]:
    """Tables of which a row is gone or says something else, in the columns that there are before and after."""
    return [name for name, rows in before.items() if name in after and not _contained(rows, after[name])]


def value(column: "Column[Any]", number: int) -> Any:
    """A value of the column's type in row number so and so; a reference leads to the same row of its table."""
    if reference := next(iter(column.foreign_keys), None):
        return value(reference.column, number)
    match column.type:
        case Boolean():
            return number % 2 == 1
        case Integer():
            return number
        case DateTime():
            return AT
        case LargeBinary() | BINARY():
            return DOCUMENT
        case _:
            return f"{column.table.name}-{column.name}-{number}"


def _rows(connection: Connection, table: Table) -> list[Mapping[str, Any]]:
    return [dict(row) for row in connection.execute(select(table)).mappings()]


def _contained(before: list[Mapping[str, Any]], after: list[Mapping[str, Any]]) -> bool:
    common = [name for name in before[0] if name in after[0]] if before and after else []
    kept = [[row[name] for name in common] for row in after]
    return len(after) >= len(before) and all([row[name] for name in common] in kept for row in before)
