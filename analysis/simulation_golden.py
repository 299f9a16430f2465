"""Golden scenarios by engine and reference: every run compares them, whatever it prices its quotes with (R-6.3).

What they give depends on the rules that they meet and on nothing else, so a process compares them once for each set of
such rules: in a run whose change does not touch them it costs a look at the entries of the book.
"""

from collections.abc import Mapping

import pyarrow as pa

from analysis.engine import Limits, workspace
from analysis.pricing import Records, load_tables, look_around, pricing_sql
from analysis.pricing_tables import compile_books
from domain.artifact import EVERYWHERE, Content
from domain.canonical import digest
from domain.kinds.kind import Touched
from domain.pricing import PriceBook, line_fault, price_line
from domain.pricing_golden import golden_quote
from domain.quote import Quote
from store.kept import Kept

LIMITS = Limits("256MB", 1)
COMPARED = Kept[tuple[int, tuple[str, ...]]](64)
"""What was compared, by the digest of the rules."""


def compare_golden(book: PriceBook) -> tuple[int, tuple[str, ...]]:
    """How many golden scenarios of a book were priced by both, and those of which the engine gives another net."""
    scenarios = {key: golden_quote(scenario) for key, scenario in book.golden()}
    if not scenarios:
        return 0, ()
    rules = _rules(book, scenarios)
    return COMPARED.of(digest({"schema": "golden/1", "rules": dict(rules)}), lambda: _compared(rules, scenarios))


def _rules(book: PriceBook, scenarios: Mapping[str, Quote]) -> Content:
    """The entries of a book that can move a scenario: all but those of other offerings."""
    sold = {EVERYWHERE, *(line.offering for quote in scenarios.values() for line in quote.lines)}
    return {key: entry for key, entry in book.entries.items() if entry.get("offering", EVERYWHERE) in sold}


def _compared(rules: Content, scenarios: Mapping[str, Quote]) -> tuple[int, tuple[str, ...]]:
    book = PriceBook(rules)
    found = _priced_by_engine(book, list(scenarios.values()))
    wrong = [key for key, quote in scenarios.items() if found.get(quote.id) != _net(book, quote)]
    return len(scenarios), tuple(wrong)


def _net(book: PriceBook, quote: Quote) -> int | None:
    (line,) = quote.lines
    priced = None if line_fault(quote, line, book) else price_line(book, quote, line)
    return priced.net_minor if priced else None


def _priced_by_engine(book: PriceBook, quotes: list[Quote]) -> dict[str, int | None]:
    """The net of quotes of one line, by their id."""
    touched = [Touched(offering=line.offering, currency=quote.currency) for quote in quotes for line in quote.lines]
    records = Records("scenario", "scenario_line")
    with workspace(LIMITS) as (connection, _):
        connection.register("scenario", pa.Table.from_pylist([quote.model_dump(exclude={"lines"}) for quote in quotes]))
        lines = [{"quote": quote.id, **line.model_dump()} for quote in quotes for line in quote.lines]
        connection.register("scenario_line", pa.Table.from_pylist(lines))
        tables = compile_books(connection, book, book, touched, look_around(connection, records, touched))
        if not tables.price:
            return {}
        load_tables(connection, tables)
        rows = connection.execute(f"SELECT quote, new_net FROM ({pricing_sql(tables, records)})").fetchall()
    return {str(quote): net for quote, net in rows}
