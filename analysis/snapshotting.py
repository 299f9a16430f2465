"""Taking a snapshot: what moved since the last one by commit order, merged into the partitions that it touches (D13a).

Everything is read in one transaction, so a snapshot is consistent as of one instant. Files are named after the digest
of their rows and written whole; until the manifest is recorded the snapshot before stays the valid one.
"""

import io
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Select, cast, func, select, text
from sqlalchemy.types import BigInteger
from sqlmodel import Session

from analysis.columns import logical_digest, ordered, partition_of, schema_of, split, table_from
from analysis.snapshot_faults import faults_of
from domain.canonical import digest_of
from domain.errors import Unavailable
from domain.snapshot import Partition, Snapshot, content_digest
from store import artifacts
from store.database import Database
from store.documents import PINNED
from store.installation import installation_id
from store.records import RECORDS, Record, head_of
from store.snapshots import SnapshotFiles
from store.tables.columns import READABLE, Instant, readable

ROWS_AT_ONCE = 50_000


@dataclass
class Spool:
    """Rows as they come from the database, by kind and partition, in a local folder: never all in memory."""

    folder: Path
    writers: dict[tuple[str, int], pa.RecordBatchFileWriter] = field(default_factory=dict)

    def add(self, kind: str, number: int, rows: pa.Table) -> None:
        """Keep rows of a partition."""
        if (kind, number) not in self.writers:
            self.writers[kind, number] = pa.ipc.new_file(self._path(kind, number), rows.schema)
        self.writers[kind, number].write_table(rows)

    def close(self) -> None:
        """Finish writing."""
        for writer in self.writers.values():
            writer.close()

    def take(self, kind: str, number: int) -> pa.Table | None:
        """The rows of a partition, None if there are none."""
        if (kind, number) not in self.writers:
            return None
        with pa.ipc.open_file(self._path(kind, number)) as reader:
            return reader.read_all()

    def _path(self, kind: str, number: int) -> str:
        return str(self.folder / f"{kind}-{number:02d}.arrow")


def take_snapshot(database: Database, files: SnapshotFiles, before: Snapshot | None) -> Snapshot:
    """The records as they are now. Nothing is recorded; where nothing moved it is the snapshot before.

    The caller holds `store.snapshots.refreshing`. Raises Unavailable("snapshots_unavailable").
    """
    folder = spool_folder(files)
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        with database.reading() as session:
            return _take(session, database, files, before, Spool(folder))
    except OSError as error:
        detail = f"The rows of a snapshot cannot be spooled in {folder}: {error}"
        raise Unavailable("snapshots_unavailable", detail) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def spool_folder(files: SnapshotFiles) -> Path:
    """Where rows are spooled: one place a folder of snapshots, so that the next run removes what a killed one left."""
    name = f"mandate-spool-{digest_of(files.url.encode())[7:23]}"
    return Path(files.folder).with_name(name) if files.is_local else Path(tempfile.gettempdir()) / name


def _take(
    session: Session, database: Database, files: SnapshotFiles, before: Snapshot | None, spool: Spool
) -> Snapshot:
    if not database.is_sqlite:
        session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    source, below = _source(session, database), _positions(session, database)
    base = before if before and _continues(session, database, before, source) else None
    moved = {name: _moved(session, base, name) for name in below}
    if base and not any(moved.values()):
        return base
    _read(session, base, spool)
    partitions = tuple(_partitions(files, base, moved, spool))
    return Snapshot(
        digest=content_digest(partitions),
        at=database.now(session).isoformat(),
        source=source,
        below=below,
        partitions=partitions,
        faults=faults_of(files, partitions, artifacts.latest_numbers(session, *PINNED.values())),
    )


def _source(session: Session, database: Database) -> str:
    """Which database the positions are of: those of another one, or of a restored copy, say nothing here."""
    if database.is_sqlite:
        return f"sqlite/{installation_id(database)}"
    found = session.execute(text("SELECT system_identifier, current_database() FROM pg_control_system()")).one()
    return f"postgresql/{found[0]}/{found[1]}"


