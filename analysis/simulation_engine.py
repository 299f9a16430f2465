"""Effects on quotes: by the reference for few, by the engine over a snapshot for many; the same rows (R-6.3)."""

import random  # noqa: TID251 (numbers drawn from a given seed: the same seed compares the same quotes)
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analysis.engine import parquet
from analysis.impact import uses
from analysis.pricing import WIDEST, Records, load_tables, look_around, pricing_sql
from analysis.pricing_tables import Tables, compile_books
from analysis.simulation_parts import FAILING, SCHEMA
from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.money import BASIS_POINTS
from domain.pricing import PriceBook, beyond, line_amounts, line_fault
from domain.quote import OPEN_STATUSES, Quote, QuoteLine
from domain.simulation import MARGIN_FLOOR_BASIS_POINTS
from domain.snapshot import Snapshot
from domain.touched import HEAD_WORDS, Touching, touching
from store.snapshots import SnapshotFiles

SAMPLED_QUOTES, SAMPLED_PARTITIONS = 100, 2
LINES_AT_ONCE = 500_000
"""Partitions that hold fewer lines together are priced by one statement: planning it costs as much as many lines, and
the lines of one partition keep one core busy."""
FILE_BITS = 32
"""A place is the row of a quote in its file, above that many bits the number of the file."""
NARROW = WIDEST // (4 * BASIS_POINTS)
"""Up to such amounts a margin times ten thousand fits into 64 bits."""
PLACES = {
    **{name: f"l.{name}" for name in ("offering", "selling_model")},
    **{name: f"q.{name}" for name in ("market", "channel", "currency", *HEAD_WORDS)},
}
"""Where the words stand by which something is touched."""
TOTALS = {"old_minor": "old_net", "new_minor": "new_net", "old_cost": "old_cost", "new_cost": "new_cost"}


@dataclass(frozen=True)
class Books:
    """What is compared: the book before, the book after, and what the change touches."""

    old: PriceBook
    new: PriceBook
    touched: Sequence[Touched]

    @cached_property
    def moving(self) -> bool:
        """Whether they say anything different."""
        return self.old.entries != self.new.entries

    @cached_property
    def touching(self) -> Touching:
        """What the change touches, word by word."""
        return touching(self.touched)

    @cached_property
    def _by_offering(self) -> dict[str, list[Touched]]:
        found: dict[str, list[Touched]] = {}
        for item in self.touched:
            found.setdefault(item.offering, []).append(item)
        return found

    def affected(self, quote: Quote) -> list[QuoteLine]:
        """The lines of a quote that use anything touched; a change can touch thousands of offerings."""
        everything, named = self._by_offering.get(EVERYWHERE, []), self._by_offering
        return [
            line
            for line in quote.lines
            if any(uses(quote, line, item) for item in (*named.get(line.offering, ()), *everything))
        ]


def effects_by_reference(books: Books, quotes: Iterable[Quote]) -> list[dict[str, Any]]:
    """The effects on quotes, line by line with the reference."""
    return [row for quote in quotes if (row := effect_row(books, quote)) is not None]


def effect_row(books: Books, quote: Quote) -> dict[str, Any] | None:
    """The effect on one quote, None if nothing in it is affected."""
    lines = books.affected(quote)
    if not lines:
        return None
    cases = [case for line in lines if (case := _case(books, quote, line)) is not None]
    row: dict[str, Any] = {name: getattr(quote, name) for name in ("market", "channel", "segment", "currency")}
    return row | {
        "quote": quote.id,
        "lines": len(lines),
        "faulty": len(lines) - len(cases),
        **_failing("unpriced", [case.line for case in cases if case.new_net is None]),
        **_failing("negative", [case.line for case in cases if case.new_net is not None and case.new_net < 0]),
        **_failing("thin", [case.line for case in cases if _under_floor(case)]),
        "uncosted": sum(1 for case in cases if case.new_net is not None and case.new_cost is None),
        **{name: _total([getattr(case, column) for case in cases]) for name, column in TOTALS.items()},
    }


def _failing(name: str, lines: Sequence[int]) -> dict[str, int | None]:
    """The first line that fails and how many do."""
    return {name: min(lines, default=None), f"{name}_lines": len(lines)}


class _Case(NamedTuple):
    """A sound line by both books; minor units, None where there is no price or no cost."""

    line: int
    old_net: int | None
    new_net: int | None
    old_cost: int | None
    new_cost: int | None


