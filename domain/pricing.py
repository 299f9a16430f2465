"""The reference calculation of a price, with a trace for a finance person (R-10.2). Integers inside, one rounding.

In this order: the customer's contract price or else the list price or rate (the entry for the exact market and channel
beats the general one), its tiers, the bundle, promotions, the line's discount, the floor, times the quantity, rounded.
"""

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import product
from typing import Any, Literal, NamedTuple

from domain.artifact import EVERYWHERE, Content, Entry, Operation, entry_id
from domain.model import Model
from domain.money import BASIS_POINTS, extend, is_currency, rounded
from domain.pricing_rules import (
    LARGEST_QUANTITY,
    bundle_off,
    less,
    promotion_rules,
    promotions_for,
    reached,
    tiered,
)
from domain.quote import Quote, QuoteLine

LARGEST_AMOUNT = 10**14
"""Minor units of a line. More is a typing error; of less, the sums of a run fit into 64 bits."""


class Step(Model):
    """One step of a price: the rule and its entry, the amount before and after.

    per: unit, millionths of the currency's unit for each unit sold; line, the same for all of them together, where
    tiers are graduated; net, minor units of the line after rounding. points: basis points taken off.
    """

    rule: Literal["list", "rate", "contract", "tier", "graduated", "bundle", "promotion", "discount", "floor", "net"]
    entry: str = ""
    before: int | None = None
    after: int
    per: Literal["unit", "line", "net"] = "unit"
    quantity: int = 0
    points: int = 0


class Priced(Model):
    """A priced line: unit price and net in the quote's currency, cost of the line (None: unknown), and its trace."""

    unit_price_micros: int
    net_minor: int
    cost_minor: int | None
    entry: str
    charge: str = ""
    trace: tuple[Step, ...]

    @property
    def margin_minor(self) -> int | None:
        """Net minus cost, None where the cost is unknown."""
        return None if self.cost_minor is None else self.net_minor - self.cost_minor


class Amounts(NamedTuple):
    """What a line comes to, in minor units of its quote's currency; the cost is None where it is unknown."""

    net_minor: int
    cost_minor: int | None


class PriceBook:
    """Look-up in one version of a price book."""

    def __init__(self, entries: Content) -> None:
        self.entries = entries
        rules = [key for key in entries if not key.startswith(("price/", "cost/", "golden/"))]
        self.rules = {key: entries[key] for key in sorted(rules)}

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
        sold, paid = entry_id(offering, selling_model), entry_id(currency)
        markets, channels = ([entry_id(one), EVERYWHERE] for one in (market, channel))
        for place in product(markets, channels):
            key = "/".join((sold, *place, paid))
            if (price := f"price/{key}") in self.entries:
                return price
            if self.rules and (rate := f"rate/{key}") in self.rules:
                return rate
        return None

    def contract(self, customer: str, offering: str, selling_model: str, currency: str) -> str | None:
        """The id of what a customer has agreed, None if nothing."""
        key = entry_id("contract", customer, offering, selling_model, currency)
        return key if key in self.rules else None

    def floor(self, offering: str, selling_model: str, currency: str) -> Entry | None:
        """The floor of an offering, None if it has none."""
        return self.rules.get(entry_id("floor", offering, selling_model, currency)) if self.rules else None

    def priced(self, offering: str) -> list[Entry]:
        """The list prices of an offering (`*`: of all), ordered by id."""
        found = self._priced if offering == EVERYWHERE else {offering: self._priced.get(offering, [])}
        return [entry for name in sorted(found) for entry in found[name]]

    @cached_property
    def _priced(self) -> dict[str, list[Entry]]:
        found: dict[str, list[Entry]] = {}
        for key in sorted(self.entries):
            if key.startswith("price/"):
                found.setdefault(self.entries[key]["offering"], []).append(self.entries[key])
        return found

    def rounding(self, currency: str) -> tuple[int, str]:
        """Step (minor units) and mode by which amounts of a currency are rounded."""
        rule = self.rules.get(entry_id("rounding", currency)) if self.rules else None
        return (1, "half_up") if rule is None else (rule["step"], rule["mode"])

    def of_type(self, name: str) -> list[tuple[str, Entry]]:
        """The rules of a type, ordered by id."""
        return [(key, rule) for key, rule in self.rules.items() if rule["type"] == name]

    def golden(self) -> list[tuple[str, Entry]]:
        """The golden scenarios, ordered by id; they are no rules, as no price depends on them."""
        return [(key, self.entries[key]) for key in sorted(key for key in self.entries if key.startswith("golden/"))]

    def cost(self, offering: str, currency: str) -> int | None:
        """The unit cost in millionths, None if the book has none."""
        entry = self.entries.get(entry_id("cost", offering, currency))
        return None if entry is None else int(entry["unit_cost_micros"])

    def line_cost(self, offering: str, quantity: int | None, currency: str) -> int | None:
        """What a quantity costs in minor units, None if the book has no cost or the quantity cannot be read."""
        unit = self.cost(offering, currency)
        return None if unit is None or quantity is None else extend(unit, quantity, currency)


