"""Two price books compiled to small tables: every price that they give, old beside new, so that pricing is joins (D11).

A row of the main table is a place of an offering with a range of quantities; the more general row holds where no more
specific one does. All rows that a change touches are there, so that what has no price is found and not lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from analysis.pricing_promotions import Place, promotion_cells
from domain.artifact import EVERYWHERE, Entry
from domain.kinds.kind import Touched
from domain.money import BASIS_POINTS, MICRO, exponent, is_currency
from domain.pricing import LARGEST_QUANTITY, PriceBook
from domain.pricing_rules import tier_units

ENDLESS = LARGEST_QUANTITY + 1
SIDES = ("old", "new")
AMOUNTS = ("unit", "extra", "floor", "cost")
Row = dict[str, Any]
PRICE = (
    *("offering", "selling_model", "currency", "market", "channel"),
    *("from_quantity", "until_quantity", "from_volume", "until_volume"),
    *(f"{side}_{name}" for side in SIDES for name in ("unit", "extra")),
    "unit_scale",
    *(f"{side}_{name}" for side in SIDES for name in ("cost", "floor", "step", "mode")),
)
"""The columns of price rows, in the order in which they are compiled."""
WORDS = frozenset({*PRICE[:5], "old_mode", "new_mode"})


class Group(NamedTuple):
    """What has prices of its own: an offering under a selling model in a currency."""

    offering: str
    selling_model: str
    currency: str


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
    all, so that nothing is calculated for rules that nobody has; signed: whether an amount can be below zero; largest:
    bound of every amount on the way.
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
    largest: int


def compile_books(old: PriceBook, new: PriceBook, touched: Sequence[Touched], seen: Seen) -> Tables:
    """The tables of two books for what is touched."""
    books = (old, new)
    groups = _groups(books, touched, seen).items()
    prices = _columns([row for group, items in groups for row in _group_rows(group, books, items)])
    cells = promotion_cells(old.of_type("promotion"), new.of_type("promotion"), seen.places)
    contracts, bundles = _contracts(books), _bundles(books)
    return Tables(
        price=prices,
        contract=contracts,
        bundle=bundles,
        promotion=cells,
        levels=_levels(prices),
        tiered=_divided(prices, "quantity"),
        volume=_divided(prices, "volume"),
        graduated=any(_extent(prices, f"{side}_extra") != (0, 0) for side in SIDES),
        floors=any(prices[f"{side}_floor"].null_count < prices.num_rows for side in SIDES),
        rounding=any(book.of_type("rounding") for book in books),
        amounts_off=any(cell[f"{side}_micros"] for cell in cells for side in SIDES),
        signed=_signed(prices, contracts, bundles, cells),
        largest=_largest(prices, contracts, cells, seen.largest_quantity),
    )


def _columns(rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    """Price rows as columns of 64-bit integers and texts, numbered."""
    found = {
        name: pa.array([row[place] for row in rows], pa.string() if name in WORDS else pa.int64())
        for place, name in enumerate(PRICE)
    }
    return pa.table({"row": pa.array(range(len(rows)), pa.int64()), **found})


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


def _groups(books: Sequence[PriceBook], touched: Sequence[Touched], seen: Seen) -> dict[Group, list[Touched]]:
    """Each group that is touched, and by what."""
    found: dict[Group, list[Touched]] = {}
    known = {_group_of(entry) for book in books for entry in _prices(book)}
    named = {
        (item.offering, item.selling_model) for item in touched if EVERYWHERE not in (item.offering, item.selling_model)
    }
    currencies = {*seen.currencies, *(item.currency for item in touched)} - {EVERYWHERE}
    known |= {Group(*sold, currency) for sold in {*named, *seen.sold} for currency in currencies}
    by_offering: dict[str, list[Group]] = {}
    for group in known:
        by_offering.setdefault(group.offering, []).append(group)
    for item in touched:
        candidates = known if item.offering == EVERYWHERE else by_offering.get(item.offering, ())
        for group in candidates:
            if item.selling_model in (EVERYWHERE, group.selling_model) and item.currency in (
                EVERYWHERE,
                group.currency,
            ):
                found.setdefault(group, []).append(item)
    return dict(sorted(found.items()))


def _prices(book: PriceBook) -> Iterable[Entry]:
    return (entry for entry in book.entries.values() if entry["type"] in ("price", "rate"))


def _group_of(entry: Entry) -> Group:
    return Group(entry["offering"], entry.get("selling_model", entry.get("resource")), entry["currency"])


def _group_rows(group: Group, books: Sequence[PriceBook], touched: Sequence[Touched]) -> Iterable[tuple[Any, ...]]:
    """The rows of one group: every market and channel that a book or the change names, and the rest of the world."""
    markets = {item.market for item in touched} | {EVERYWHERE}
    channels = {item.channel for item in touched} | {EVERYWHERE}
    for book in books:
        for market, channel in book.places(*group):
            markets.add(market)
            channels.add(channel)
    shared = _of_group(group, books)
    for market, channel in product(sorted(markets), sorted(channels)):
        if any(t.market in (EVERYWHERE, market) and t.channel in (EVERYWHERE, channel) for t in touched):
            entries = [_entry(book, group, market, channel) for book in books]
            for bounds in _ranges(entries):
                yield (*group, market, channel, *bounds, *shared)


def _entry(book: PriceBook, group: Group, market: str, channel: str) -> Entry | None:
    key = book.find(group.offering, group.selling_model, market, channel, group.currency)
    return None if key is None else book.entries[key]


def _of_group(group: Group, books: Sequence[PriceBook]) -> list[Any]:
    """What holds for a group everywhere: unit scale, and of each book cost, floor, rounding."""
    known = is_currency(group.currency)
    row: list[Any] = [MICRO // 10 ** exponent(group.currency) if known else None]
    for book in books:
        floor = book.floor(*group)
        least = None if floor is None else floor["unit_floor_micros"]
        row += [book.cost(group.offering, group.currency), least, *book.rounding(group.currency)]
    return row


def _ranges(entries: Sequence[Entry | None]) -> Iterable[list[int | None]]:
    """The ranges of line quantity and of volume in which both books have one unit price each: bounds, unit, extra."""
    tiers = [None if entry is None else tier_units(entry) for entry in entries]
    by_volume = [entry is not None and entry.get("tier_basis") == "quote" for entry in entries]
    quantities, volumes = {1, ENDLESS}, {1, ENDLESS}
    for steps, volume in zip(tiers, by_volume, strict=True):
        (volumes if volume else quantities).update(start for start, _, _ in steps or ())
    for reach, within in product(pairwise(sorted(quantities)), pairwise(sorted(volumes))):
        row: list[int | None] = [*reach, *within]
        for steps, volume in zip(tiers, by_volume, strict=True):
            row += _reached(steps, within[0] if volume else reach[0])
        yield row


def _reached(steps: Sequence[tuple[int, int, int]] | None, quantity: int) -> tuple[int | None, int]:
    if steps is None:
        return None, 0
    _, unit, extra = [step for step in steps if step[0] <= quantity][-1]
    return unit, extra


def _contracts(books: Sequence[PriceBook]) -> list[Row]:
    rows: dict[tuple[str, ...], Row] = {}
    for side, book in zip(SIDES, books, strict=True):
        for _, rule in book.of_type("contract"):
            key = (rule["customer"], rule["offering"], rule["selling_model"], rule["currency"])
            row = rows.setdefault(key, _keyed(("customer", "offering", "selling_model", "currency"), key, "unit"))
            row[f"{side}_unit"] = rule["unit_price_micros"]
    return list(rows.values())


def _bundles(books: Sequence[PriceBook]) -> list[Row]:
    rows: dict[tuple[str, ...], Row] = {}
    for side, book in zip(SIDES, books, strict=True):
        for _, rule in book.of_type("bundle"):
            key = (rule["bundle"], rule["offering"], rule["selling_model"], rule["currency"])
            row = rows.setdefault(key, _keyed(("bundle", "offering", "selling_model", "currency"), key, "points"))
            row[f"{side}_points"] = rule["off_basis_points"]
    return list(rows.values())


def _keyed(names: Sequence[str], key: Sequence[str], value: str) -> Row:
    return {**dict(zip(names, key, strict=True)), **{f"{side}_{value}": None for side in SIDES}}


def _signed(
    prices: pa.Table, contracts: Sequence[Row], bundles: Sequence[Row], cells: Sequence[Mapping[str, Any]]
) -> bool:
    """Whether an amount can be below zero: one of the entries is, or takes more than everything off."""
    amounts = [_extent(prices, f"{side}_{name}")[0] for side in SIDES for name in AMOUNTS]
    amounts += [row[f"{side}_unit"] or 0 for row in contracts for side in SIDES]
    points = [row[f"{side}_points"] or 0 for row in (*bundles, *cells) for side in SIDES]
    return min(amounts) < 0 or max(points, default=0) > BASIS_POINTS


def _largest(prices: pa.Table, contracts: Sequence[Row], cells: Sequence[Mapping[str, Any]], quantity: int) -> int:
    """A bound of every amount that occurs on the way, to choose integers that are wide enough."""
    units = [_size(prices, f"{side}_{name}") for side in SIDES for name in ("unit", "floor", "cost")]
    units += [row[f"{side}_unit"] or 0 for row in contracts for side in SIDES]
    units += [cell[f"{side}_micros"] for cell in cells for side in SIDES]
    unit, extra = max(units), max(_size(prices, f"{side}_extra") for side in SIDES)
    step = max(1, *(_extent(prices, f"{side}_step")[1] for side in SIDES))
    return max(max(unit, extra) * BASIS_POINTS, unit * quantity + extra + MICRO * step)


def _size(prices: pa.Table, name: str) -> int:
    least, most = _extent(prices, name)
    return max(-least, most)
