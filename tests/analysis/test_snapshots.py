"""A snapshot holds exactly what the database holds at one instant, is found anew by commit order, and survives kills."""

import asyncio
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, select, text, update
from sqlmodel import SQLModel
from structlog.testing import capture_logs

from activities.snapshot import refresh, refresh_forever
from analysis import snapshotting
from analysis.columns import logical_digest
from analysis.engine import Limits, engine, parquet
from commands.changes import withdraw_change
from commands.orders import seed_orders
from commands.quotes import begin_seed, publish_seed, seed_chunk
from commands.snapshots import KEPT, hold_snapshot
from domain.errors import Conflict, NotFound, Unavailable
from domain.impact import FAULTS
from domain.snapshot import PARTITIONS, Snapshot
from store import quotes as stored_quotes
from store.database import Database
from store.records import RECORDS, Record
from store.snapshots import SnapshotFiles, latest, named, refreshing
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow, QuoteRow
from store.where_used import USES
from tests.analysis.conftest import QUOTES, SEED
from tests.builders import REQUESTER, Business
from tests.databases import as_owner

QUOTE, LINE = table_of(QuoteRow), table_of(QuoteLineRow)


def held(files: SnapshotFiles, snapshot: Snapshot, record: Record) -> list[dict[str, Any]]:
    """The rows of a kind, as the files hold them."""
    tables = [pq.read_table(path) for path in files.paths(snapshot, record.kind)]
    rows: list[dict[str, Any]] = pa.concat_tables(tables).to_pylist() if tables else []
    return sorted(rows, key=lambda row: [row[name] for name in record.key])


def stored(database: Database, record: Record) -> list[dict[str, Any]]:
    """The rows of a kind, as the database holds them."""
    columns = [record.table.c[name] for name in record.columns]
    with database.reading() as session:
        rows = [dict(row) for row in session.execute(select(*columns)).mappings()]
    return sorted(rows, key=lambda row: [row[name] for name in record.key])


def same(business: Business, files: SnapshotFiles, snapshot: Snapshot) -> None:
    """The snapshot holds what the database holds, and is the current one."""
    for record in RECORDS:
        assert held(files, snapshot, record) == stored(business.database, record), record.kind
    with business.database.reading() as session:
        assert latest(session) == snapshot
    assert files.missing(snapshot) == []


def move(business: Business, quote: str, status: str = "accepted") -> None:
    """Give a quote another status, as a command would."""
    with business.database.writing() as session:
        session.execute(update(QUOTE).where(QUOTE.c.id == quote).values(status=status))


