"""The cells of two price books: each place of each group that a change touches, with the price of either book there.

A group is an offering under a selling model in a currency. It has a cell for every market and channel that a book or
the change names, and for the rest of the world, so that what has no price is found and not lost.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from operator import attrgetter
from typing import Any, TypeAlias

import pyarrow as pa

from domain.artifact import EVERYWHERE, Content, Entry
from domain.kinds.kind import Touched
from domain.money import MICRO, exponent, is_currency
from domain.pricing import PriceBook
from store.kept import uncollected

SIDES = ("old", "new")
Books: TypeAlias = tuple[PriceBook, PriceBook]
Group: TypeAlias = tuple[str, str, str]
"""Offering, selling model, currency."""
Where: TypeAlias = tuple[str, str]
"""Market and channel."""
Pair: TypeAlias = tuple[Entry | None, Entry | None]
"""What the old and the new book have."""
Amounts: TypeAlias = tuple[int | None, int | None]
Places: TypeAlias = Mapping[Where, Pair]
NOTHING: Pair = (None, None)
UNKNOWN: Amounts = (None, None)
ANYWHERE: Where = (EVERYWHERE, EVERYWHERE)
TIER = pa.struct([(name, pa.int64()) for name in ("from_quantity", "unit_price_micros", "off_basis_points")])
PRICE = pa.struct(
    {
        "unit_price_micros": pa.int64(),
        "tiers": pa.list_(TIER),
        "tier_mode": pa.string(),
        "tier_basis": pa.string(),
    }.items()
)
COLUMNS = {
    **dict.fromkeys(("offering", "selling_model", "currency", "market", "channel"), pa.string()),
    **dict.fromkeys(("old_price", "new_price"), PRICE),
    **dict.fromkeys(("old_cost", "new_cost", "old_floor", "new_floor", "unit_scale", "old_step"), pa.int64()),
    "old_mode": pa.string(),
    "new_step": pa.int64(),
    "new_mode": pa.string(),
}
"""The columns of cells, in the order in which they are found."""


def cells(
    books: Books, touched: Sequence[Touched], sold: Iterable[tuple[str, str]], currencies: Iterable[str]
) -> pa.Table:
    """The cells as columns. sold, currencies: the offerings with their selling models, the currencies of quotes."""
    with uncollected():
        rows = _rows(books, _Reached(touched), sold, currencies)
        columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
        return pa.table({name: pa.array(c, COLUMNS[name]) for name, c in zip(COLUMNS, columns, strict=True)})


class _Reached:
    """The places that a change touches, by group; and what it names."""

    def __init__(self, touched: Sequence[Touched]) -> None:
        self._places: dict[str, dict[tuple[str, str], set[Where]]] = {}
        self.sold, self.currencies = set[tuple[str, str]](), set[str]()
        named = attrgetter("offering", "selling_model", "currency", "market", "channel")
        for offering, model, currency, market, channel in map(named, touched):
            self._places.setdefault(offering, {}).setdefault((model, currency), set()).add((market, channel))
            self.sold.add((offering, model))
            self.currencies.add(currency)
        self._everywhere = self._places.get(EVERYWHERE)

    def of(self, offering: str, model: str, currency: str) -> set[Where]:
        """The places of a group, empty where it is not touched."""
        found = set[Where]()
        for places in (self._places.get(offering), self._everywhere):
            if places:
                for key in ((model, currency), (EVERYWHERE, currency), (model, EVERYWHERE), ANYWHERE):
                    if key in places:
                        found |= places[key]
        return found


def _rows(
    books: Books, reached: _Reached, sold: Iterable[tuple[str, str]], currencies: Iterable[str]
) -> Iterator[tuple[Any, ...]]:
    priced, costs = _by_place(*books)
    asked = {pair for pair in reached.sold if EVERYWHERE not in pair}.union(sold)
    for pair, currency in product(asked, reached.currencies.union(currencies) - {EVERYWHERE}):
        priced.setdefault((*pair, currency), {})
    rounded = {currency: _of_currency(books, currency) for currency in {group[2] for group in priced}}
    old, new = books
    for group, places in priced.items():
        if hit := reached.of(*group):
            offering, _, currency = group
            shared = (*costs.get((offering, currency), UNKNOWN), _floor(old, group), _floor(new, group))
            for where in _places(places, hit):
                yield (*group, *where, *_found(places, where), *shared, *rounded[currency])


def _by_place(old: PriceBook, new: PriceBook) -> tuple[dict[Group, dict[Where, Pair]], dict[tuple[str, str], Amounts]]:
    """Prices and rates of both books by group and place, and costs by offering and currency."""
    priced: dict[Group, dict[Where, Pair]] = {}
    costs, rates = dict[tuple[str, str], Amounts](), list[tuple[Entry, Pair]]()
    for entry, pair in _pairs(old.entries, new.entries):
        kind = entry["type"]
        if kind == "price":
            group = (entry["offering"], entry["selling_model"], entry["currency"])
            priced.setdefault(group, {})[entry["market"], entry["channel"]] = pair
        elif kind == "cost":
            before, after = pair
            cost = (before["unit_cost_micros"] if before else None, after["unit_cost_micros"] if after else None)
            costs[entry["offering"], entry["currency"]] = cost
        elif kind == "rate":
            rates.append((entry, pair))
    for entry, (before, after) in rates:
        places = priced.setdefault((entry["offering"], entry["resource"], entry["currency"]), {})
        where = (entry["market"], entry["channel"])
        listed = places.get(where, NOTHING)
        places[where] = (listed[0] or before, listed[1] or after)
    return priced, costs


def _pairs(old: Content, new: Content) -> Iterator[tuple[Entry, Pair]]:
    """Each entry as it is in either book, and in both."""
    for key, entry in new.items():
        yield entry, (old.get(key), entry)
    for key in old.keys() - new.keys():
        yield old[key], (old[key], None)


def _floor(book: PriceBook, group: Group) -> int | None:
    floor = book.floor(*group) if book.rules else None
    return None if floor is None else floor["unit_floor_micros"]


def _of_currency(books: Books, currency: str) -> tuple[Any, ...]:
    """Its unit scale, and how each book rounds."""
    scale = MICRO // 10 ** exponent(currency) if is_currency(currency) else None
    return (scale, *(part for book in books for part in book.rounding(currency)))


def _places(places: Places, hit: set[Where]) -> list[Where]:
    """Every market with every channel that a book or the change names, as far as the change touches them."""
    named = {ANYWHERE, *places, *hit}
    if len(named) == 1:
        return [ANYWHERE]
    markets, channels = (sorted({where[part] for where in named}) for part in (0, 1))
    return [
        (market, channel)
        for market, channel in product(markets, channels)
        if any(m in (EVERYWHERE, market) and c in (EVERYWHERE, channel) for m, c in hit)
    ]


def _found(places: Places, where: Where) -> Pair:
    """The most specific price of either book at a place: market before channel."""
    market, channel = where
    old, new = places.get(where, NOTHING)
    for other in () if old and new else ((market, EVERYWHERE), (EVERYWHERE, channel), ANYWHERE):
        before, after = places.get(other, NOTHING)
        old, new = old or before, new or after
    return old, new
