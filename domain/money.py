"""Money without floats (D6c): amounts are minor units of a currency, unit prices are millionths of its unit.

Decimal text at the edges, integers inside, and one named rounding point: `extend`.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from functools import cache

from babel.core import get_global
from babel.numbers import get_currency_precision

from domain.errors import Invalid

MICRO = 1_000_000
BASIS_POINTS = 10_000
LARGEST_UNIT_PRICE = 10**9
MOST_DIGITS = 24
SMALLEST = Decimal(1) / MICRO


@cache
def exponent(currency: str) -> int:
    """The number of minor digits of an ISO 4217 currency: 2 for EUR, 0 for JPY. Raises Invalid("unknown_currency")."""
    if currency not in get_global("all_currencies"):
        raise Invalid("unknown_currency", f"{currency!r} is not an ISO 4217 currency.", currency=currency)
    return int(get_currency_precision(currency))


def is_currency(currency: str) -> bool:
    """Whether a code is a currency of ISO 4217."""
    return currency in get_global("all_currencies")


def micros(text: str | Decimal) -> int:
    """A unit price given as decimal text, in millionths: "39.90" -> 39900000. At most six decimals.

    Raises Invalid("bad_price") for text that is not a number or has more decimals than can be kept.
    """
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise Invalid("bad_price", f"{text!r} is not a decimal number.") from None
    # Rounding to the context would overflow for an immense exponent and turn a minute one into zero.
    if not value.is_finite() or value.copy_abs() > LARGEST_UNIT_PRICE:
        raise Invalid("bad_price", f"{text} is beyond the range of a unit price.")
    _, digits, power = value.as_tuple()
    assert isinstance(power, int)
    kept = len(digits) <= MOST_DIGITS and power >= -MOST_DIGITS
    if not kept or value != value.quantize(SMALLEST):
        raise Invalid("bad_price", f"{text} has more than six decimals.")
    return int(value * MICRO)


def unit_price(amount: int) -> Decimal:
    """Millionths as an exact Decimal of the currency's unit."""
    return Decimal(amount) / MICRO


def amount(minor: int, currency: str) -> Decimal:
    """Minor units as an exact Decimal of the currency's unit."""
    return Decimal(minor).scaleb(-exponent(currency))


def extend(unit_micros: int, quantity: int, currency: str) -> int:
    """Unit price times quantity in minor units, half away from zero."""
    return rounded(unit_micros * quantity, currency)


def rounded(value: int, currency: str, step: int = 1, mode: str = "half_up") -> int:
    """The one rounding point: millionths to a multiple of `step` minor units.

    mode: half_up (half away from zero), half_even, up (away from zero), down.
    """
    scale: int = MICRO // 10 ** exponent(currency) * step
    whole, rest = divmod(abs(value), scale)
    if mode == "up":
        whole += rest > 0
    elif mode != "down" and rest * 2 >= scale:
        whole += 1 if mode == "half_up" or rest * 2 > scale else whole % 2
    return whole * step if value >= 0 else -whole * step


def sums(pairs: Iterable[tuple[str, int]]) -> Mapping[str, int]:
    """Totals per currency of (currency, minor units), ordered by currency."""
    totals: dict[str, int] = {}
    for currency, minor in pairs:
        totals[currency] = totals.get(currency, 0) + minor
    return dict(sorted(totals.items()))
