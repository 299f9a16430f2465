"""The facts of a deal that an approval policy asks about, computed from a quote and its price book (R-8.4)."""

from collections.abc import Iterable

from domain.pricing import PriceBook, beyond, line_amounts, line_fault
from domain.quote import Quote, QuoteLine, deepest_discount

PRICED = ("discount_percent", "margin_percent", "strategic_account")
"""The facts that follow from the quote and its prices; the others are its terms."""


def deal_facts(book: PriceBook, quote: Quote, payment_days: int) -> dict[str, object]:
    """What a policy asks of a quote priced by a book: discount of the deepest line rounded up, margin rounded down.

    The margin is None where a cost is missing or an amount too large, and either is where a line cannot be read. One
    market, standard clauses: a quote keeps no others.
    """
    net = _sum(_net(book, quote, line) for line in quote.lines)
    cost = _sum(_sound(book.line_cost(line.offering, line.quantity, quote.currency)) for line in quote.lines)
    margin = None if net is None or net <= 0 or cost is None else 100 * (net - cost) // net
    deepest = deepest_discount(quote)
    return {
        "discount_percent": None if deepest is None else -(-deepest // 100),
        "margin_percent": margin,
        "strategic_account": quote.segment == "strategic",
        "payment_days": payment_days,
        "standard_clauses": True,
        "regions": 1,
    }


def _sum(amounts: Iterable[int | None]) -> int | None:
    total = 0
    for amount in amounts:
        if amount is None:
            return None
        total += amount
    return total


def _net(book: PriceBook, quote: Quote, line: QuoteLine) -> int | None:
    """What a line comes to by a book; what the book does not price stays as the quote has it."""
    priced = None if line_fault(quote, line) else line_amounts(book, quote, line)
    return line.net_minor if priced is None else _sound(priced.net_minor)


def _sound(amount: int | None) -> int | None:
    return None if beyond(amount) else amount