def _case(books: Books, quote: Quote, line: QuoteLine) -> _Case | None:
    """None for a line that nobody can price; one without a price has a cost all the same."""
    if line_fault(quote, line):
        return None
    old, new = (line_amounts(book, quote, line) for book in (books.old, books.new))
    old_cost, new_cost = (
        amounts.cost_minor if amounts else book.line_cost(line.offering, line.quantity, quote.currency)
        for book, amounts in ((books.old, old), (books.new, new))
    )
    found = (old and old.net_minor, new and new.net_minor, old_cost, new_cost)
    return None if beyond(*found) else _Case(line.line, *found)


def _total(amounts: Sequence[int | None]) -> int | None:
    """The sum, None if one is unknown or there is nothing to sum."""
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known and len(known) == len(amounts) else None


def _under_floor(case: _Case) -> bool:
    net, cost = case.new_net, case.new_cost
    if net is None or cost is None:
        return False
    return (net - cost) * BASIS_POINTS < MARGIN_FLOOR_BASIS_POINTS * net


def open_records(files: SnapshotFiles, snapshot: Snapshot, numbers: Sequence[int]) -> Records:
    """The open quotes of some partitions of a snapshot, with their lines."""
    statuses = ", ".join(f"'{status}'" for status in OPEN_STATUSES)
    return some_records(files, snapshot, numbers, f"status IN ({statuses})")


def some_records(files: SnapshotFiles, snapshot: Snapshot, numbers: Sequence[int], chosen: str) -> Records:
    """The quotes of some partitions for which a condition in SQL holds, with the lines of those partitions."""
    quotes, lines = (
        [files.path(partition.file) for partition in snapshot.of(kind) if partition.number in numbers]
        for kind in ("quote", "quote_line")
    )
    if not quotes or not lines:
        return Records("", "")
    # A partition is one file, and its rows are in the order of their ids.
    place = f"(file_index::BIGINT << {FILE_BITS}) + file_row_number AS place"
    numbered = f"(SELECT *, {place} FROM {parquet(quotes)} WHERE {chosen})"
    return Records(f"(SELECT * FROM {parquet(quotes)} WHERE {chosen})", parquet(lines), numbered)


def at_once(snapshot: Snapshot, numbers: Sequence[int]) -> Iterator[list[int]]:
    """The partitions in groups, each to be priced by one statement."""
    lines = {partition.number: partition.rows for partition in snapshot.of("quote_line")}
    group, held = list[int](), 0
    for number in sorted(numbers):
        if group and held + lines.get(number, 0) > LINES_AT_ONCE:
            yield group
            group, held = [], 0
        group.append(number)
        held += lines.get(number, 0)
    if group:
        yield group


def compiled(connection: duckdb.DuckDBPyConnection, books: Books, records: Records) -> Tables:
    """The compiled tables, loaded."""
    tables = compile_books(
        connection, books.old, books.new, books.touched, look_around(connection, records, books.touched)
    )
    load_tables(connection, tables)
    return tables


def effects_by_engine(
    connection: duckdb.DuckDBPyConnection, tables: Tables, records: Records, numbers: Sequence[int]
) -> Iterator[tuple[int, pa.Table]]:
    """The effects on the quotes of each partition, ordered by quote; `numbers` are those of the records, ascending."""
    if not tables.price or not records.quotes:
        yield from ((number, SCHEMA.empty_table()) for number in numbers)
        return
    found = _table(connection, effects_sql(tables, records))
    files = pc.value_counts(pc.shift_right(found["place"], FILE_BITS))
    rows = {file["values"].as_py(): file["counts"].as_py() for file in files}
    effects, start = found.select(SCHEMA.names).cast(SCHEMA).combine_chunks(), 0
    for file, number in enumerate(numbers):
        yield number, effects.slice(start, rows.get(file, 0))
        start += rows.get(file, 0)


def _table(connection: duckdb.DuckDBPyConnection, sql: str, wanted: dict[str, Any] | None = None) -> pa.Table:
    found: pa.Table = connection.sql(sql, params=wanted).to_arrow_table()
    return found


