"""Past deals with the facts by which the authority engine decides about them, all at once (R-8.4).

A deal that was asked about has the facts that were kept with its request, its terms among them. Those of the others
are computed from the price book of each quote's own version, in the integers of `domain/deal.py`: by the engine that
prices, and by the reference itself where a line is one that nobody can price. A sample is compared with the reference.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import duckdb
import pyarrow as pa

from analysis.engine import parquet
from analysis.pricing import pricing_sql
from analysis.simulation_engine import Books, at_once, compiled, load_quotes, some_records
from domain.deal import deal_facts
from domain.errors import MandateError
from domain.kinds.kind import EVERYTHING
from domain.pricing import PriceBook
from domain.quote import USUAL_PAYMENT_DAYS
from domain.snapshot import Snapshot
from store.snapshots import SnapshotFiles

SAMPLE = 1_000
PAST = "status NOT IN ('draft', 'in_approval')"
FACTS = {
    "discount_percent": pa.int64(),
    "margin_percent": pa.int64(),
    "strategic_account": pa.bool_(),
    "payment_days": pa.int64(),
    "standard_clauses": pa.bool_(),
    "regions": pa.int64(),
}
Facts = Mapping[str, object]
QUOTE = ("customer", "market", "channel", "segment", "currency", "price_version", "total_minor", "created_at")
LINE = ("offering", "selling_model", "quantity", "discount_basis_points", "net_minor")
"""Columns without which a quote or a line says nothing."""
EMPTY = {
    "quote": f"id VARCHAR, status VARCHAR, {', '.join(f'{name} VARCHAR' for name in QUOTE)}",
    "quote_line": f"quote VARCHAR, line BIGINT, {', '.join(f'{name} VARCHAR' for name in LINE)}",
    "contract": "id VARCHAR, quote VARCHAR",
    "contract_term": "contract VARCHAR, payment_days BIGINT",
}
"""The kinds of record that facts come from, as tables without rows."""


def _known(names: Iterable[str]) -> str:
    return " AND ".join(f"{name} IS NOT NULL" for name in names)


PAST_QUOTES = f"""
CREATE TEMP TABLE past AS
SELECT q.id, q.currency, q.total_minor, q.segment, q.price_version, coalesce(l.lines, 0) AS lines,
  coalesce(l.discount, 0)::BIGINT AS discount, coalesce(t.payment_days, {USUAL_PAYMENT_DAYS})::BIGINT AS payment_days,
  {_known(f"q.{name}" for name in QUOTE)} AND coalesce(l.whole, true) AS whole
FROM (SELECT * FROM quote WHERE {PAST}) q
LEFT JOIN (
  SELECT quote, count(*) AS lines, max(discount_basis_points) AS discount, bool_and({_known(LINE)}) AS whole
  FROM quote_line GROUP BY quote) l ON l.quote = q.id
LEFT JOIN (
  SELECT k.quote, max(p.payment_days) AS payment_days
  FROM contract k JOIN contract_term p ON p.contract = k.id GROUP BY k.quote) t ON t.quote = q.id"""
DECIDED = """
CREATE TEMP TABLE decided AS
SELECT * EXCLUDE number FROM kept QUALIFY row_number() OVER (PARTITION BY quote ORDER BY number DESC) = 1"""
PRICED = "CREATE TEMP TABLE priced (id VARCHAR, lines BIGINT, faulty BOOLEAN, net HUGEINT, cost HUGEINT)"
PRICED_LINES = """
CREATE OR REPLACE TEMP TABLE priced_line AS
SELECT place, quote, line, faulty, new_net, new_cost FROM ({pricing})"""
SUMMED = """
INSERT INTO priced
SELECT any_value(p.quote), count(*), bool_or(p.faulty), sum(coalesce(p.new_net, l.net_minor)),
  CASE WHEN count(p.new_cost) = count(*) THEN sum(p.new_cost) END
FROM priced_line p
LEFT JOIN (
  SELECT quote, line, net_minor FROM {lines}
  SEMI JOIN (SELECT quote, line FROM priced_line WHERE new_net IS NULL) USING (quote, line)) l USING (quote, line)
GROUP BY p.place"""
"""What a book does not price stays as the quote has it."""
UNSOUND = """
SELECT id, price_version, payment_days
FROM past ANTI JOIN decided ON decided.quote = past.id LEFT JOIN priced USING (id)
WHERE whole AND list_contains($versions, price_version)
  AND (priced.id IS NULL OR priced.faulty OR priced.lines <> past.lines)"""
"""Deals with a line that nobody can price, or that no book knows."""
GAIN = "100 * (p.net - p.cost)"
DEAL = f"""
CREATE TEMP TABLE deal AS
SELECT q.id AS deal, q.currency, q.total_minor AS value_minor,
  {", ".join(f"CASE WHEN g.quote IS NOT NULL THEN g.{name} WHEN known THEN q.{name} END AS {name}" for name in FACTS)}