def _positions(session: Session, database: Database) -> dict[str, int]:
    """Per kind of document the position below which everything is seen by this transaction."""
    heads = [record for record in RECORDS if record.is_head]
    if database.is_sqlite:
        return {
            head.kind: (session.execute(select(func.max(head.table.c.position))).scalar() or 0) + 1 for head in heads
        }
    below = session.execute(text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")).scalar_one()
    return {head.kind: int(below) for head in heads}


def _continues(session: Session, database: Database, before: Snapshot, source: str) -> bool:
    """Whether positions of the snapshot before still mean something here."""
    kinds = {record.document for record in RECORDS}
    if before.source != source or set(before.below) != kinds:
        return False
    if database.is_sqlite:
        return True
    ahead = session.execute(text("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint")).scalar_one()
    return all(position <= ahead for position in before.below.values())


def _moved(session: Session, base: Snapshot | None, document: str) -> list[str]:
    """The documents written since the base, or all of them: their ids."""
    if base is None:
        return []
    head = head_of(document)
    moved = head.counts(session, base.below[document])
    assert moved is not None
    return list(session.execute(select(head.table.c[head.belongs]).where(moved)).scalars())


def _read(session: Session, base: Snapshot | None, spool: Spool) -> None:
    for record in RECORDS:
        schema = schema_of(record.table, record.columns)
        for rows in _rows(session, _query(session, record, base)):
            for number, part in split(table_from(rows, schema), record.belongs):
                spool.add(record.kind, number, part)
    spool.close()


def _query(session: Session, record: Record, base: Snapshot | None) -> str:
    """The SQL that reads a kind of record, with instants as the columns take them."""
    postgresql = session.get_bind().dialect.name == "postgresql"
    query: Select[Any] = select(*(_readable(record.table.c[name], postgresql) for name in record.columns))
    head = head_of(record.document)
    moved = head.counts(session, base.below[record.document] if base else None)
    if moved is not None:
        if not record.is_head:
            moved = record.table.c[record.belongs].in_(select(head.table.c[head.belongs]).where(moved))
        query = query.where(moved)
    return str(query.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True}))


def _readable(column: Any, postgresql: bool) -> Any:
    """A column as whoever reads single documents has it; PostgreSQL's instants as microseconds."""
    found = readable(column) if isinstance(column.type, READABLE) else column
    if not (postgresql and isinstance(column.type, Instant)):
        return found
    return cast(func.extract("epoch", found) * 1_000_000, BigInteger)


def _rows(session: Session, sql: str) -> Iterator[Sequence[Sequence[Any]]]:
    """Rows straight from the driver, some at a time: making objects of five million rows costs minutes."""
    raw: Any = session.connection().connection
    on_server = session.get_bind().dialect.name == "postgresql"
    cursor = raw.cursor(name="snapshot") if on_server else raw.cursor()
    try:
        cursor.execute(sql)
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            yield rows
    finally:
        cursor.close()


def _partitions(
    files: SnapshotFiles, base: Snapshot | None, moved: Mapping[str, Sequence[str]], spool: Spool
) -> Iterable[Partition]:
    """Every partition: those that nothing touched as they were, the others written anew."""
    for record in RECORDS:
        known = {partition.number: partition for partition in base.of(record.kind)} if base else {}
        gone = _by_partition(moved[record.document])
        for number in sorted({*known, *gone, *(n for kind, n in spool.writers if kind == record.kind)}):
            written = spool.take(record.kind, number)
            if number not in gone and written is None:
                yield known[number]
                continue
            kept = _without(files, known.get(number), record, gone.get(number, []))
            parts = [part for part in (kept, written) if part is not None]
            if parts and (found := ordered(pa.concat_tables(parts), record.key)).num_rows:
                yield _write(files, record, number, found)


def _by_partition(documents: Iterable[str]) -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for document in documents:
        found.setdefault(partition_of(document), []).append(document)
    return found


def _without(
    files: SnapshotFiles, partition: Partition | None, record: Record, documents: Sequence[str]
) -> pa.Table | None:
    if partition is None:
        return None
    table = pq.read_table(io.BytesIO(files.read(partition.file)))
    return table.filter(pc.invert(pc.is_in(table[record.belongs], value_set=pa.array(documents, pa.string()))))


def _write(files: SnapshotFiles, record: Record, number: int, table: pa.Table) -> Partition:
    digest = logical_digest(table)
    name = f"{record.kind}/{number:02d}-{digest[7:]}.parquet"
    if not files.has(name):
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd", compression_level=1)
        files.write(name, buffer.getvalue())
    return Partition(kind=record.kind, number=number, rows=table.num_rows, digest=digest, file=name)