def effects_sql(tables: Tables, records: Records) -> str:
    """The statement that sums priced lines up to quotes; its text is part of the evidence (D13a)."""
    wide = "" if tables.largest < NARROW else "::HUGEINT"
    thin = f"(new_net - new_cost){wide} * {BASIS_POINTS} < {MARGIN_FLOOR_BASIS_POINTS} * new_net{wide}"
    totals = ", ".join(
        f"CASE WHEN count({column}) = count(*) - count(*) FILTER (faulty) THEN sum({column})::BIGINT END AS {name}"
        for name, column in TOTALS.items()
    )
    fails = dict(zip(FAILING, ("NOT faulty AND new_net IS NULL", "new_net < 0", thin), strict=True))
    firsts = ", ".join(f"min(line) FILTER ({when}) AS {name}" for name, when in fails.items())
    counts = ", ".join(f"count(*) FILTER ({when}) AS {name}_lines" for name, when in fails.items())
    places = ", ".join(f"any_value({name}) AS {name}" for name in ("market", "channel", "segment", "currency"))
    return f"""
SELECT place, any_value(quote) AS quote, {places},
  count(*) AS lines,
  count(*) FILTER (faulty) AS faulty,
  {firsts},
  count(*) FILTER (new_net IS NOT NULL AND new_cost IS NULL) AS uncosted,
  {counts},
  {totals}
FROM ({pricing_sql(tables, records)})
GROUP BY place ORDER BY place"""


def sampled_partitions(seed: int, snapshot: Snapshot) -> tuple[int, ...]:
    """The partitions of which a sample is compared with the reference; a quote's partition is as good as random."""
    numbers = sorted({partition.number for partition in snapshot.of("quote")})
    return tuple(sorted(random.Random(seed).sample(numbers, min(SAMPLED_PARTITIONS, len(numbers)))))


def compare(
    connection: duckdb.DuckDBPyConnection, books: Books, records: Records, effects: pa.Table, seed: int
) -> tuple[int, tuple[str, ...]]:
    """How many lines of a seeded sample were compared with the reference, and the quotes that differ.

    The sample is drawn from the rows of the engine and from the open quotes that it says nothing about although they
    hold what may be touched: a row too many is found, and one too few.
    """
    rows = {row["quote"]: row for row in effects.take(pa.array(_drawn(effects.num_rows, seed), pa.int64())).to_pylist()}
    silent = _silent(connection, books, records, effects)
    ids = {*rows, *(silent[place] for place in _drawn(len(silent), seed))}
    quotes = load_quotes(connection, records, sorted(ids))
    found = {row["quote"]: row for quote in quotes if (row := effect_row(books, quote)) is not None}
    differing = tuple(quote for quote in sorted(ids) if rows.get(quote) != found.get(quote))
    return sum(row["lines"] for row in {**found, **rows}.values()), differing


def _drawn(of: int, seed: int) -> list[int]:
    return sorted(random.Random(seed).sample(range(of), min(SAMPLED_QUOTES, of)))


def _silent(connection: duckdb.DuckDBPyConnection, books: Books, records: Records, effects: pa.Table) -> list[str]:
    """The ids of quotes without a row that hold lines of which each word may be touched, in order.

    Where one word of all that is touched differs, these are exactly the quotes that need a row and have none.
    """
    connection.register("effect", effects.select(["quote"]))
    words = ", ".join(word for word, where in PLACES.items() if where.startswith("q."))
    rest = f"SELECT id, {words} FROM {records.quotes} ANTI JOIN effect ON quote = id"
    quotes = _table(connection, rest)
    connection.unregister("effect")
    if not quotes.num_rows:
        return []
    wanted = books.touching.wanted
    conditions = " AND ".join(f"{PLACES[word]} IN (SELECT unnest(${word}))" for word in wanted) or "true"
    connection.register("silent", quotes)
    query = (
        f"SELECT DISTINCT q.id FROM silent q JOIN {records.lines} l ON l.quote = q.id WHERE {conditions} ORDER BY ALL"
    )
    ids: list[str] = _table(connection, query, dict(wanted))["id"].to_pylist()
    connection.unregister("silent")
    return ids


def load_quotes(connection: duckdb.DuckDBPyConnection, records: Records, ids: Sequence[str]) -> list[Quote]:
    """Whole quotes out of records."""
    wanted = {"ids": list(ids)}
    heads = _table(connection, f"SELECT * FROM {records.quotes} WHERE id IN (SELECT unnest($ids))", wanted)
    rows = _table(connection, f"SELECT * FROM {records.lines} WHERE quote IN (SELECT unnest($ids))", wanted)
    lines: dict[str, list[QuoteLine]] = {}
    for row in sorted(rows.to_pylist(), key=lambda row: (row["quote"], row["line"])):
        lines.setdefault(row.pop("quote"), []).append(QuoteLine.model_construct(**row))
    return [Quote.model_construct(**head, lines=tuple(lines.get(head["id"], ()))) for head in heads.to_pylist()]
