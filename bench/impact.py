"""Impact at the size of the business: few offerings beside a bare index look-up, many beside a bare scan."""

import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pyarrow as pa
from sqlmodel import Session

from activities.snapshot import refresh
from analysis.engine import Limits, parquet
from analysis.impact import Sources, find_documents
from bench.results import Measurement, measured, note
from bench.served import Served, served
from bench.sizes import answer, at_sizes, in_turns, rows_of, timed
from commands.command import Gateway
from domain.kinds.kind import Touched
from domain.quote import OPEN_STATUSES
from domain.snapshot import Snapshot
from domain.touched import Touching, touching
from store.database import Database
from store.files import FileStore
from store.migrate import upgrade
from store.snapshots import SnapshotFiles

BENCH = "analysis"
OFFERINGS, MARKETS, CHANNELS, LINES = 30_000, 24, 6, 4
FEW, MANY = 100, 1_000
THERE, THROUGH = ("M02", "M07", "M11"), ("C0", "C3")
MOVED = 100
LIMITS = Limits("1GB", 2)
LEAST_FEW, LEAST_HTTP, LEAST_WIDE = 1.0, 1 / 5, round(1 / 1.5, 3)
AT_ONCE = 50_000
OPEN = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
HEADS = f"""
SELECT 'Q-' || lpad(n::VARCHAR, 9, '0') AS id, 'M' || lpad((hash(n) % {MARKETS})::VARCHAR, 2, '0') AS market,
  'C' || (hash(n * 3) % {CHANNELS})::VARCHAR AS channel, ['EUR', 'CHF', 'GBP', 'USD'][1 + n % 4] AS currency,
  (10000 + n % 90000)::BIGINT AS total
FROM range({{quotes}}) t(n)"""
QUOTE = f"""
SELECT id, 'proposed', 'customer-1', 'seller-1', market, channel, 'business', currency, 1, 1, total,
  '2026-01-01 00:00:00.000000', '2026-12-01 00:00:00.000000', 1, 0 FROM ({HEADS})"""
USE = f"""
SELECT 'offering', 'O-' || lpad((hash(id || l) % {OFFERINGS})::VARCHAR, 5, '0') AS offering, 'quote', id, l, 'monthly',
  market, channel, currency, (1000 + hash(id || l) % 9000)::BIGINT AS net FROM ({HEADS}), range(1, {LINES + 1}) u(l)"""
LINE = f"SELECT id, l, offering, 'monthly', 1, net * 10000, 0, net FROM ({USE})"
BARE_LOOKUP = """
SELECT l.quote, count(*), sum(l.net_minor) FROM wanted w CROSS JOIN quote_line l CROSS JOIN quote q
WHERE l.offering = w.offering AND q.id = l.quote AND q.status IN ({open}) AND q.market IN {there}
AND q.channel IN {through} GROUP BY l.quote"""
BARE_SCAN = """
SELECT l.quote, any_value(q.market), any_value(q.currency), any_value(q.total_minor), count(*), sum(l.net_minor)
FROM {lines} l JOIN wanted w ON w.offering = l.offering JOIN {quotes} q ON q.id = l.quote
WHERE q.status IN ({open}) GROUP BY l.quote"""


def offerings(count: int) -> list[str]:
    """So many offerings, spread over all of them."""
    return [f"O-{number * (OFFERINGS // count):05d}" for number in range(count)]


@contextmanager
def stocked(quotes: int) -> Iterator[tuple[Path, Database]]:
    """A database of our own with so many open quotes of four lines, their uses, and the bare index beside."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'mandate.db'}"
        upgrade(url)
        with sqlite3.connect(folder / "mandate.db") as connection, duckdb.connect() as source:
            connection.execute("PRAGMA synchronous = OFF")
            for table, marks, sql in (("quote", 15, QUOTE), ("quote_line", 8, LINE), ("where_used", 10, USE)):
                found = source.execute(f"SELECT * FROM ({sql.format(quotes=quotes)}) ORDER BY 2, 1")
                while rows := found.fetchmany(AT_ONCE):
                    connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * marks)})", rows)
            connection.execute("CREATE INDEX bare ON quote_line (offering, quote, line, net_minor)")
            connection.execute("ANALYZE")
        database = Database(url)
        try:
            yield folder, database
        finally:
            database.close()


class Lookup:
    """What a person would write by hand: the offerings in a table of their own, a covering index, the driver itself."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("PRAGMA automatic_index = OFF")
        self._connection.execute("CREATE TEMP TABLE wanted (offering TEXT PRIMARY KEY)")
        self._connection.executemany("INSERT INTO wanted VALUES (?)", [(name,) for name in offerings(FEW)])
        self._connection.execute("ANALYZE temp.wanted")

    def __call__(self) -> int:
        return len(self._connection.execute(BARE_LOOKUP.format(open=OPEN, there=THERE, through=THROUGH)).fetchall())


