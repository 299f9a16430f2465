"""The reference price: the most specific entry, tiers, discounts, one rounding, and a trace of each step."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import EVERYWHERE, difference
from domain.kinds.pricing import Cost, Price, Tier
from domain.money import BASIS_POINTS
from domain.pricing import PriceBook, Priced, price_line
from domain.quote import Quote, QuoteLine


def price(micros: int, market: str = "DE", channel: str = "direct", tiers: tuple[Tier, ...] = ()) -> Price:
    return Price(
        offering="FIBRE", selling_model="monthly", market=market, channel=channel, currency="EUR", unit_price_micros=micros, tiers=tiers
    )  # fmt: skip


def book(*entries: Price | Cost) -> PriceBook:
    return PriceBook({entry.key: entry.model_dump(mode="json") for entry in entries})


def quote(market: str = "DE", channel: str = "direct", currency: str = "EUR") -> Quote:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    fields: dict[str, Any] = dict.fromkeys(("id", "status", "customer", "owner", "segment"), "x")
    fields |= {"market": market, "channel": channel, "currency": currency, "created_at": at, "expires_at": at}
    return Quote(**fields, catalog_version=1, price_version=1, total_minor=0, lines=())


def line(quantity: int = 1, discount: int = 0) -> QuoteLine:
    return QuoteLine(
        line=1, offering="FIBRE", selling_model="monthly", quantity=quantity, unit_price_micros=0, discount_basis_points=discount, net_minor=0
    )  # fmt: skip


def priced(found: PriceBook, wanted: QuoteLine, where: Quote | None = None) -> Priced:
    result = price_line(found, where or quote(), wanted)
    assert result is not None
    return result


TIERS = (Tier(from_quantity=10, off_basis_points=500), Tier(from_quantity=50, unit_price_micros=30_000_000))


@pytest.mark.parametrize(
    ("quantity", "unit"), [(1, 40_000_000), (9, 40_000_000), (10, 38_000_000), (49, 38_000_000), (50, 30_000_000)]
)
def test_the_highest_tier_reached_holds_for_the_whole_quantity(quantity: int, unit: int) -> None:
    found = priced(book(price(40_000_000, tiers=TIERS)), line(quantity))

    assert (found.unit_price_micros, found.net_minor) == (unit, unit * quantity // 10_000)


def test_a_discount_comes_off_the_tier_price_and_is_rounded_down_to_millionths() -> None:
    found = priced(book(price(33_333_333, tiers=TIERS)), line(10, discount=333))

    tier = 33_333_333 * 9_500 // BASIS_POINTS
    assert found.unit_price_micros == tier * 9_667 // BASIS_POINTS
    assert [step.rule for step in found.trace] == ["list", "tier", "discount", "net"]
    assert [step.before for step in found.trace][1:] == [step.after for step in found.trace][:-1]


@given(st.integers(0, 10**9), st.integers(1, 1000), st.integers(0, BASIS_POINTS))
def test_the_net_is_within_a_minor_unit_of_exact_arithmetic(micros: int, quantity: int, discount: int) -> None:
    exact = Decimal(micros) * quantity * (BASIS_POINTS - discount) / BASIS_POINTS / 10_000

    net = priced(book(price(micros)), line(quantity, discount)).net_minor

    # A millionth lost in the unit price weighs as much as the quantity says.
    assert abs(net - exact) <= Decimal("0.5") + Decimal(quantity) / 10_000


@given(st.sets(st.tuples(st.sampled_from(["DE", EVERYWHERE]), st.sampled_from(["direct", EVERYWHERE])), min_size=1))
def test_the_most_specific_entry_wins_market_before_channel(places: set[tuple[str, str]]) -> None:
    order = [("DE", "direct"), ("DE", EVERYWHERE), (EVERYWHERE, "direct"), (EVERYWHERE, EVERYWHERE)]
    values = {place: 10_000_000 * number for number, place in enumerate(order, 1)}
    found = book(*(price(values[place], *place) for place in places))

    assert priced(found, line()).unit_price_micros == min(values[place] for place in places)


def test_no_price_there_is_no_price() -> None:
    found = book(price(1_000_000))

    assert price_line(found, quote(market="GB"), line()) is None
    assert price_line(found, quote(channel="partner"), line()) is None
    assert price_line(found, quote(currency="GBP"), line()) is None


def test_an_unknown_cost_is_unknown_and_not_zero() -> None:
    cost = Cost(offering="FIBRE", currency="EUR", unit_cost_micros=20_000_000)

    assert priced(book(price(1)), line(3)).cost_minor is None
    assert priced(book(price(1), cost), line(3)).cost_minor == 6_000


def test_a_changed_book_is_another_and_the_old_one_stays() -> None:
    old, new = book(price(1_000_000)), book(price(2_000_000, market="GB"))

    changed = old.changed(difference(old.entries, new.entries))

    assert changed.entries == new.entries
    assert priced(old, line()).unit_price_micros == 1_000_000
