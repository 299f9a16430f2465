"""Generated price books and quotes for comparing the engine with the reference, and both priced."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
from hypothesis import strategies as st

from analysis.pricing import Records, load_tables, look_around, pricing_sql
from analysis.pricing_tables import compile_books
from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.kinds.pricing_entries import (
    BundlePrice,
    Contract,
    Cost,
    Floor,
    Price,
    PriceEntry,
    Promotion,
    Rate,
    Rounding,
    Tier,
)
from domain.pricing import PriceBook, line_fault, price_line
from domain.quote import Quote, QuoteLine

OFFERINGS, MODELS, CURRENCIES = ("A", "B", "HOME"), ("monthly", "minutes"), ("EUR", "JPY", "KWD")
MARKETS, CHANNELS, CUSTOMERS, SEGMENTS = ("DE", "AT"), ("direct", "partner"), ("acme", "bolt"), ("consumer", "business")
FIRST = date(2026, 1, 1)
ENGINE = duckdb.connect(config={"threads": 1})
EVERYTHING = (Touched(offering=EVERYWHERE),)
Outcome = tuple[int | None, int | None, int | None, int | None]

offerings, models, currencies = (st.sampled_from(names) for names in (OFFERINGS, MODELS, CURRENCIES))
amounts = st.one_of(st.integers(0, 50_000_000), st.integers(0, 10**15))
points = st.sampled_from([0, 1, 333, 2_500, 10_000])
wanted = {"offering": offerings, "currency": currencies}
sold = wanted | {"selling_model": models}
some_market, some_channel = st.sampled_from([*MARKETS, EVERYWHERE]), st.sampled_from([*CHANNELS, EVERYWHERE])


@st.composite
def tiers(draw: st.DrawFn) -> tuple[Tier, ...]:
    starts = sorted(draw(st.sets(st.sampled_from([1, 2, 5, 10, 50]), max_size=3)))
    kinds = st.one_of(st.builds(dict, unit_price_micros=amounts), st.builds(dict, off_basis_points=points))
    return tuple(Tier(from_quantity=start, **draw(kinds)) for start in starts)


@st.composite
def tiered(draw: st.DrawFn) -> dict[str, Any]:
    mode = draw(st.sampled_from(["slab", "graduated"]))
    basis = draw(st.sampled_from(["line", "quote"])) if mode == "slab" else "line"
    return {"tiers": draw(tiers()), "tier_mode": mode, "tier_basis": basis}


def _price(fields: dict[str, Any], **place: Any) -> Price:
    return Price(**fields, **place)


def _rate(fields: dict[str, Any], **place: Any) -> Rate:
    return Rate(**fields, resource="minutes", unit="minute", **place)


@st.composite
def promotions(draw: st.DrawFn) -> Promotion:
    amount = draw(st.sampled_from([0, 0, 1_500_000, 10**14]))
    since = FIRST + timedelta(days=draw(st.integers(0, 20)))
    return Promotion(
        code=draw(st.sampled_from("PQRST")),
        offering=draw(st.sampled_from([*OFFERINGS, EVERYWHERE])),
        market=draw(some_market),
        channel=draw(some_channel),
        segment=draw(st.sampled_from([*SEGMENTS, EVERYWHERE])),
        currency=draw(currencies) if amount else draw(st.sampled_from(["EUR", EVERYWHERE])),
        since=since,
        until=since + timedelta(days=draw(st.integers(1, 20))),
        off_basis_points=draw(points),
        off_micros=amount,
        exclusive=draw(st.sampled_from([False, False, True])),
        priority=draw(st.integers(0, 2)),
    )


entries: st.SearchStrategy[PriceEntry] = st.one_of(
    st.builds(_price, st.fixed_dictionaries(sold | {"unit_price_micros": amounts}).flatmap(
        lambda fields: tiered().map(lambda own: fields | own)), market=some_market, channel=some_channel),
    st.builds(_rate, st.fixed_dictionaries(wanted | {"unit_price_micros": amounts}).flatmap(
        lambda fields: tiered().map(lambda own: fields | own)), market=some_market),
    st.builds(Cost, unit_cost_micros=amounts, **wanted),
    st.builds(Contract, customer=st.sampled_from(CUSTOMERS), unit_price_micros=amounts, **sold),
    st.builds(BundlePrice, bundle=st.sampled_from(["HOME", "B"]), off_basis_points=points, **sold),
    promotions(),
    st.builds(Floor, unit_floor_micros=amounts, **sold),
    st.builds(Rounding, currency=currencies, step=st.sampled_from([1, 5, 100]), mode=st.sampled_from(
        ["half_up", "half_even", "up", "down"])),
)  # fmt: skip


def book_of(found: Sequence[PriceEntry]) -> PriceBook:
    """A price book of entries; of two with the same key the later one counts."""
    return PriceBook({entry.key: entry.model_dump(mode="json") for entry in found})


books = st.lists(entries, min_size=1, max_size=14).map(book_of)


@st.composite
def quote_of(draw: st.DrawFn, number: int, bad: bool = False) -> Quote:
    quantities = st.sampled_from([1, 2, 3, 9, 10, 49, 10_000] + ([0, -5, -10, 2 * 10**9] if bad else []))
    discounts = st.sampled_from([0, 0, 250, 3_333, 10_000] + ([-1, 10_001] if bad else []))
    lines = [
        QuoteLine(
            line=place, offering=draw(offerings), selling_model=draw(models), quantity=draw(quantities),
            unit_price_micros=0, discount_basis_points=draw(discounts), net_minor=0,
        )
        for place in range(1, draw(st.integers(1, 4)) + 1)
    ]  # fmt: skip
    made = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=draw(st.integers(0, 900)))
    return Quote(
        id=f"Q-{number}", status="draft", customer=draw(st.sampled_from([*CUSTOMERS, "other"])), owner="o",
        market=draw(st.sampled_from([*MARKETS, "GB"])), channel=draw(st.sampled_from([*CHANNELS, "web"])),
        segment=draw(st.sampled_from(SEGMENTS)), currency=draw(st.sampled_from([*CURRENCIES, "XXQ"] if bad else CURRENCIES)),
        catalog_version=1, price_version=1, total_minor=0, created_at=made, expires_at=made, lines=tuple(lines),
    )  # fmt: skip


def tables_of(quotes: Sequence[Quote]) -> tuple[pa.Table, pa.Table]:
    """Quotes and lines with the columns of their tables."""
    heads = pa.Table.from_pylist([quote.model_dump(exclude={"lines"}) for quote in quotes])
    rows = [{"quote": quote.id, **line.model_dump()} for quote in quotes for line in quote.lines]
    return heads, pa.Table.from_pylist(rows)


def by_engine(
    old: PriceBook, new: PriceBook, quotes: Sequence[Quote], touched: Sequence[Touched] = EVERYTHING
) -> dict[tuple[str, int], Outcome | None]:
    """Per touched line: old and new net, old and new cost; None for a faulty line."""
    with ENGINE.cursor() as connection:
        heads, lines = tables_of(quotes)
        connection.register("quote_in", heads)
        connection.register("line_in", lines)
        records = Records("quote_in", "line_in")
        tables = compile_books(connection, old, new, touched, look_around(connection, records, touched))
        load_tables(connection, tables)
        if not tables.price:
            return {}
        found = connection.execute(
            f"SELECT quote, line, faulty, old_net, new_net, old_cost, new_cost FROM ({pricing_sql(tables, records)})"
        ).fetchall()
    assert len({row[:2] for row in found}) == len(found)
    return {row[:2]: None if row[2] else row[3:] for row in found}


def by_reference(old: PriceBook, new: PriceBook, quotes: Sequence[Quote]) -> dict[tuple[str, int], Outcome | None]:
    """The same, line by line."""
    return {(quote.id, line.line): _outcome(old, new, quote, line) for quote in quotes for line in quote.lines}


def _outcome(old: PriceBook, new: PriceBook, quote: Quote, line: QuoteLine) -> Outcome | None:
    if line_fault(quote, line, old, new):
        return None
    before, after = price_line(old, quote, line), price_line(new, quote, line)
    return (
        before and before.net_minor,
        after and after.net_minor,
        old.line_cost(line.offering, line.quantity, quote.currency),
        new.line_cost(line.offering, line.quantity, quote.currency),
    )
