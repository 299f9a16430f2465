"""Two price books compiled to small tables: every price that they give, old beside new, so that pricing is joins (D11).

A row of the main table is a place of an offering with a range of quantities; the more general row holds where no more
specific one does. All rows that a change touches are there, so that what has no price is found and not lost.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from analysis.pricing_cells import SIDES, cells
from analysis.pricing_promotions import Place, promotion_cells
from analysis.pricing_rows import ENDLESS, price_rows
from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched
from domain.money import BASIS_POINTS, MICRO
from domain.pricing import PriceBook
from domain.touched import Touching, touching

AMOUNTS = ("unit", "extra", "floor", "cost")
Row = dict[str, Any]


@dataclass(frozen=True)
class Seen:
    """What the quotes know: offerings with their selling models, currencies, places; the largest quantity of a line."""

    sold: Sequence[tuple[str, str]]
    currencies: Sequence[str]
    places: Sequence[Place]
    largest_quantity: int


@dataclass(frozen=True)
class Tables:
    """The compiled books.

    levels: which of market and channel the price rows name, most specific first; the flags say which rules occur at
    all, so that nothing is calculated for rules that nobody has; signed: whether an amount can be below zero; dearest:
    bound of what a line comes to, in millionths; largest: of every amount on the way there; only: what a line has to
    use, where prices alone do not tell it.
    """

    price: pa.Table
    contract: Sequence[Row]
    bundle: Sequence[Row]
    promotion: Sequence[Row]
    levels: Sequence[tuple[bool, bool]]
    tiered: bool
    volume: bool
    graduated: bool
    floors: bool
    rounding: bool
    amounts_off: bool
    signed: bool
    dearest: int
    largest: int
    only: Touching | None


def compile_books(
    connection: duckdb.DuckDBPyConnection, old: PriceBook, new: PriceBook, touched: Sequence[Touched], seen: Seen
) -> Tables:
    """The tables of two books for what is touched."""
    books, used = (old, new), touching(touched)
    prices = price_rows(connection, cells(books, touched, seen.sold, seen.currencies))
    promotions = promotion_cells(old.of_type("promotion"), new.of_type("promotion"), seen.places)
    contracts = _agreed(books, "contract", "customer", "unit_price_micros", "unit")
    bundles = _agreed(books, "bundle", "bundle", "off_basis_points", "points")
    return Tables(
        price=prices,
        contract=contracts,
        bundle=bundles,
        promotion=promotions,
        levels=_levels(prices),
        tiered=_divided(prices, "quantity"),
        volume=_divided(prices, "volume"),
        graduated=any(_extent(prices, f"{side}_extra") != (0, 0) for side in SIDES),
        floors=any(prices[f"{side}_floor"].null_count < prices.num_rows for side in SIDES),
        rounding=any(book.of_type("rounding") for book in books),
        amounts_off=any(cell[f"{side}_micros"] for cell in promotions for side in SIDES),
        signed=_signed(prices, contracts, bundles, promotions),
        **_bounds(prices, contracts, promotions, seen.largest_quantity),
        only=used if used.further else None,
    )


def _extent(prices: pa.Table, name: str) -> tuple[int, int]:
    """The smallest and the largest value of a column, zeros where it has none."""
    found = pc.min_max(prices[name]).as_py()
    return found["min"] or 0, found["max"] or 0


def _divided(prices: pa.Table, what: str) -> bool:
    """Whether any price depends on the quantity or volume."""
    return bool(prices) and (_extent(prices, f"until_{what}")[0] < ENDLESS or _extent(prices, f"from_{what}")[1] > 1)


def _levels(prices: pa.Table) -> list[tuple[bool, bool]]:
    named = {
        tuple(place[name] != EVERYWHERE for name in ("market", "channel"))
        for place in prices.group_by(["market", "channel"]).aggregate([]).to_pylist()
    }
    return [(m, c) for m, c in product((True, False), repeat=2) if (m, c) in named]


def _agreed(books: Sequence[PriceBook], kind: str, whose: str, field: str, value: str) -> list[Row]:
    """The rules of a kind in both books side by side, by whose they are: each side's field as its value."""
    names = (whose, "offering", "selling_model", "currency")
    rows: dict[tuple[str, ...], Row] = {}
    for side, book in zip(SIDES, books, strict=True):
        for _, rule in book.of_type(kind):
            key = tuple(rule[name] for name in names)
            unknown: Row = dict.fromkeys(f"{one}_{value}" for one in SIDES)
            rows.setdefault(key, {**dict(zip(names, key, strict=True)), **unknown})[f"{side}_{value}"] = rule[field]
    return list(rows.values())


def _signed(
    prices: pa.Table, contracts: Sequence[Row], bundles: Sequence[Row], cells: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether an amount can be below zero: one of the entries is, or takes more than everything off."""
    amounts = [_extent(prices, f"{side}_{name}")[0] for side in SIDES for name in AMOUNTS]
    amounts += [row[f"{side}_unit"] or 0 for row in contracts for side in SIDES]
    points = [row[f"{side}_points"] or 0 for row in (*bundles, *cells) for side in SIDES]
    return min(amounts) < 0 or max(points, default=0) > BASIS_POINTS


def _bounds(
    prices: pa.Table, contracts: Sequence[Row], cells: Sequence[Mapping[str, Any]], quantity: int
) -> dict[str, int]:
    """The bounds of amounts, to choose integers that are wide enough."""
    units = [_size(prices, f"{side}_{name}") for side in SIDES for name in ("unit", "floor", "cost")]
    units += [row[f"{side}_unit"] or 0 for row in contracts for side in SIDES]
    units += [cell[f"{side}_micros"] for cell in cells for side in SIDES]
    unit, extra = max(units), max(_size(prices, f"{side}_extra") for side in SIDES)
    step = max(1, *(_extent(prices, f"{side}_step")[1] for side in SIDES))
    dearest = unit * quantity + extra + MICRO * step
    return {"dearest": dearest, "largest": max(max(unit, extra) * BASIS_POINTS, dearest)}


def _size(prices: pa.Table, name: str) -> int:
    least, most = _extent(prices, name)
    return max(-least, most)
