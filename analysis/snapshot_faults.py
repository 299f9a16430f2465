"""What is wrong among the records of a snapshot: counted by fault, contained all the same, never dropped in silence."""

from collections.abc import Sequence

import pyarrow as pa
from babel.core import get_global

from analysis.engine import USUAL, engine, parquet
from domain.impact import VERY_LONG
from domain.snapshot import Partition
from store.documents import EARLIEST, LATEST
from store.snapshots import SnapshotFiles

CHECKS = {
    "negative_line": "SELECT count(*) FROM quote_line WHERE quantity < 0 OR net_minor < 0",
    "unknown_currency": "SELECT count(*) FROM quote WHERE currency NOT IN (SELECT code FROM currencies)",
    "missing_version": "SELECT count(*) FROM quote WHERE least(catalog_version, price_version) < 1",
    "dates_beyond_range": "SELECT count(*) FROM quote WHERE coalesce(expires_at <= created_at "
    f"OR created_at < TIMESTAMPTZ '{EARLIEST}' OR expires_at >= TIMESTAMPTZ '{LATEST}', TRUE)",
    "very_long": f"SELECT count(*) FROM (SELECT quote FROM quote_line GROUP BY quote HAVING count(*) >= {VERY_LONG})",
}
KINDS = ("quote", "quote_line")


def faults_of(files: SnapshotFiles, partitions: Sequence[Partition]) -> dict[str, int]:
    """How many quotes and lines have which fault; faults that nothing has are left out."""
    paths = {kind: [files.path(part.file) for part in partitions if part.kind == kind] for kind in KINDS}
    if not all(paths.values()):
        return {}
    with engine(files, USUAL) as connection:
        for kind in KINDS:
            connection.execute(f"CREATE VIEW {kind} AS SELECT * FROM {parquet(paths[kind])}")
        connection.register("currencies", pa.table({"code": sorted(get_global("all_currencies"))}))
        found = {fault: int(connection.execute(sql).fetchall()[0][0]) for fault, sql in CHECKS.items()}
    return {fault: number for fault, number in found.items() if number}
