"""Open quotes by the number, for demonstrations and measurements: the same seed gives the same quotes (chapter 6)."""

import random  # noqa: TID251 (numbers drawn from a given seed: the same seed gives the same quotes)
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from domain.artifact import EVERYWHERE, Content
from domain.pricing import PriceBook, price_line
from domain.quote import OPEN_STATUSES, Quote, QuoteLine

CUSTOMERS, OWNERS, MAX_AGE_DAYS, VALID_DAYS, MOST_LINES = 5_000, 60, 90, 120, 5
NUMBERS = 10**9
SEGMENTS = ("consumer", "business", "public")
QUANTITIES = (1, 1, 1, 2, 5, 10, 25)
DISCOUNTS = (0, 0, 0, 250, 500)
"""In basis points; most quotes have none."""
DECISIVE = ("offering", "selling_model", "quantity", "discount_basis_points")
"""What the price of a line depends on at its place, as long as no rule holds for its offering."""

T = TypeVar("T")
Draw: TypeAlias = Callable[[], float]
Cells: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Shelf:
    """What can be sold through one channel of one market."""

    market: str
    channel: str
    currency: str
    items: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Shop:
    """The shelves of one version of a price book; it remembers prices without rules, as quotes repeat each other."""

    shelves: Sequence[Shelf]
    book: PriceBook
    _known: dict[tuple[Any, ...], tuple[int, int]] = field(default_factory=dict)

    @cached_property
    def _ruled(self) -> frozenset[str]:
        """The offerings whose prices depend on more than what is decisive; `*`: those of all."""
        rules = self.book.rules.values()
        return frozenset(rule["offering"] if rule["type"] == "promotion" else EVERYWHERE for rule in rules)

    def price(self, head: Cells, lines: Sequence[Cells]) -> None:
        """Fill unit price, net and total in by the reference calculation; zero where nothing has a price."""
        for line in lines:
            key = (head["market"], head["channel"], *(line[name] for name in DECISIVE))
            if self._ruled & {line["offering"], EVERYWHERE} or key not in self._known:
                self._known[key] = self._calculated(head, lines, line)
            line["unit_price_micros"], line["net_minor"] = self._known[key]
        head["total_minor"] = sum(line["net_minor"] for line in lines)

    def _calculated(self, head: Cells, lines: Sequence[Cells], line: Cells) -> tuple[int, int]:
        quote = Quote.model_construct(**head, lines=tuple(_model(one) for one in lines))
        priced = price_line(self.book, quote, _model(line))
        return (priced.unit_price_micros, priced.net_minor) if priced else (0, 0)


def quote_id(seed: int, number: int) -> str:
    """The id of a seeded quote."""
    return f"Q-{seed}-{number:07d}"


def shelves(book: Content, markets: Mapping[str, str], channels: Sequence[str]) -> list[Shelf]:
    """For each market (with its currency) and channel the priced offerings with their selling models."""
    result = []
    for market, currency in sorted(markets.items()):
        for channel in channels:
            items = {
                (entry["offering"], entry["selling_model"])
                for entry in book.values()
                if entry["type"] == "price"
                and entry["currency"] == currency
                and entry["market"] in (market, EVERYWHERE)
                and entry["channel"] in (channel, EVERYWHERE)
            }
            if items:
                result.append(Shelf(market, channel, currency, tuple(sorted(items))))
    return result


def quotes(
    seed: int, numbers: range, shop: Shop, versions: tuple[int, int], now: datetime
) -> Iterator[tuple[Cells, list[Cells]]]:
    """Quotes with their lines as rows, spread over products, markets, owners and ages.

    Each is a function of its seed and number.
    """
    generator = random.Random()
    draw = generator.random
    for number in numbers:
        generator.seed(seed * NUMBERS + number)
        shelf = _one(draw, shop.shelves)
        head = _head(quote_id(seed, number), draw, shelf, versions, now)
        lines = [_line(head["id"], line, draw, shelf) for line in range(1, int(draw() * MOST_LINES) + 2)]
        shop.price(head, lines)
        yield head, lines


def _one(draw: Draw, choices: Sequence[T]) -> T:
    return choices[int(draw() * len(choices))]


def _head(quote: str, draw: Draw, shelf: Shelf, versions: tuple[int, int], now: datetime) -> Cells:
    created = now - timedelta(minutes=int(draw() * MAX_AGE_DAYS * 1440))
    return {
        "id": quote,
        "status": _one(draw, OPEN_STATUSES),
        "customer": f"customer-{int(draw() * CUSTOMERS):05d}",
        "owner": f"seller-{int(draw() * OWNERS):03d}",
        "market": shelf.market,
        "channel": shelf.channel,
        "segment": _one(draw, SEGMENTS),
        "currency": shelf.currency,
        "catalog_version": versions[0],
        "price_version": versions[1],
        "total_minor": 0,
        "created_at": created,
        "expires_at": created + timedelta(days=VALID_DAYS),
    }


def _line(quote: str, number: int, draw: Draw, shelf: Shelf) -> Cells:
    offering, selling_model = _one(draw, shelf.items)
    return {
        "quote": quote,
        "line": number,
        "offering": offering,
        "selling_model": selling_model,
        "quantity": _one(draw, QUANTITIES),
        "unit_price_micros": 0,
        "discount_basis_points": _one(draw, DISCOUNTS),
        "net_minor": 0,
    }


def _model(line: Cells) -> QuoteLine:
    return QuoteLine.model_construct(**{name: line[name] for name in QuoteLine.model_fields})