FROM (
  SELECT past.*, whole AND list_contains($versions, price_version) AS known,
    (discount + 99 * (discount > 0)::BIGINT) // 100 AS discount_percent,
    CASE WHEN p.net > 0 THEN ({GAIN} // p.net - ({GAIN} < 0 AND {GAIN} % p.net <> 0)::BIGINT)::BIGINT END
      AS margin_percent,
    segment = 'strategic' AS strategic_account, true AS standard_clauses, 1::BIGINT AS regions
  FROM past LEFT JOIN priced p ON p.id = past.id) q
LEFT JOIN (FROM decided UNION ALL BY NAME FROM referred) g ON g.quote = q.id"""
"""Integer division cuts towards zero: the discount is rounded up and the margin down, as the reference does."""
COMPARED = """
SELECT deal.*, price_version FROM deal JOIN past ON past.id = deal.deal ANTI JOIN decided ON decided.quote = deal.deal
WHERE whole AND list_contains($versions, price_version) ORDER BY md5(deal), deal LIMIT {sample}"""


class Disagreement(MandateError):
    """The set-based answer and that of the authority engine differ: nothing of the replay can be trusted."""


@dataclass(frozen=True)
class Past:
    """What facts come from: records, the price book of each version (None: there is none), what requests keep.

    kept: facts with their `quote`, in batches, oldest first; read once.
    """

    snapshot: Snapshot
    book: Callable[[int], PriceBook | None]
    kept: Iterable[Sequence[Facts]]


@dataclass(frozen=True)
class Deals:
    """The deals, which are the table `deal` (deal, currency, value_minor, and a column for each fact).

    decided: how many have the facts by which they were decided. A deal of which a record is not whole has no facts.
    """

    connection: duckdb.DuckDBPyConnection
    files: SnapshotFiles
    past: Past
    books: Mapping[int, PriceBook]
    decided: int

    def compare(self, sample: int = SAMPLE) -> int:
        """Compare a sample, the same on every machine, with the reference; how many were compared.

        Raises Disagreement("replay_disagrees").
        """
        found = self.connection.sql(COMPARED.format(sample=sample), params={"versions": list(self.books)})
        rows = found.to_arrow_table().to_pylist()
        wanted = _by_reference(
            self.connection, self.files, self.past.snapshot, self.books,
            [(row["deal"], row["price_version"], row["payment_days"]) for row in rows],
        )  # fmt: skip
        for row in rows:
            if (facts := wanted[row["deal"]]) != {name: row[name] for name in FACTS}:
                detail = f"The facts of the deal {row['deal']} are not those by which it would be decided."
                raise Disagreement("replay_disagrees", detail, deal=row["deal"], facts=facts)
        return len(rows)


def load_deals(connection: duckdb.DuckDBPyConnection, files: SnapshotFiles, past: Past) -> Deals:
    """Make the table `deal` of all past deals of a snapshot."""
    _open(connection, files, past)
    versions = connection.execute("SELECT DISTINCT price_version FROM past WHERE whole ORDER BY 1").fetchall()
    books = {number: book for (number,) in versions if (book := past.book(number)) is not None}
    for number, book in books.items():
        _price(connection, files, past.snapshot, number, book)
    known = {"versions": list(books)}
    unsound = connection.execute(UNSOUND, known).fetchall()
    referred = _by_reference(connection, files, past.snapshot, books, unsound)
    connection.register("referred", _table([{"quote": quote, **facts} for quote, facts in referred.items()]))
    connection.execute(DEAL, known)
    row = connection.execute("SELECT count(*) FROM deal SEMI JOIN decided ON decided.quote = deal.deal").fetchall()
    return Deals(connection, files, past, books, int(row[0][0]))


def _open(connection: duckdb.DuckDBPyConnection, files: SnapshotFiles, past: Past) -> None:
    for kind, columns in EMPTY.items():
        paths = files.paths(past.snapshot, kind)
        made = f"VIEW {kind} AS SELECT * FROM {parquet(paths)}" if paths else f"TABLE {kind} ({columns})"
        connection.execute(f"CREATE {made}")
    _keep(connection, past.kept)
    connection.execute(PAST_QUOTES)
    connection.execute(PRICED)


def _keep(connection: duckdb.DuckDBPyConnection, kept: Iterable[Sequence[Facts]]) -> None:
    """Make the table `decided` of the last facts of each quote; no more than a batch is held beside it."""
    rows = 0
    for facts in chain([()], kept):
        number = pa.array(range(rows, rows + len(facts)), pa.int64())
        connection.register("given", _table(facts).append_column("number", number))
        connection.execute("INSERT INTO kept FROM given" if rows else "CREATE OR REPLACE TEMP TABLE kept AS FROM given")
        rows += len(facts)
    connection.execute(DECIDED)


def _table(facts: Sequence[Facts]) -> pa.Table:
    """Facts with their quote, as columns."""
    columns = {"quote": pa.string(), **FACTS}
    return pa.table({name: pa.array([row.get(name) for row in facts], kind) for name, kind in columns.items()})


def _price(
    connection: duckdb.DuckDBPyConnection, files: SnapshotFiles, snapshot: Snapshot, version: int, book: PriceBook
) -> None:
    """Price the deals of a version by its book, some partitions at a time."""
    chosen = f"{PAST} AND price_version = {version}"
    numbers = [partition.number for partition in snapshot.of("quote")]
    every = some_records(files, snapshot, numbers, chosen)
    tables = compiled(connection, Books(book, book, EVERYTHING), every) if every.quotes else None
    if tables is None or not tables.price:
        return
    for group in at_once(snapshot, numbers):
        records = some_records(files, snapshot, group, chosen)
        if records.quotes:
            connection.execute(PRICED_LINES.format(pricing=pricing_sql(tables, records)))
            connection.execute(SUMMED.format(lines=records.lines))


def _by_reference(
    connection: duckdb.DuckDBPyConnection,
    files: SnapshotFiles,
    snapshot: Snapshot,
    books: Mapping[int, PriceBook],
    deals: Iterable[tuple[str, int, int]],
) -> dict[str, Facts]:
    """The facts of deals, given as (quote, version, days to pay), one by one."""
    asked = {quote: (books[version], days) for quote, version, days in deals}
    if not asked:
        return {}
    records = some_records(files, snapshot, [p.number for p in snapshot.of("quote")], PAST)
    quotes = load_quotes(connection, records, list(asked))
    return {quote.id: deal_facts(asked[quote.id][0], quote, asked[quote.id][1]) for quote in quotes}
