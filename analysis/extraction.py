"""From the database to Parquet files, table by table, all as of one instant, a batch at a time (D13a).

Beside stored tables there are derived record sets, such as what is live: `DERIVED` names them.
"""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from sqlalchemy import BigInteger, ColumnElement, MetaData, Table, case, cast, column, func, select, text
from sqlmodel import Session, SQLModel, col

from analysis.columns import INSTANT, schema_of
from domain.canonical import digest
from domain.errors import Invalid
from domain.reconciliation import UNREADABLE, Pair
from store import artifacts
from store.tables.columns import Instant
from store.tables.installation import MarketRow
from store.tables.quote import QuoteBatchRow

BATCH = 50_000
CATALOG = "catalog/standard"

Rows = Iterable[Sequence[Any]]
Batches = Generator[Sequence[Sequence[Any]], None, None]
Derived = tuple[pa.Schema, Callable[[Session, datetime], Rows]]


def tables_of(pair: Pair) -> dict[str, tuple[str, ...]]:
    """Which columns of which tables both sides of a pair are made of."""
    wanted: dict[str, set[str]] = {}
    for side in (pair.left, pair.right):
        for table, columns in side.tables.items():
            wanted.setdefault(table, set()).update(columns)
    return {table: tuple(sorted(columns)) for table, columns in sorted(wanted.items())}


def consistent(session: Session) -> None:
    """Make all that this session reads be as of one instant; SQLite's readers do so by themselves."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))


def extract(
    session: Session, pair: Pair, folder: Path, now: datetime, tell: Callable[[str], None]
) -> Mapping[str, Path]:
    """Write what a pair needs as one Parquet file a table. Returns the files by table.

    A value that its column cannot hold (a text where a number belongs, an instant that no calendar has) stands there as
    UNREADABLE, and its record is counted as such. Raises Invalid("bad_pair") for a table or column that is not there.
    """
    return {
        table: _write(folder / f"{table}.parquet", table, *_source(session, pair, table, columns, now), tell)
        for table, columns in tables_of(pair).items()
    }


def _source(
    session: Session, pair: Pair, table: str, columns: Sequence[str], now: datetime
) -> tuple[pa.Schema, Batches]:
    if table in DERIVED:
        schema, rows = DERIVED[table]
        return schema, (list(found) for found in [rows(session, now)])
    known: MetaData = SQLModel.metadata
    found = known.tables.get(table)
    missing = set(columns) - set(found.columns.keys() if found is not None else ())
    if found is None or missing:
        what = f"the table {table}" if found is None else f"{table}.{sorted(missing)[0]}"
        raise Invalid("bad_pair", f"{pair.id} refers to {what}, which there is not.", pair=pair.id)
    return schema_of(found, columns), _stored(session, found, columns)


def _stored(session: Session, table: Table, columns: Sequence[str]) -> Batches:
    """Batches of rows as the driver gives them: reading a type for each value in Python would cost as much again."""
    # Columns without a type have no reader.
    on_server = session.get_bind().dialect.name == "postgresql"
    wanted = (_microseconds(name) if on_server and _is_instant(table, name) else column(name) for name in columns)
    statement: Any = select(*wanted).select_from(table)
    if "batch" in table.columns:
        # What a bulk command has not published yet counts nowhere (D5b).
        drafts = select(col(QuoteBatchRow.id)).where(col(QuoteBatchRow.published_at).is_(None))
        statement = statement.where(table.columns["batch"].not_in(drafts))
    found = session.execute(statement, execution_options={"stream_results": True, "yield_per": BATCH})
    with found:
        yield from found.partitions()


def _is_instant(table: Table, name: str) -> bool:
    return isinstance(table.columns[name].type, Instant)


def _microseconds(name: str) -> ColumnElement[Any]:
    """PostgreSQL's instants as microseconds, for it has some that its driver cannot give (`infinity`)."""
    found: ColumnElement[Any] = column(name)
    known = cast(func.extract("epoch", found) * 1_000_000, BigInteger)
    return case((func.isfinite(found), known), (found.is_not(None), UNREADABLE)).label(name)


def _write(path: Path, name: str, schema: pa.Schema, batches: Batches, tell: Callable[[str], None]) -> Path:
    total = 0
    # Closed at once when a run ends early: a cursor that outlives its session cannot be.
    with closing(batches), pq.ParquetWriter(path, schema) as writer:
        for rows in batches:
            columns = list(zip(*rows, strict=True)) or [()] * len(schema)
            arrays = [_array(field.type, values) for field, values in zip(schema, columns, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
            total += len(rows)
            tell(f"reading {name}: {total:,}")
    return path


def _array(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    try:
        return _quick(kind, values)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        return pa.concat_arrays([_single(kind, value) for value in values])


def _quick(kind: pa.DataType, values: Sequence[Any]) -> pa.Array:
    if kind == INSTANT and any(isinstance(value, str) for value in values):
        return pa.array(values, pa.string()).cast(pa.timestamp("us")).cast(INSTANT)
    if kind == INSTANT and any(isinstance(value, int) for value in values):
        return pa.array(values, pa.int64()).cast(INSTANT)
    if pa.types.is_boolean(kind):
        return pa.array([None if value is None else bool(value) for value in values], kind)
    return pa.array(values, kind)


def _single(kind: pa.DataType, value: Any) -> pa.Array:
    try:
        return _quick(kind, [value])
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):
        unreadable = repr(value) if pa.types.is_string(kind) else UNREADABLE
        return _quick(kind, [unreadable])


LIVE_OFFERING = pa.schema(
    [
        ("market", pa.string()),
        ("offering", pa.string()),
        ("catalog_version", pa.int64()),
        ("entry_digest", pa.string()),
        ("lifecycle", pa.string()),
        ("live_since", INSTANT),
    ]
)


def _live_offerings(session: Session, now: datetime) -> Iterator[Sequence[Any]]:
    """Every offering of the catalog version that is live in each market."""
    for market in session.execute(select(MarketRow)).scalars():
        live = artifacts.live(session, CATALOG, market.code, "*", now)
        if live is None:
            continue
        for entry in artifacts.content(session, CATALOG, live.version).values():
            if entry["type"] == "offering":
                values = (entry["id"], live.version, digest(entry), entry["lifecycle"], live.since)
                yield (market.code, *values)


DERIVED: Mapping[str, Derived] = {"live_offering": (LIVE_OFFERING, _live_offerings)}
