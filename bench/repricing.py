"""Simulation at the size of the business: the whole run, stored and digested, against bare re-pricing (chapter 6)."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.assessment import build_subject
from analysis.columns import logical_digest
from analysis.engine import Limits, parquet
from analysis.simulation import simulate_many
from analysis.simulation_subject import Subject
from bench.results import Measurement, measured
from bench.sizes import answer, at_sizes, in_turns, rows_of
from domain.artifact import Content, Part, difference
from domain.kinds.catalog import Offering
from domain.kinds.pricing_entries import Cost, Price, Tier
from domain.snapshot import PARTITIONS, Partition, Snapshot, content_digest
from store.files import FileStore
from store.snapshots import SnapshotFiles

BENCH = "analysis"
PRICES, CATALOG = "pricing/standard", "catalog/standard"
OFFERINGS, LINES = 3_000, 4
OLD, NEW = 100, 105
"""Percent of the list price."""
LIMITS = Limits("1GB", 2)
LEAST, MOST_MB, MOST_GROWTH = 0.5, 2_000, 1.08
QUOTES = f"""
WITH made AS (
  SELECT n, ['DE', 'AT', 'CH', 'FR', 'IT', 'GB'][1 + n % 6] AS market, ['direct', 'partner'][1 + n // 6 % 2] AS channel
  FROM range({{number}}, {{quotes}}, {PARTITIONS}) t(n))
SELECT 'Q-' || lpad(n::VARCHAR, 9, '0') AS id, 'proposed' AS status, 'customer-' || (n % 5000) AS customer,
  'seller-1' AS owner, market, channel, 'business' AS segment,
  CASE market WHEN 'CH' THEN 'CHF' WHEN 'GB' THEN 'GBP' ELSE 'EUR' END AS currency,
  1::BIGINT AS catalog_version, 1::BIGINT AS price_version, 0::BIGINT AS total_minor,
  TIMESTAMP '2026-01-01' + to_minutes(n % 100000) AS created_at, TIMESTAMP '2026-12-01' AS expires_at
FROM made ORDER BY id"""
QUOTE_LINES = f"""
SELECT 'Q-' || lpad(n::VARCHAR, 9, '0') AS quote, l AS line,
  'O-' || lpad((hash(n * 7 + l) % {OFFERINGS})::VARCHAR, 5, '0') AS offering, 'monthly' AS selling_model,
  (1 + hash(n * 11 + l) % 30)::BIGINT AS quantity, 0::BIGINT AS unit_price_micros,
  (hash(n * 13 + l) % 3 * 250)::BIGINT AS discount_basis_points, 0::BIGINT AS net_minor
FROM range({{number}}, {{quotes}}, {PARTITIONS}) t(n), range(1, {LINES + 1}) u(l) ORDER BY quote, line"""
BARE = """
WITH priced AS (
  SELECT l.quote, q.currency, l.quantity, p.cost, p.unit * (10000 - CASE WHEN l.quantity >= 25 THEN 1000
    WHEN l.quantity >= 10 THEN 500 ELSE 0 END) // 10000 * (10000 - l.discount_basis_points) // 10000 AS unit
  FROM {lines} l JOIN {quotes} q ON q.id = l.quote AND q.status = 'proposed'
  JOIN price p ON p.offering = l.offering AND p.currency = q.currency),
net AS (
  SELECT quote, currency, (unit * quantity + 5000) // 10000 AS net, (cost * quantity + 5000) // 10000 AS cost
  FROM priced),
total AS (
  SELECT quote, any_value(currency) AS currency, sum(net)::BIGINT AS net, sum(cost)::BIGINT AS cost,
    min(net) < 0 AS negative FROM net GROUP BY quote)
SELECT currency, sum(net)::BIGINT, sum(cost)::BIGINT, count(*) FILTER (negative) FROM total GROUP BY currency"""


def price_book(percent: int) -> Content:
    """A list price for each offering and currency, with tiers and costs, scaled."""
    entries: dict[str, Any] = {}
    for number in range(OFFERINGS):
        for currency in ("EUR", "CHF", "GBP"):
            unit = (5_000_000 + number * 10_007) * percent // 100
            tiers = (Tier(from_quantity=10, off_basis_points=500), Tier(from_quantity=25, off_basis_points=1_000))
            place = {"offering": f"O-{number:05d}", "currency": currency}
            price = Price(**place, selling_model="monthly", unit_price_micros=unit, tiers=tiers)
            cost = Cost(**place, unit_cost_micros=2_000_000 + number * 4_003)
            entries |= {entry.key: entry.model_dump(mode="json") for entry in (price, cost)}
    return entries


def subject() -> Subject:
    """The whole book becomes dearer."""
    old, new = price_book(OLD), price_book(NEW)
    part = Part(artifact=PRICES, base=1, operations=difference(old, new))
    sold = [Offering(id=f"O-{number:05d}", name=f"Offering {number}") for number in range(OFFERINGS)]
    catalog = {offering.key: offering.model_dump(mode="json") for offering in sold}
    return build_subject({PRICES: old, CATALOG: catalog}, {CATALOG: 1, PRICES: 1}, (part,))


def make_snapshot(folder: Path, quotes: int) -> Snapshot:
    """Open quotes of four lines each, as a snapshot holds them."""
    found = []
    with duckdb.connect() as connection:
        for number in range(PARTITIONS):
            heads = connection.sql(QUOTES.format(number=number, quotes=quotes)).to_arrow_table()
            lines = connection.sql(QUOTE_LINES.format(number=number, quotes=quotes)).to_arrow_table()
            found += [_kept(folder, "quote", number, heads), _kept(folder, "quote_line", number, lines)]
    partitions = tuple(found)
    return Snapshot(digest=content_digest(partitions), at="", source="bench", below={}, partitions=partitions)


def _kept(folder: Path, kind: str, number: int, table: pa.Table) -> Partition:
    (folder / kind).mkdir(parents=True, exist_ok=True)
    name = f"{kind}/{number:02d}.parquet"
    pq.write_table(table, folder / name, compression="zstd", compression_level=1)
    return Partition(kind=kind, number=number, rows=table.num_rows, digest=logical_digest(table), file=name)


class Bare:
    """What a person would write by hand: lines joined with their prices, tiers, discount, totals by quote; no more."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        files = SnapshotFiles(str(folder))
        self._lines, self._quotes = (parquet(files.paths(snapshot, kind)) for kind in ("quote_line", "quote"))
        self._books = [bare_book(percent) for percent in (OLD, NEW)]

    def __call__(self) -> dict[str, int]:
        """One pass by the old book and one by the new one: how far each currency moves."""
        old, new = (self._pass(book) for book in self._books)
        return {currency: new[currency] - old[currency] for currency in sorted(new)}

    def _pass(self, book: pa.Table) -> dict[str, int]:
        with duckdb.connect(config={"threads": LIMITS.threads, "memory_limit": LIMITS.memory}) as connection:
            connection.register("book", book)
            connection.execute("CREATE TEMP TABLE price AS SELECT * FROM book")
            found = connection.execute(BARE.format(lines=self._lines, quotes=self._quotes)).fetchall()
        return {str(currency): int(net) for currency, net, _, _ in found}


def bare_book(percent: int) -> pa.Table:
    """The price book as a person would have it: a table of unit prices and costs by offering and currency."""
    book = price_book(percent)
    prices = [entry for entry in book.values() if entry["type"] == "price"]
    costs = {(e["offering"], e["currency"]): e["unit_cost_micros"] for e in book.values() if e["type"] == "cost"}
    rows = [
        {
            "offering": entry["offering"],
            "currency": entry["currency"],
            "unit": entry["unit_price_micros"],
            "cost": costs[entry["offering"], entry["currency"]],
        }
        for entry in prices
    ]
    return pa.Table.from_pylist(rows)


def measure(quotes: int, rounds: int) -> list[Measurement]:
    """Whole runs, stored and digested, beside two bare passes; every run gives the same digest."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name:
        folder = Path(name)
        snapshot, book = make_snapshot(folder / "snapshots", quotes), subject()
        kept, files = SnapshotFiles(str(folder / "snapshots")), FileStore(folder / "files")
        digests = set()

        def ours() -> dict[str, int]:
            found = simulate_many(book, snapshot, kept, LIMITS, files)
            digests.add(found.digest)
            return dict(found.delta)

        turns = in_turns(ours, Bare(folder / "snapshots", snapshot), rounds)
    name = f"simulation, {quotes:,} quotes"
    return [
        *rows_of(BENCH, name, turns, least=LEAST, most_memory=MOST_MB),
        measured(BENCH, f"different digests of {name}", "", [len(digests)], most=1),
    ]


def run(sizes: Sequence[int], rounds: int) -> list[Measurement]:
    """Every size, and how time grows."""
    return at_sizes("bench.repricing", sizes, rounds, MOST_GROWTH)


if __name__ == "__main__":
    answer(measure)
