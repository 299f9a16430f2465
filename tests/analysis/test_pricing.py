"""The engine gives the integers of the reference on generated books and quotes, and both behave as prices must."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from analysis.pricing_promotions import Place, promotion_cells
from domain.artifact import EVERYWHERE, Operation
from domain.kinds.kind import Touched
from domain.kinds.pricing import KIND
from domain.kinds.pricing_entries import Cost, Price, PriceEntry, Promotion, Tier
from domain.pricing import LARGEST_AMOUNT, PriceBook, line_amounts, line_fault, price_line
from domain.pricing_rules import LARGEST_QUANTITY
from domain.quote import Quote, QuoteLine
from tests.analysis.books import (
    CURRENCIES,
    EVERYTHING,
    SEGMENTS,
    book_of,
    books,
    by_engine,
    by_reference,
    entries,
    quote_of,
)
from tests.examples import examples

some_quotes = st.integers(1, 5).flatmap(lambda n: st.tuples(*(quote_of(number) for number in range(n))))
LINE: dict[str, Any] = {
    "offering": "A", "selling_model": "monthly", "unit_price_micros": 0, "discount_basis_points": 0, "net_minor": 0,
}  # fmt: skip
bad_quotes = st.tuples(quote_of(1, bad=True), quote_of(2, bad=True))


def test_promotions_have_as_many_cells_as_they_have_places_and_times() -> None:
    def launched(number: int, off: int = 500) -> Promotion:
        day = date(2026, 1, 1) + timedelta(days=number)
        end = day + timedelta(days=20)
        return Promotion(code="P", offering=f"O{number}", market="DE", since=day, until=end, off_basis_points=off)

    places = [Place(market, "direct", segment, "EUR") for market in ("DE", "AT") for segment in SEGMENTS]
    many = book_of([launched(number) for number in range(100)])
    seam = launched(0).model_copy(update={"code": "Q", "since": date(2026, 1, 21), "until": date(2026, 1, 25)})
    longer = book_of([launched(0), seam])

    assert len(promotion_cells(many.of_type("promotion"), many.of_type("promotion"), places)) == 100 * len(SEGMENTS)
    cells = promotion_cells((), longer.of_type("promotion"), places[:1])
    assert [(cell["since"], cell["until"]) for cell in cells] == [("2026-01-01", "2026-01-25")]


def quote_with(name: str, *lines: QuoteLine) -> Quote:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    return Quote(
        id=name, status="draft", customer="other", owner="o", market="DE", channel="direct", segment="consumer",
        currency="EUR", catalog_version=1, price_version=1, total_minor=0, created_at=made, expires_at=made, lines=lines,
    )  # fmt: skip


@settings(max_examples=examples(100))
@given(books, books, some_quotes)
def test_the_engine_prices_as_the_reference_does(old: PriceBook, new: PriceBook, quotes: Sequence[Quote]) -> None:
    assert by_engine(old, new, quotes) == by_reference(old, new, quotes)


@settings(max_examples=examples(50))
@given(books, some_quotes)
def test_the_reference_without_its_steps_gives_the_same_amounts(book: PriceBook, quotes: Sequence[Quote]) -> None:
    for quote in quotes:
        for line in quote.lines:
            priced = price_line(book, quote, line)
            assert line_amounts(book, quote, line) == (priced and (priced.net_minor, priced.cost_minor))


def test_a_line_of_another_customer_segment_or_day_is_not_priced() -> None:
    day = datetime(2026, 1, 9, tzinfo=UTC)
    head = dict.fromkeys(("status", "owner", "market", "channel"), "-")
    line = QuoteLine.model_construct(
        line=1, offering="A", selling_model="monthly", quantity=1, unit_price_micros=0, discount_basis_points=0, net_minor=0
    )  # fmt: skip
    one, other = (
        Quote.model_construct(
            id=customer, **head, customer=customer, segment=segment, currency="EUR", created_at=made, lines=(line,)
        )
        for customer, segment, made in (("acme", "public", day), ("bolt", "consumer", day + timedelta(days=1)))
    )
    book = book_of([_price("EUR", 1_000_000)])
    for only in ({"customer": "acme"}, {"segment": "public"}, {"period": "2026-01-09/2026-01-10"}):
        assert by_engine(book, book, [one, other], [Touched(offering="A", **only)]).keys() == {("acme", 1)}, only


@settings(max_examples=examples(50))
@given(books, st.lists(entries, min_size=1, max_size=4), some_quotes)
def test_what_a_change_touches_is_priced_and_nothing_else(
    old: PriceBook, moved: Sequence[PriceEntry], quotes: Sequence[Quote]
) -> None:
    new = PriceBook({**old.entries, **book_of(moved).entries})
    touched = [item for key in book_of(moved).entries for item in _touched(key, old, new)]
    wanted = {
        (quote.id, line.line)
        for quote in quotes
        for line in quote.lines
        for item in touched
        if all(
            one in (EVERYWHERE, other)
            for one, other in (
                (item.offering, line.offering), (item.selling_model, line.selling_model),
                (item.market, quote.market), (item.channel, quote.channel), (item.currency, quote.currency),
                (item.customer, quote.customer), (item.segment, quote.segment),
            )
        )
        and (item.period == EVERYWHERE or _holds(item.period, quote))
    }  # fmt: skip
    found, reference = by_engine(old, new, quotes, touched), by_reference(old, new, quotes)

    assert found == {key: outcome for key, outcome in reference.items() if key in wanted}
    # What a change moves it touches: prices before and after, costs before and after.
    moves = {key for key, outcome in reference.items() if outcome and outcome[::2] != outcome[1::2]}
    assert moves <= wanted


def _touched(key: str, old: PriceBook, new: PriceBook) -> tuple[Touched, ...]:
    return KIND.touched(Operation(entry=key, before=old.entries.get(key), after=new.entries[key]))


def _holds(period: str, quote: Quote) -> bool:
    since, until = map(date.fromisoformat, period.split("/"))
    assert quote.created_at is not None
    return since <= quote.created_at.date() < until


@settings(max_examples=examples(20))
@given(books, books, bad_quotes)
def test_faulty_lines_are_reported_and_those_beside_them_are_priced(
    old: PriceBook, new: PriceBook, quotes: Sequence[Quote]
) -> None:
    assert by_engine(old, new, quotes) == by_reference(old, new, quotes)


def test_a_faulty_line_moves_the_volume_of_those_beside_it_alike() -> None:
    starts = {1: 1_000, 5: 2_000, 10**9 + 1: 3_000}
    tiers = tuple(Tier(from_quantity=start, off_basis_points=points) for start, points in starts.items())
    price = {"offering": "A", "selling_model": "monthly", "currency": "EUR", "unit_price_micros": 10_000_000}
    book = book_of([Price(**price, tiers=tiers, tier_basis="quote")])
    lines = [QuoteLine(**LINE, line=place, quantity=quantity) for place, quantity in enumerate((10, -10, -1), 1)]
    quotes = [quote_with(f"Q-{kept}", *lines[:kept]) for kept in (1, 2, 3)]
    quotes.append(quote_with("Q-4", lines[0], QuoteLine(**LINE, line=2, quantity=2 * 10**9)))

    found = by_engine(book, book, quotes)
    assert found == by_reference(book, book, quotes)
    assert [outcome[0] for (_, line), outcome in sorted(found.items()) if outcome] == [80_00, 90_00, 90_00, 80_00]


@settings(max_examples=examples(20))
@given(books, some_quotes)
def test_a_book_against_itself_changes_nothing(book: PriceBook, quotes: Sequence[Quote]) -> None:
    assert all(outcome is None or outcome[0] == outcome[1] for outcome in by_engine(book, book, quotes).values())


@settings(max_examples=examples(20))
@given(st.integers(1, 10**6), st.integers(2, 9), some_quotes)
def test_scaled_prices_give_scaled_amounts(minor: int, factor: int, quotes: Sequence[Quote]) -> None:
    def scaled(by: int) -> PriceBook:
        # A whole number of minor units in every currency, and no discount: nothing is rounded.
        return book_of([_price(currency, minor * by * 1_000_000) for currency in CURRENCIES])

    plain = [_without_discount(quote) for quote in quotes]
    for outcome in by_engine(scaled(1), scaled(factor), plain).values():
        assert outcome is not None
        assert outcome[0] is None or outcome[1] == outcome[0] * factor


def _price(currency: str, micros: int) -> Price:
    return Price(offering="A", selling_model="monthly", currency=currency, unit_price_micros=micros)


def _without_discount(quote: Quote) -> Quote:
    lines = tuple(line.model_copy(update={"discount_basis_points": 0}) for line in quote.lines)
    return quote.model_copy(update={"lines": lines})


@settings(max_examples=examples(20))
@given(
    st.lists(entries.filter(lambda e: e.type in ("price", "rate", "promotion", "floor", "contract")), max_size=10),
    quote_of(1),
)
def test_a_quote_split_into_two_costs_the_same(found: Sequence[PriceEntry], quote: Quote) -> None:
    book = book_of([_by_line(entry) for entry in found])
    parts = [quote.model_copy(update={"id": f"Q-{n}", "lines": (line,)}) for n, line in enumerate(quote.lines, 10)]

    assert sorted(by_engine(book, book, [quote]).values(), key=repr) == sorted(
        by_engine(book, book, parts).values(), key=repr
    )


def _by_line(entry: PriceEntry) -> PriceEntry:
    return entry.model_copy(update={"tier_basis": "line"}) if hasattr(entry, "tier_basis") else entry


@settings(max_examples=examples(20))
@given(st.lists(entries, min_size=2, max_size=10, unique_by=lambda entry: entry.key), some_quotes, st.randoms())
def test_the_order_of_rules_does_not_matter(found: list[PriceEntry], quotes: Sequence[Quote], random: object) -> None:
    shuffled = list(found)
    getattr(random, "shuffle")(shuffled)  # noqa: B009 (Hypothesis hides the type of its generator)

    assert by_engine(book_of(found), book_of(shuffled), quotes) == by_reference(book_of(found), book_of(found), quotes)


@settings(max_examples=examples(20))
@given(some_quotes, st.integers(1, 10**15))
@example(quotes=(), micros=1)
def test_the_largest_prices_do_not_overflow(quotes: Sequence[Quote], micros: int) -> None:
    tiers = (Tier(from_quantity=2, unit_price_micros=micros // 2),)
    book = book_of(
        [
            Price(offering="A", selling_model="monthly", currency=c, unit_price_micros=micros, tiers=tiers)
            for c in CURRENCIES
        ]
    )

    if quotes:
        assert by_engine(book, book, quotes, EVERYTHING) == by_reference(book, book, quotes)


@pytest.mark.parametrize("what", ["price", "cost"])
@pytest.mark.parametrize("micros", [10**15, 9 * 10**15])
def test_an_amount_beyond_the_largest_is_a_fault_of_its_line(what: str, micros: int) -> None:
    dear = {"unit_price_micros": micros if what == "price" else 1}
    cost = Cost(offering="A", currency="EUR", unit_cost_micros=micros if what == "cost" else 1)
    tiers = (Tier(from_quantity=2, off_basis_points=0),)
    book = book_of([Price(offering="A", selling_model="monthly", currency="EUR", tiers=tiers, **dear), cost])
    most = LARGEST_AMOUNT * 10**4 // micros
    quotes = [
        quote_with("Q-1", QuoteLine(**LINE, line=1, quantity=most)),
        quote_with("Q-2", *(QuoteLine(**LINE, line=n, quantity=q) for n, q in ((1, most + 1), (2, LARGEST_QUANTITY)))),
    ]

    found = by_engine(book, book, quotes)
    assert found == by_reference(book, book, quotes)
    assert found["Q-1", 1] is not None
    assert found["Q-2", 1] is found["Q-2", 2] is None
    assert line_fault(quotes[1], quotes[1].lines[0], book) == "amount"
