"""What a benchmark's installation sells: so many prices that changes under way touch different ones, and quotes."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import create_engine
from sqlmodel import Session

from commands.command import Gateway
from commands.example import publish, set_up_example
from domain.kinds.catalog import Offering
from domain.kinds.pricing import Cost, Price
from domain.money import extend
from domain.pricing import PriceBook, price_line
from domain.quote import OPEN_STATUSES, Quote, QuoteLine
from store import quotes
from store.database import Database

MARKETS = {"CH": "CHF", "DE": "EUR"}
CHANNELS = ("direct", "partner")
OFFERINGS = 125
EXTRAS = ("setup", "support")
PRICES = OFFERINGS * len(MARKETS) * len(CHANNELS)
AFFECTED = 20
QUOTES = PRICES * AFFECTED
SELLING_MODEL = "monthly"
PRICE, COST = 40_000_000, 20_000_000


@dataclass(frozen=True)
class Place:
    """One list price that changes can move: an offering in a market through a channel."""

    offering: str
    market: str
    channel: str

    @property
    def currency(self) -> str:
        return MARKETS[self.market]


PLACES = tuple(
    Place(f"plan-{number:03d}", market, channel)
    for number in range(OFFERINGS)
    for market in MARKETS
    for channel in CHANNELS
)


def set_up(url: str) -> None:
    """Set a migrated database up: people and policy of the example business, catalog, price book, open quotes."""
    database = Database(url)
    gateway = Gateway(database)
    set_up_example(gateway, with_content=False)
    prices = _prices()
    publish(gateway, "benchmark", {"catalog/standard": _catalog(), "pricing/standard": prices})
    database.close()
    _insert_quotes(url, PriceBook(prices))


def _catalog() -> dict[str, dict[str, Any]]:
    names = [*(f"plan-{number:03d}" for number in range(OFFERINGS)), *EXTRAS]
    offerings = [Offering(id=name, name=name.replace("-", " "), selling_models=(SELLING_MODEL,)) for name in names]
    return {offering.key: offering.model_dump(mode="json") for offering in offerings}


def _prices() -> dict[str, dict[str, Any]]:
    extras = [Place(name, market, channel) for name in EXTRAS for market in MARKETS for channel in CHANNELS]
    prices: list[Price | Cost] = [
        Price(
            offering=place.offering,
            selling_model=SELLING_MODEL,
            market=place.market,
            channel=place.channel,
            currency=place.currency,
            unit_price_micros=PRICE,
        )
        for place in (*PLACES, *extras)
    ]
    sold = sorted({(place.offering, place.currency) for place in (*PLACES, *extras)})
    prices += [Cost(offering=name, currency=currency, unit_cost_micros=COST) for name, currency in sold]
    return {price.key: price.model_dump(mode="json") for price in prices}


def _insert_quotes(url: str, book: PriceBook) -> None:
    """Quotes go in by SQL: they are load, no part of what is measured."""
    engine = create_engine(url)
    with Session(engine) as session, session.begin():
        quotes.add(session, _quotes(book))
    engine.dispose()


def _quotes(book: PriceBook) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Each quote has one line that changes can move and two that none moves, so each change has quotes of its own."""
    now = datetime.now(UTC)
    for number in range(QUOTES):
        place = PLACES[number % PRICES]
        head = Quote.model_construct(
            id=f"Q-{number:06d}",
            status=OPEN_STATUSES[number // PRICES % len(OPEN_STATUSES)],
            customer=f"customer-{number % 997:05d}",
            owner=f"seller-{number % 60:03d}",
            market=place.market,
            channel=place.channel,
            segment="business",
            currency=place.currency,
            catalog_version=1,
            price_version=1,
            created_at=now - timedelta(days=number % 90),
            expires_at=now + timedelta(days=120),
            total_minor=0,
            lines=(),
        )
        offerings = (place.offering, *EXTRAS)
        lines = [_line(book, head, line, offering) for line, offering in enumerate(offerings, 1)]
        yield head.model_dump(exclude={"lines"}) | {"total_minor": sum(line["net_minor"] for line in lines)}, lines


def _line(book: PriceBook, quote: Quote, number: int, offering: str) -> dict[str, Any]:
    line = QuoteLine.model_construct(
        line=number,
        offering=offering,
        selling_model=SELLING_MODEL,
        quantity=number,
        unit_price_micros=0,
        discount_basis_points=0,
        net_minor=0,
    )
    priced = price_line(book, quote, line)
    net = priced.net_minor if priced else extend(0, 1, quote.currency)
    return {"quote": quote.id, **line.model_dump(), "unit_price_micros": PRICE, "net_minor": net}
