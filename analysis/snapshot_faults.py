"""What is wrong among the records of a snapshot: counted by fault, contained all the same, never dropped in silence."""

from collections.abc import Iterator, Mapping, Sequence

import duckdb
import pyarrow as pa
from babel.core import get_global
from sqlalchemy import Column

from analysis.engine import USUAL, engine, parquet
from domain.impact import VERY_LONG
from domain.snapshot import Partition
from store.documents import EARLIEST, LATEST, PINNED
from store.records import RECORDS, Record
from store.snapshots import SnapshotFiles
from store.tables.columns import Instant

NOT_NEGATIVE = ("quantity", "net_minor")
PERIODS = (("created_at", "expires_at"), ("starts_at", "ends_at"))
LONG = f"SELECT count(*) FROM (SELECT quote FROM quote_line GROUP BY quote HAVING count(*) >= {VERY_LONG})"


def faults_of(files: SnapshotFiles, partitions: Sequence[Partition], latest: Mapping[str, int]) -> dict[str, int]:
    """How many records of all kinds have which fault; faults that nothing has are left out.

    latest: the number of the newest version by artifact.
    """
    found: dict[str, int] = {}
    with engine(files, USUAL) as connection:
        connection.register("currencies", pa.table({"code": sorted(get_global("all_currencies"))}))
        for record in RECORDS:
            paths = [files.path(part.file) for part in partitions if part.kind == record.kind]
            if paths:
                connection.execute(f"CREATE VIEW {record.kind} AS SELECT * FROM {parquet(paths)}")
                for fault, number in _counted(connection, record, latest):
                    found[fault] = found.get(fault, 0) + number
    return {fault: number for fault, number in sorted(found.items()) if number}


def _counted(
    connection: duckdb.DuckDBPyConnection, record: Record, latest: Mapping[str, int]
) -> Iterator[tuple[str, int]]:
    checks = {fault: " OR ".join(wrong) for fault, wrong in _checks(record, latest).items() if wrong}
    counts = ", ".join(f"count(*) FILTER ({wrong})" for wrong in checks.values())
    yield from zip(checks, connection.execute(f"SELECT {counts} FROM {record.kind}").fetchall()[0], strict=True)
    if record.kind == "quote_line":
        yield "very_long", connection.execute(LONG).fetchall()[0][0]


def _checks(record: Record, latest: Mapping[str, int]) -> dict[str, list[str]]:
    """The conditions under which a record has a fault. What its column could not hold is null (analysis/columns.py)."""
    columns = [record.table.c[name] for name in record.columns]
    names = [column.name for column in columns]
    return {
        "negative_line": [f"{name} < 0" for name in names if name in NOT_NEGATIVE],
        "unknown_currency": ["currency NOT IN (SELECT code FROM currencies)"] if "currency" in names else [],
        "missing_version": [
            f"{name} NOT BETWEEN 1 AND {latest.get(artifact, 0)}" for name, artifact in PINNED.items() if name in names
        ],
        "dates_beyond_range": [*_beyond(columns), *(f"{b} <= {a}" for a, b in PERIODS if {a, b} <= set(names))],
        "unreadable": [f"{c.name} IS NULL" for c in columns if not c.nullable and not isinstance(c.type, Instant)],
    }


def _beyond(columns: Sequence[Column[object]]) -> Iterator[str]:
    """Of instants: before or after any business, or none where there has to be one, as `infinity` is none."""
    for column in columns:
        if isinstance(column.type, Instant):
            name = column.name
            yield f"{name} < TIMESTAMPTZ '{EARLIEST}' OR {name} >= TIMESTAMPTZ '{LATEST}'"
            if not column.nullable:
                yield f"{name} IS NULL"
