"""Open quotes by the number, for demonstrations and measurements: the same seed gives the same quotes (chapter 6)."""

import random  # noqa: TID251 (numbers drawn from a given seed: the same seed gives the same quotes)
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.artifact import EVERYWHERE, Content
from domain.money import extend
from domain.pricing import PriceBook, price_line
from domain.quote import OPEN_STATUSES, Quote, QuoteLine

CUSTOMERS, OWNERS, MAX_AGE_DAYS, VALID_DAYS = 5_000, 60, 90, 120


@dataclass(frozen=True)
class Shelf:
    """What can be sold through one channel of one market."""

    market: str
    channel: str
    currency: str
    items: tuple[tuple[str, str], ...]


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
    seed: int, numbers: range, stock: Sequence[Shelf], book: PriceBook, versions: tuple[int, int], now: datetime
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Quote rows with line rows, spread over products, markets, owners and ages; each a function of seed and number."""
    for number in numbers:
        rng = random.Random(f"{seed}/{number}")
        shelf = stock[rng.randrange(len(stock))]
        quote = _head(seed, number, rng, shelf, versions, now)
        lines = [_line(book, quote, line, rng, shelf) for line in range(1, rng.randint(1, 5) + 1)]
        head = quote.model_dump(exclude={"lines"})
        head["total_minor"] = sum(line["net_minor"] for line in lines)
        yield head, lines


def _head(seed: int, number: int, rng: random.Random, shelf: Shelf, versions: tuple[int, int], now: datetime) -> Quote:
    created = now - timedelta(minutes=rng.randrange(MAX_AGE_DAYS * 1440))
    return Quote.model_construct(
        id=quote_id(seed, number),
        status=rng.choice(OPEN_STATUSES),
        customer=f"customer-{rng.randrange(CUSTOMERS):05d}",
        owner=f"seller-{rng.randrange(OWNERS):03d}",
        market=shelf.market,
        channel=shelf.channel,
        segment=rng.choice(("consumer", "business", "public")),
        currency=shelf.currency,
        catalog_version=versions[0],
        price_version=versions[1],
        total_minor=0,
        created_at=created,
        expires_at=created + timedelta(days=VALID_DAYS),
        lines=(),
    )


def _line(book: PriceBook, quote: Quote, number: int, rng: random.Random, shelf: Shelf) -> dict[str, Any]:
    offering, model = shelf.items[rng.randrange(len(shelf.items))]
    line = QuoteLine.model_construct(
        line=number,
        offering=offering,
        selling_model=model,
        quantity=rng.choice((1, 1, 1, 2, 5, 10, 25)),
        unit_price_micros=0,
        discount_basis_points=rng.choice((0, 0, 0, 250, 500)),
        net_minor=0,
    )
    priced = price_line(book, quote, line)
    unit = priced.unit_price_micros if priced else 0
    return {
        "quote": quote.id,
        **line.model_dump(),
        "unit_price_micros": unit,
        "net_minor": priced.net_minor if priced else extend(0, 1, quote.currency),
    }
