"""The reference calculation of a price, with a trace for a finance person (R-10.2). Integers inside, one rounding.

A price is found by offering, selling model and currency; the entry for the exact market and channel beats the
general one.
"""

from collections.abc import Iterable, Mapping

from domain.artifact import EVERYWHERE, Content, Operation, entry_id
from domain.model import Model
from domain.money import BASIS_POINTS, extend
from domain.quote import Quote, QuoteLine


class Priced(Model):
    """A priced line: unit price and net in the quote's currency, cost of the line (None: unknown), and its trace."""

    unit_price_micros: int
    net_minor: int
    cost_minor: int | None
    entry: str
    trace: tuple[str, ...]


class PriceBook:
    """Look-up in one version of a price book."""

    def __init__(self, entries: Content) -> None:
        self.entries = entries

    def changed(self, operations: Iterable[Operation]) -> "PriceBook":
        """The book as it would be after operations on it."""
        entries = dict(self.entries)
        for op in operations:
            if op.after is None:
                entries.pop(op.entry, None)
            else:
                entries[op.entry] = op.after
        return PriceBook(entries)

    def find(self, offering: str, selling_model: str, market: str, channel: str, currency: str) -> str | None:
        """The id of the entry that prices an offering there: the most specific one, market before channel."""
        for where in (market, EVERYWHERE):
            for through in (channel, EVERYWHERE):
                key = entry_id("price", offering, selling_model, where, through, currency)
                if key in self.entries:
                    return key
        return None

    def cost(self, offering: str, currency: str) -> int | None:
        """The unit cost in millionths, None if the book has none."""
        entry = self.entries.get(entry_id("cost", offering, currency))
        return None if entry is None else int(entry["unit_cost_micros"])


def price_line(book: PriceBook, quote: Quote, line: QuoteLine) -> Priced | None:
    """Price a line by a book; None if the book has no price for it."""
    key = book.find(line.offering, line.selling_model, quote.market, quote.channel, quote.currency)
    if key is None:
        return None
    entry = book.entries[key]
    trace = [f"list price of {key}: {entry['unit_price_micros']} millionths of a {quote.currency}"]
    unit = _tiered(entry, line.quantity, trace)
    if line.discount_basis_points:
        unit = unit * (BASIS_POINTS - line.discount_basis_points) // BASIS_POINTS
        trace.append(f"discount of {line.discount_basis_points} basis points: {unit} millionths")
    net = extend(unit, line.quantity, quote.currency)
    trace.append(f"times {line.quantity}, rounded half away from zero: {net} minor units")
    cost = book.cost(line.offering, quote.currency)
    return Priced(
        unit_price_micros=unit,
        net_minor=net,
        cost_minor=None if cost is None else extend(cost, line.quantity, quote.currency),
        entry=key,
        trace=tuple(trace),
    )


def _tiered(entry: Mapping[str, object], quantity: int, trace: list[str]) -> int:
    """The unit price of the highest tier that the quantity reaches; it holds for the whole quantity."""
    unit = entry["unit_price_micros"]
    tiers = entry["tiers"]
    assert isinstance(unit, int) and isinstance(tiers, (list, tuple))
    reached = [tier for tier in tiers if tier["from_quantity"] <= quantity]
    if not reached:
        return unit
    tier = reached[-1]
    if tier["unit_price_micros"] is not None:
        unit = int(tier["unit_price_micros"])
    else:
        unit = unit * (BASIS_POINTS - int(tier["off_basis_points"] or 0)) // BASIS_POINTS
    trace.append(f"tier from {tier['from_quantity']}: {unit} millionths")
    return unit