def test_a_snapshot_holds_what_the_database_holds(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    found = refresh(seeded.gateway, snapshot_files)

    same(seeded, snapshot_files, found)
    assert found.rows("quote") == QUOTES
    assert found.kinds == tuple(sorted(record.kind for record in RECORDS if found.rows(record.kind)))


def test_lines_lie_in_the_partition_of_their_quote(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    found = refresh(seeded.gateway, snapshot_files)

    assert len(found.of("quote")) == PARTITIONS
    for heads, lines in zip(found.of("quote"), found.of("quote_line"), strict=True):
        quotes = pq.read_table(snapshot_files.path(heads.file))["id"].to_pylist()
        assert quotes == sorted(quotes)
        assert set(pq.read_table(snapshot_files.path(lines.file))["quote"].to_pylist()) <= set(quotes)


def test_the_next_one_writes_only_what_moved(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    first = refresh(seeded.gateway, snapshot_files)
    assert refresh(seeded.gateway, snapshot_files) == first, "nothing moved"

    move(seeded, f"Q-{SEED}-0000003")
    second = refresh(seeded.gateway, snapshot_files)

    same(seeded, snapshot_files, second)
    assert len({p.file for p in second.partitions} - {p.file for p in first.partitions}) == 1
    seeded.seed(SEED + 1, 20)
    same(seeded, snapshot_files, refresh(seeded.gateway, snapshot_files))


def test_a_batch_is_in_it_from_its_publication_on(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    """Its quotes were written at positions that earlier snapshots have passed already."""
    begin_seed(seeded.gateway, seeded.system(), 8, 20, True)
    seed_chunk(seeded.gateway, seeded.system(), 8, 0, True)
    whole = refresh(seeded.gateway, snapshot_files)
    move(seeded, f"Q-{SEED}-0000003")
    between = refresh(seeded.gateway, snapshot_files)
    assert whole.rows("quote") == between.rows("quote") == QUOTES

    publish_seed(seeded.gateway, seeded.system(), 8, True)
    published = refresh(seeded.gateway, snapshot_files)
    same(seeded, snapshot_files, published)
    assert refresh(seeded.gateway, snapshot_files) == published, "nothing moved since"
    move(seeded, f"Q-{SEED}-0000004")
    same(seeded, snapshot_files, refresh(seeded.gateway, snapshot_files))


def test_a_quote_that_lost_lines_loses_them(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    refresh(seeded.gateway, snapshot_files)
    quote = f"Q-{SEED}-0000001"
    with seeded.database.writing() as session:
        session.execute(delete(LINE).where(LINE.c.quote == quote))
        session.execute(update(QUOTE).where(QUOTE.c.id == quote).values(total_minor=0))

    same(seeded, snapshot_files, refresh(seeded.gateway, snapshot_files))


def test_step_by_step_equals_at_once(seeded: Business, snapshot_files: SnapshotFiles, tmp_path: Path) -> None:
    for number in range(6):
        move(seeded, f"Q-{SEED}-{number:07d}", "in_approval")
        step_by_step = refresh(seeded.gateway, snapshot_files)

    at_once = snapshotting.take_snapshot(seeded.database, SnapshotFiles(str(tmp_path / "other")), None)
    assert at_once.digest == step_by_step.digest
    assert [p.digest for p in at_once.partitions] == [p.digest for p in step_by_step.partitions]


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)
def test_a_transaction_that_commits_late_is_not_lost(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    """It began, and took its position, before others that a snapshot has already seen (never a clock or a maximum)."""
    late, early = f"Q-{SEED}-0000001", f"Q-{SEED}-0000002"
    other = Database(seeded.login.application, development=True)
    with other.writing() as session:
        session.execute(update(QUOTE).where(QUOTE.c.id == late).values(status="accepted"))
        move(seeded, early)
        between = refresh(seeded.gateway, snapshot_files)
        same(seeded, snapshot_files, between)
    other.close()

    after = refresh(seeded.gateway, snapshot_files)
    same(seeded, snapshot_files, after)
    assert after.digest != between.digest


def test_positions_of_another_database_mean_nothing_here(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    first = refresh(seeded.gateway, snapshot_files)
    foreign = first.model_copy(update={"source": "elsewhere", "below": dict.fromkeys(first.below, 10**15)})

    again = snapshotting.take_snapshot(seeded.database, snapshot_files, foreign)
    assert again.digest == first.digest
    assert again.source == first.source


def test_what_nothing_refers_to_is_removed(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    for number in range(KEPT + 3):
        move(seeded, f"Q-{SEED}-0000005", f"status-{number}")
        found = refresh(seeded.gateway, snapshot_files)

    same(seeded, snapshot_files, found)
    assert len(snapshot_files.names()) == len(found.partitions) + KEPT - 1


def test_what_a_simulation_holds_goes_when_it_is_over(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    change = seeded.draft()
    seeded.submit(change)
    assert seeded.walk(change, until="simulating").state == "simulating"
    begun = refresh(seeded.gateway, snapshot_files)
    hold_snapshot(seeded.gateway, seeded.system(), begun.digest, change, 1)
    move_on(seeded, snapshot_files, "before")
    assert snapshot_files.missing(begun) == []

    withdraw_change(seeded.gateway, seeded.call(REQUESTER), change, "not wanted after all", None)
    found = move_on(seeded, snapshot_files, "after")
    assert len(snapshot_files.names()) == len(found.partitions) + KEPT - 1
    with seeded.database.reading() as session, pytest.raises(NotFound):
        named(session, begun.digest)


def move_on(business: Business, files: SnapshotFiles, word: str) -> Snapshot:
    """As many snapshots later as are kept."""
    for number in range(KEPT + 1):
        move(business, f"Q-{SEED}-0000005", f"{word}-{number}")
        found = refresh(business.gateway, files)
    return found


@pytest.mark.parametrize("store", ["local", "memory"])
def test_who_reads_a_snapshot_that_is_gone_is_told_to_take_a_newer_one(
    seeded: Business, snapshot_files: SnapshotFiles, store: str, tmp_path: Path
) -> None:
    files = snapshot_files if store == "local" else SnapshotFiles(f"memory://{tmp_path.name}")
    found = refresh(seeded.gateway, files)
    files.remove([partition.file for partition in found.of("quote")])
    with pytest.raises(Unavailable) as caught, engine(files, Limits("100MB", 1)) as connection:
        connection.execute(f"SELECT sum(total_minor) FROM {parquet(files.paths(found, 'quote'))}").fetchall()
    assert caught.value.code == "snapshot_stale"


def test_files_that_got_lost_are_written_again(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    first = refresh(seeded.gateway, snapshot_files)
    snapshot_files.remove([first.partitions[0].file])

    found = refresh(seeded.gateway, snapshot_files)
    same(seeded, snapshot_files, found)
    assert found.digest == first.digest


def test_only_one_takes_a_snapshot(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    with refreshing(seeded.database), pytest.raises(Conflict, match="Another process"):
        refresh(seeded.gateway, snapshot_files)

    refresh(seeded.gateway, snapshot_files)


@pytest.mark.parametrize("url", ["nosuch://bucket", "http://127.0.0.1:9/bucket", "/dev/null/bucket"])
async def test_a_store_that_cannot_be_written_does_not_end_the_worker(seeded: Business, url: str) -> None:
    refreshing = asyncio.create_task(refresh_forever(seeded.gateway, SnapshotFiles(url), 0.01))
    with capture_logs() as logs:
        while not refreshing.done() and len(logs) < 2:
            await asyncio.sleep(0.05)
    assert not refreshing.done()
    assert {entry["event"] for entry in logs} == {"snapshot_not_taken"}
    refreshing.cancel()


def test_writers_do_not_wait_for_a_snapshot(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    done = threading.Event()

    def write() -> None:
        for number in range(10):
            move(seeded, f"Q-{SEED}-{number:07d}", "proposed")
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        refresh(seeded.gateway, snapshot_files)
    thread.join()
    same(seeded, snapshot_files, refresh(seeded.gateway, snapshot_files))


def test_what_a_column_cannot_hold_is_null_and_not_lost(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    quote = f"Q-{SEED}-0000001"
    sqlite = seeded.database.is_sqlite
    with as_owner(seeded.login) as connection:
        wrong = "'the day after'" if sqlite else "'infinity'"
        connection.execute(text(f"UPDATE quote SET expires_at = {wrong} WHERE id = '{quote}'"))

    found = refresh(seeded.gateway, snapshot_files)
    rows = held(snapshot_files, found, RECORDS[0])
    assert len(rows) == QUOTES
    assert [row["id"] for row in rows if row["expires_at"] is None] == [quote]


def test_what_is_wrong_is_counted_and_contained(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    assert refresh(seeded.gateway, snapshot_files).faults == {}
    with seeded.database.reading() as session:
        head = dict(session.execute(select(QUOTE).where(QUOTE.c.id == f"Q-{SEED}-0000001")).mappings().one())
        line = dict(session.execute(select(LINE).where(LINE.c.quote == head["id"]).limit(1)).mappings().one())
    head = {name: value for name, value in head.items() if name not in ("position", "batch")}
    lines = [{**line, "quote": "Q-LONG", "line": number} for number in range(1, 10_001)]
    bad = [
        ({**head, "id": "Q-LONG"}, lines),
        ({**head, "id": "Q-NEGATIVE"}, [{**line, "quote": "Q-NEGATIVE", "quantity": -1}]),
        ({**head, "id": "Q-CURRENCY", "currency": "XXQ"}, [{**line, "quote": "Q-CURRENCY"}]),
        ({**head, "id": "Q-VERSION", "catalog_version": 0}, [{**line, "quote": "Q-VERSION"}]),
        ({**head, "id": "Q-DATES", "expires_at": head["created_at"]}, [{**line, "quote": "Q-DATES"}]),
    ]
    with seeded.database.writing() as session:
        stored_quotes.add(session, bad)

    found = refresh(seeded.gateway, snapshot_files)
    same(seeded, snapshot_files, found)
    assert found.faults == dict.fromkeys(set(FAULTS) - {"unreadable"}, 1)


WRONG = [
    ("quote", "price_version", "999", "missing_version"),
    ("sales_order", "catalog_version", "999", "missing_version"),
    ("asset", "catalog_version", "0", "missing_version"),
    ("contract", "currency", "'XXQ'", "unknown_currency"),
    ("subscription", "currency", "'XXQ'", "unknown_currency"),
    ("sales_order_line", "quantity", "-1", "negative_line"),
    ("asset", "quantity", "-1", "negative_line"),
    ("contract", "ends_at", "starts_at", "dates_beyond_range"),
    ("sales_order", "created_at", "'1970-01-01 00:00:00'", "dates_beyond_range"),
]
UNREADABLE = [
    ("quote_line", "quantity", "'many'", "unreadable"),
    ("quote", "currency", "x'00ff'", "unreadable"),
    ("sales_order", "total_minor", "'much'", "unreadable"),
    ("asset", "quantity", "'some'", "unreadable"),
]
"""What SQLite lets in and PostgreSQL does not."""


def test_what_is_wrong_with_any_kind_of_record_is_counted(business: Business, snapshot_files: SnapshotFiles) -> None:
    seed_orders(business.gateway, business.call("sofia.marin"), SEED, 0, 60, (), 0, True)
    assert refresh(business.gateway, snapshot_files).faults == {}
    wrong = WRONG + (UNREADABLE if business.database.is_sqlite else [])
    row = "rowid" if business.database.is_sqlite else "ctid"
    with as_owner(business.login) as connection:
        for number, (table, column, value, _) in enumerate(wrong):
            one = connection.execute(text(f"SELECT {row} FROM {table} ORDER BY 1 LIMIT 1 OFFSET {number}")).scalar_one()
            connection.execute(text(f"UPDATE {table} SET {column} = {value} WHERE {row} = '{one}'"))
    refresh(business.gateway, SnapshotFiles(f"{snapshot_files.url}-anew"))
    with business.database.reading() as session:
        found = latest(session)

    assert found is not None and found.faults == Counter(fault for *_, fault in wrong)


def test_the_digest_is_of_the_rows_and_not_of_how_they_are_kept() -> None:
    rows = pa.table({"id": ["a", None, "ccc"], "n": pa.array([1, None, -3], pa.int64()), "b": [True, None, False]})
    in_chunks = pa.concat_tables([rows.slice(0, 1), rows.slice(1)])

    assert logical_digest(rows) == logical_digest(in_chunks) == logical_digest(rows.slice(0))
    assert logical_digest(rows.slice(1)) == logical_digest(rows.take([1, 2]))
    others = [
        rows.slice(1),
        rows.set_column(1, "n", pa.array([1, 0, -3], pa.int64())),
        rows.rename_columns(["x", "n", "b"]),
    ]
    moved = rows.set_column(0, "id", pa.array(["ac", None, "cc"]))
    assert len({logical_digest(table) for table in (rows, moved, *others)}) == 5


def test_every_document_of_the_database_is_in_the_records() -> None:
    with_position = {table.name for table in SQLModel.metadata.sorted_tables if "position" in table.columns}
    assert with_position == {record.table.name for record in RECORDS if record.is_head}


def test_every_line_of_a_quote_is_in_the_where_used_index(seeded: Business) -> None:
    with seeded.database.reading() as session:
        lines = session.execute(select(LINE.c.quote, LINE.c.line, LINE.c.offering, LINE.c.net_minor)).all()
        uses = session.execute(select(USES.c.document, USES.c.line, USES.c.used, USES.c.value)).all()

    assert sorted(map(tuple, lines)) == sorted(map(tuple, uses))