def bare_scan(snapshot: Snapshot, files: SnapshotFiles) -> int:
    """The same question as one SQL statement on the same files, with the complete list as its result."""
    lines, quotes = (parquet(files.paths(snapshot, kind)) for kind in ("quote_line", "quote"))
    with duckdb.connect(config={"threads": LIMITS.threads, "memory_limit": LIMITS.memory}) as connection:
        connection.register("wanted", pa.table({"offering": offerings(MANY)}))
        sql = BARE_SCAN.format(lines=lines, quotes=quotes, open=OPEN)
        return int(connection.sql(sql).to_arrow_table().num_rows)


def measure(quotes: int, rounds: int) -> list[Measurement]:
    """Everything at one size; ours and the bare one in turns."""
    name = f"{quotes:,} quotes"
    with stocked(quotes) as (folder, database):
        files, snapshots = FileStore(folder / "files"), SnapshotFiles(str(folder / "snapshots"))
        note(f"{name} are there")
        whole, taken = timed(lambda: refresh(Gateway(database), snapshots))
        # What is asked is prepared for both; through HTTP it arrives with each request and is read there.
        narrow = touching(
            Touched(offering=o, market=m, channel=c) for o in offerings(FEW) for m in THERE for c in THROUGH
        )
        wide = touching(Touched(offering=name) for name in offerings(MANY))

        def ours(wanted: Touching) -> int:
            with database.reading() as session:
                hits, _ = find_documents(_sources(session, files, snapshots), wanted)
            return len(hits["quote"].document)

        lookup = Lookup(folder / "mandate.db")
        few = in_turns(lambda: ours(narrow), lookup, rounds)
        with served(folder, database) as api:
            through = in_turns(asking(api), lookup, rounds, api.process)
        many = in_turns(lambda: ours(wide), lambda: bare_scan(taken, snapshots), rounds)
        again = _moved(folder, database, snapshots)
    return [
        *rows_of(BENCH, f"impact few, {name}", few, unit="ms", least=LEAST_FEW),
        *rows_of(BENCH, f"impact few through HTTP, {name}", through, unit="ms", least=LEAST_HTTP),
        *rows_of(BENCH, f"impact wide, {name}", many, unit="ms", least=LEAST_WIDE),
        measured(BENCH, f"snapshot taken, {name}", "s", [whole]),
        measured(BENCH, f"snapshot after {MOVED} quotes moved, {name}", "s", [again]),
    ]


def asking(api: Served) -> Callable[[], int]:
    """The same question about few offerings over HTTP, its request prepared as the statement of the look-up is."""
    ask = api.prepared("/api/where-used", offering=offerings(FEW), market=THERE, channel=THROUGH)
    return lambda: next(int(use["documents"]) for use in ask()["uses"] if use["kind"] == "quote")


def _moved(folder: Path, database: Database, snapshots: SnapshotFiles) -> float:
    """Seconds that a snapshot takes after a few quotes moved."""
    with sqlite3.connect(folder / "mandate.db") as connection:
        connection.execute(f"UPDATE quote SET position = 2 + rowid WHERE rowid <= {MOVED}")
    return timed(lambda: refresh(Gateway(database), snapshots))[0]


def _sources(session: Session, files: FileStore, snapshots: SnapshotFiles) -> Sources:
    return Sources(session, files, datetime.now(UTC), snapshots, LIMITS)


def run(sizes: Sequence[int], rounds: int) -> list[Measurement]:
    """Every size, and how time grows."""
    return at_sizes("bench.impact", sizes, rounds)


if __name__ == "__main__":
    answer(measure)