def book_of(prices: Content, contents: Mapping[str, Content]) -> PriceBook:
    """The price book with the promotions that are artifacts of their own: by it every quote is priced (R-6.2, R-8.4).

    contents: by artifact; those that are no promotions are passed over.
    """
    entries = dict(prices)
    for artifact, content in contents.items():
        if artifact.startswith("promotion/"):
            entries |= promotion_rules(artifact, content)
    return PriceBook(entries)


def line_fault(quote: Quote, line: QuoteLine, *books: PriceBook) -> str | None:
    """Why nobody can price a line: its quantity or discount, its quote's date or currency; None if it is sound.

    books: by which it is priced; `amount` where its net or cost by one of them is beyond the largest.
    """
    if not _within(1, line.quantity, LARGEST_QUANTITY):
        return "quantity"
    if not _within(0, line.discount_basis_points, BASIS_POINTS):
        return "discount"
    if quote.created_at is None:
        return "date"
    if not is_currency(quote.currency):
        return "currency"
    return "amount" if any(beyond(*_amounts(book, quote, line)) for book in books) else None


def beyond(*amounts: int | None) -> bool:
    """Whether one of these is more than a line may come to; minor units, None: unknown."""
    return any(amount is not None and abs(amount) > LARGEST_AMOUNT for amount in amounts)


def _amounts(book: PriceBook, quote: Quote, line: QuoteLine) -> tuple[int | None, int | None]:
    priced = line_amounts(book, quote, line)
    return priced and priced.net_minor, book.line_cost(line.offering, line.quantity, quote.currency)


def _within(least: int, value: object, most: int) -> bool:
    return type(value) is int and least <= value <= most


def price_line(book: PriceBook, quote: Quote, line: QuoteLine) -> Priced | None:
    """Price a sound line by a book; None if the book has no price for it."""
    trace = list[Step]()
    calculation = _calculated(book, quote, line, trace)
    return None if calculation is None else calculation.close(trace)


def line_amounts(book: PriceBook, quote: Quote, line: QuoteLine) -> Amounts | None:
    """The same calculation for whom its steps do not matter: writing them down is a third of it."""
    calculation = _calculated(book, quote, line, None)
    return None if calculation is None else calculation.amounts()


def _calculated(book: PriceBook, quote: Quote, line: QuoteLine, trace: list[Step] | None) -> "_Calculation | None":
    calculation = _begin(book, quote, line, trace)
    if calculation is None:
        return None
    if book.rules:
        calculation.reduce_by_bundle()
    base = calculation.amount
    if book.rules and calculation.entry["type"] != "contract":
        calculation.reduce_by_promotions()
    calculation.take_off("discount", "", line.discount_basis_points or 0)
    if book.rules:
        calculation.keep_above_floor(base)
    return calculation


def _begin(book: PriceBook, quote: Quote, line: QuoteLine, trace: list[Step] | None) -> "_Calculation | None":
    agreed = book.contract(quote.customer, line.offering, line.selling_model, quote.currency) if book.rules else None
    key = agreed or book.find(line.offering, line.selling_model, quote.market, quote.channel, quote.currency)
    return None if key is None else _Calculation(book, quote, line, key, trace)


