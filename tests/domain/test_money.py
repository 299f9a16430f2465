"""Money against an oracle in exact decimals: what comes in, the one rounding point, and what goes out."""

from decimal import ROUND_HALF_UP, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import Invalid
from domain.money import LARGEST_UNIT_PRICE, MICRO, amount, exponent, extend, micros, sums, unit_price

CURRENCIES = st.sampled_from(["EUR", "USD", "JPY", "KWD", "CHF"])
PRICES = st.integers(-LARGEST_UNIT_PRICE * MICRO, LARGEST_UNIT_PRICE * MICRO)


@given(PRICES)
def test_decimal_text_is_kept_exactly(value: int) -> None:
    assert micros(f"{Decimal(value) / MICRO:f}") == value
    assert unit_price(value) * MICRO == value


@given(PRICES, st.integers(0, 10**6), CURRENCIES)
def test_the_rounding_point_is_half_away_from_zero(price: int, quantity: int, currency: str) -> None:
    with localcontext(prec=60):
        exact = Decimal(price) * quantity / MICRO
        expected = exact.quantize(Decimal(1).scaleb(-exponent(currency)), ROUND_HALF_UP)
        assert extend(price, quantity, currency) == expected.scaleb(exponent(currency))


@pytest.mark.parametrize(
    ("price", "quantity", "currency", "minor"),
    [
        ("0.005", 1, "EUR", 1),
        ("-0.005", 1, "EUR", -1),
        ("0.0049", 1, "EUR", 0),
        ("0.5", 1, "JPY", 1),
        ("0.0005", 1, "KWD", 1),
        ("0.000001", 5_000, "EUR", 1),
        ("41.90", 3, "EUR", 12_570),
    ],
)
def test_examples_of_the_rounding_point(price: str, quantity: int, currency: str, minor: int) -> None:
    assert extend(micros(price), quantity, currency) == minor


@pytest.mark.parametrize(
    "text",
    [
        "",
        "forty",
        "NaN",
        "sNaN",
        "Infinity",
        "-Infinity",
        "1.0000001",
        "0.0000005",
        "1000000001",
        "9e9999999",
        "-9e9999999",
        "1e999999999999",
        "1e-9999999",
        "1e-1000000",
        "0.10000000000000000000000000000001",
        "12,50",
    ],
)
def test_text_that_is_no_unit_price_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        micros(text)

    assert caught.value.code == "bad_price"


@pytest.mark.parametrize(
    ("text", "value"), [("39.90", 39_900_000), ("-1", -1_000_000), ("0", 0), ("1e3", 10**9), ("1.500000000", 1_500_000)]
)
def test_text_that_is_a_unit_price(text: str, value: int) -> None:
    assert micros(text) == value


@pytest.mark.parametrize("code", ["XXY", "eur", "", "EURO"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(Invalid) as caught:
        exponent(code)

    assert caught.value.code == "unknown_currency"


def test_minor_digits_and_amounts() -> None:
    assert [exponent(code) for code in ("EUR", "JPY", "KWD")] == [2, 0, 3]
    assert [str(amount(12_345, code)) for code in ("EUR", "JPY", "KWD")] == ["123.45", "12345", "12.345"]


@given(st.lists(st.tuples(CURRENCIES, st.integers(-(10**9), 10**9))))
def test_sums_are_per_currency_and_ordered(pairs: list[tuple[str, int]]) -> None:
    found = sums(pairs)

    assert list(found) == sorted({currency for currency, _ in pairs})
    assert all(found[code] == sum(minor for currency, minor in pairs if currency == code) for code in found)
