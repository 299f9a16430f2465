"""Whom a quote would have to be approved by, before and after a change: by the policy, and by what the prices leave.

The facts are those of the policy replay, with the prices of each book in the place of those that the quote has.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.replay import REFUSED, Version
from domain.artifact import Content
from domain.deal import deal_facts
from domain.errors import Invalid
from domain.pricing import PriceBook
from domain.quote import USUAL_PAYMENT_DAYS, Quote
from domain.replay import Route
from policies.content import policy_of
from policies.plan import rules_of
from policies.table import ApprovalPolicy


@dataclass(frozen=True)
class Routing:
    """A policy and a price book; routes of the same facts are found once."""

    version: Version
    book: PriceBook
    known: dict[tuple[object, ...], Route | None] = field(default_factory=dict)

    @property
    def asks_always(self) -> bool:
        """Whether a row asks somebody about every quote, whatever its facts are."""
        rows = self.version.table.rows
        return any(rules_of(row.then) and not any(cell.strip() for cell in row.when.values()) for row in rows)

    def route(self, quote: Quote, payment_days: int) -> Route | None:
        """The route of a quote; None where a fact that the policy asks for is not known."""
        facts = deal_facts(self.book, quote, payment_days)
        key = tuple(facts.values())
        if key not in self.known:
            self.known[key] = self._route(facts)
        return self.known[key]

    def _route(self, facts: Mapping[str, object]) -> Route | None:
        asked = {column for row in self.version.table.rows for column, cell in row.when.items() if cell.strip()}
        if any(facts[column] is None for column in asked & facts.keys()):
            return None
        return self.version.route({name: value for name, value in facts.items() if value is not None})


@dataclass(frozen=True)
class Rerouted:
    """A quote whose route moves, or that has none after the change."""

    quote: str
    old: Route | None
    new: Route | None

    @property
    def unrouted(self) -> bool:
        """Whether no rule says any more who approves it."""
        return self.new == REFUSED != self.old

    @property
    def words(self) -> str:
        """In one line, for people."""
        old, new = (route.name if route else "not known" for route in (self.old, self.new))
        return f"{self.quote}: {old} → {new}"


def readable(approval: Content) -> ApprovalPolicy | None:
    """The policy of a content; None where there is none that could decide."""
    try:
        return policy_of(approval)
    except Invalid:
        return None


def routing(approval: Content, name: str, book: PriceBook) -> Routing | None:
    """The routing by a policy's content; None where it says nothing about quotes."""
    policy = readable(approval)
    return Routing(Version(policy, name), book) if policy and policy.quote else None


def rerouted(
    old: Routing | None, new: Routing | None, quotes: Sequence[Quote], payment_days: Mapping[str, int]
) -> Iterator[Rerouted]:
    """The quotes that go another way; where a policy says nothing about quotes (None), nobody approves them."""
    for quote in quotes:
        days = payment_days.get(quote.id, USUAL_PAYMENT_DAYS)
        before, after = (side.route(quote, days) if side else REFUSED for side in (old, new))
        if before != after:
            yield Rerouted(quote.id, before, after)