class _Calculation:
    """One line on its way from the list price to the net: `unit` a unit, and `extra` once for the line, millionths.

    trace: where its steps are written down; None for nowhere.
    """

    def __init__(self, book: PriceBook, quote: Quote, line: QuoteLine, key: str, trace: list[Step] | None) -> None:
        assert line.quantity is not None
        self.book, self.quote, self.line, self.key, self.trace = book, quote, line, key, trace
        self.quantity = line.quantity
        self.entry = book.entries[key]
        self.unit, self.extra = int(self.entry["unit_price_micros"]), 0
        if trace is not None:
            kind: Any = "list" if self.entry["type"] == "price" else self.entry["type"]
            trace.append(Step(rule=kind, entry=key, after=self.unit))
        if self.entry.get("tiers"):
            self._tier()

    @property
    def amount(self) -> int:
        """Millionths of the whole line."""
        return self.unit * self.quantity + self.extra

    @property
    def shown(self) -> int:
        return self.amount if self.extra else self.unit

    def _note(self, rule: Any, entry: str, before: int, points: int = 0, quantity: int = 0) -> None:
        if self.trace is None:
            return
        per: Any = "line" if self.extra else "unit"
        step = Step(rule=rule, entry=entry, before=before, after=self.shown, per=per, points=points, quantity=quantity)
        self.trace.append(step)

    def _tier(self) -> None:
        before = self.unit
        quantity = reached(self.entry, self.quote, self.line)
        self.unit, self.extra, start = tiered(self.entry, quantity)
        if start:
            graduated = self.entry.get("tier_mode") == "graduated"
            self._note("graduated" if graduated else "tier", self.key, before, quantity=start)

    def take_off(self, rule: str, entry: str, points: int, micros: int = 0) -> None:
        """Take basis points off, then an amount a unit, never below zero."""
        if not points and not micros:
            return
        before = self.shown
        self.unit, self.extra = less(self.unit, points), less(self.extra, points)
        if micros and self.amount > 0:
            self._set(max(self.amount - micros * self.quantity, 0))
        self._note(rule, entry, before, points)

    def _set(self, amount: int) -> None:
        self.unit, self.extra = divmod(amount, self.quantity)

    def reduce_by_bundle(self) -> None:
        """The largest reduction of the bundles that the quote has."""
        points, entry = bundle_off(self.book.of_type("bundle"), self.quote, self.line)
        self.take_off("bundle", entry, points)

    def reduce_by_promotions(self) -> None:
        """The exclusive promotion, or all that stack, in one step."""
        found = promotions_for(self.book.of_type("promotion"), self.quote, self.line)
        if found:
            points = min(sum(rule["off_basis_points"] for _, rule in found), BASIS_POINTS)
            micros = sum(rule["off_micros"] for _, rule in found)
            self.take_off("promotion", ", ".join(key for key, _ in found), points, micros)

    def keep_above_floor(self, base: int) -> None:
        """Promotions and discounts may not push the price below the floor; a base that is lower already stays."""
        group = (self.line.offering, self.line.selling_model, self.quote.currency)
        rule = self.book.floor(*group)
        if rule is None:
            return
        least = min(rule["unit_floor_micros"] * self.quantity, base)
        if self.amount < least:
            before = self.shown
            self._set(least)
            self._note("floor", entry_id("floor", *group), before)

    def amounts(self) -> Amounts:
        """Times the quantity, rounded by the currency's rule: the one rounding point."""
        currency = self.quote.currency
        step, mode = self.book.rounding(currency) if self.book.rules else (1, "half_up")
        net = rounded(self.amount, currency, step, mode)
        return Amounts(net, self.book.line_cost(self.line.offering, self.quantity, currency))

    def close(self, trace: list[Step]) -> Priced:
        """The priced line with its trace."""
        quantity, (net, cost) = self.quantity, self.amounts()
        trace.append(Step(rule="net", before=self.shown, after=net, per="net", quantity=quantity))
        return Priced(
            unit_price_micros=self.amount // quantity,
            net_minor=net,
            cost_minor=cost,
            entry=self.key,
            charge="usage" if self.entry["type"] == "rate" else self.entry.get("charge") or "",
            trace=tuple(trace),
        )
