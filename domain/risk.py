"""The risk of a change on twelve dimensions, each scored from facts and naming the fact that says so (R-3.2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.artifact import EVERYWHERE, Operation
from domain.change import ChangeContent
from domain.impact import Impact
from domain.model import Model
from domain.money import amount

MOST = 4
SOON = timedelta(days=1)
PAST_FAILURES = timedelta(days=90)
"""How far back failed changes of the same kind and owner still speak against the next one."""


class Dimension(StrEnum):
    """What is scored, from 0 (nothing) to 4 (the most)."""

    CUSTOMER = "customer"
    REVENUE = "revenue"
    MARGIN = "margin"
    LEGAL = "legal"
    REGULATORY = "regulatory"
    OPERATIONAL = "operational"
    REVERSIBILITY = "reversibility"
    BLAST_RADIUS = "blast radius"
    DETECTABILITY = "detectability"
    TIMING = "timing sensitivity"
    HISTORY = "historical data"
    DOWNSTREAM = "downstream dependencies"


class Score(Model):
    """One dimension with its score and the fact that produced it."""

    dimension: Dimension
    score: Annotated[int, Field(ge=0, le=MOST)]
    fact: str


class RiskScore(Model):
    """All twelve dimensions."""

    scores: tuple[Score, ...]

    @property
    def highest(self) -> int:
        return max(score.score for score in self.scores)


class RiskFacts(Model):
    """What is known beside content and impact: the facts of tiering, what failed before, what collides, the calendar.

    failures: changes of this kind and owner that were taken back or failed lately; collisions: open changes of the same
    entries or offerings; frozen: freezes that hold where it would take effect; starts: when it takes effect (None: as
    soon as it is approved); consumers: systems that read what moves.
    """

    tiering: Mapping[str, object]
    risk: str
    failures: int = 0
    collisions: int = 0
    frozen: int = 0
    starts: datetime | None = None
    now: datetime
    consumers: int = 0


def risk_of(content: ChangeContent, impact: Impact, known: RiskFacts) -> RiskScore:
    """The scores of a change, in the order of the dimensions."""
    operations = [op for part in content.parts for op in part.operations]
    found = {
        Dimension.CUSTOMER: _customer(impact),
        Dimension.REVENUE: _revenue(impact),
        Dimension.MARGIN: _margin(operations, known),
        Dimension.LEGAL: _by_kind(content.kind, LEGAL, known),
        Dimension.REGULATORY: _regulatory(content.kind, known),
        Dimension.OPERATIONAL: _operational(content.kind, known),
        Dimension.REVERSIBILITY: _reversibility(content.kind, operations, known),
        Dimension.BLAST_RADIUS: _radius(content, impact),
        Dimension.DETECTABILITY: _detectability(content),
        Dimension.TIMING: _timing(known),
        Dimension.HISTORY: _history(content.kind, known),
        Dimension.DOWNSTREAM: _downstream(content.kind, known),
    }
    return RiskScore(scores=tuple(Score(dimension=d, score=min(s, MOST), fact=fact) for d, (s, fact) in found.items()))


Scored = tuple[int, str]
LEGAL = {"document": 4, "eligibility": 2, "promotion": 2, "approval": 1, "pricing": 1, "catalog": 1}
DAILY_WORK = {
    **dict.fromkeys(("workflow", "order_mapping", "migration", "platform"), 3),
    **dict.fromkeys(("integration", "security"), 2),
    "catalog": 1,
}
TAKEN_BACK = {
    "migration": 4,
    "security": 3,
    **dict.fromkeys(("integration", "order_mapping", "workflow", "promotion"), 2),
    "platform": 1,
}
READERS = {
    **dict.fromkeys(("integration", "order_mapping"), 3),
    **dict.fromkeys(("workflow", "platform"), 2),
    **dict.fromkeys(("catalog", "pricing", "promotion"), 1),
}


def _grade(value: int, bounds: Sequence[int]) -> int:
    """How many bounds a value is over."""
    return sum(value > bound for bound in bounds)


def _customer(impact: Impact) -> Scored:
    return _grade(impact.quotes, (0, 100, 10_000, 250_000)), f"{impact.quotes:,} open quotes use what moves"


def _revenue(impact: Impact) -> Scored:
    if not impact.value:
        return 0, "no open quote is worth anything here"
    currency, value = max(impact.value.items(), key=lambda pair: (pair[1], pair[0]))
    return _grade(value, (0, 10_000_000, 1_000_000_000, 100_000_000_000)), (
        f"open quotes of {amount(value, currency):,} {currency} use what moves"
    )


def _margin(operations: Iterable[Operation], known: RiskFacts) -> Scored:
    """How far prices fall or costs rise, or promotions take off, in percent."""
    percent = max((_worse(op) for op in operations), default=0)
    return _grade(percent, (0, 5, 15, 30)), f"prices fall, costs rise or promotions take off up to {percent} percent"


def _worse(op: Operation) -> int:
    before, after = op.before or {}, op.after or {}
    if "off_basis_points" in after and after.get("type") == "promotion":
        return -(-(after["off_basis_points"] or 0) // 100)
    for field, sign in (("unit_price_micros", -1), ("unit_cost_micros", 1)):
        old, new = before.get(field), after.get(field)
        if isinstance(old, int) and isinstance(new, int) and old > 0:
            return max(-(-sign * (new - old) * 100 // old), 0)
    return 0


def _by_kind(kind: str, scores: Mapping[str, int], known: RiskFacts) -> Scored:
    return scores.get(kind, 0), f"kind {kind.replace('_', ' ')}: {known.risk}"


def _regulatory(kind: str, known: RiskFacts) -> Scored:
    if known.tiering.get("regulated"):
        return 4, "something that a law governs moves"
    return (2, "who may buy what moves") if kind == "eligibility" else (0, "nothing that a law governs moves")


def _operational(kind: str, known: RiskFacts) -> Scored:
    """What the kind means for daily work, one more for each recent failure of its like and for collisions."""
    base, fact = _by_kind(kind, DAILY_WORK, known)
    parts = [fact]
    if known.failures:
        parts.append(f"{known.failures} of this kind and owner failed or were taken back in {PAST_FAILURES.days} days")
    if known.collisions:
        parts.append(f"{known.collisions} open changes touch the same")
    return base + known.failures + bool(known.collisions), "; ".join(parts)


def _reversibility(kind: str, operations: Sequence[Operation], known: RiskFacts) -> Scored:
    if known.tiering.get("billing_model"):
        return 3, "what was charged in the meantime has to be corrected"
    removed = sum(op.action == "remove" for op in operations)
    base = TAKEN_BACK.get(kind, 0) + bool(removed)
    return base, f"kind {kind.replace('_', ' ')}, {removed} entries taken out; the rest is published again"


def _radius(content: ChangeContent, impact: Impact) -> Scored:
    everywhere = EVERYWHERE in content.scope.markets
    markets = "every market" if everywhere else f"{len(content.scope.markets)} markets"
    reach = _grade(len(impact.offerings), (1, 10, 100))
    return reach + (1 if everywhere else 0), f"{len(impact.offerings)} offerings in {markets}"


def _detectability(content: ChangeContent) -> Scored:
    """A change that nobody watches shows late."""
    hours = content.monitoring.seconds // 3600
    return (3 if hours == 0 else 1 if hours < 24 else 0), f"watched for {hours} hours after its release"


def _timing(known: RiskFacts) -> Scored:
    if known.tiering.get("quarter_close"):
        return 4, "takes effect while a quarter closes"
    if known.frozen:
        return 3, f"{known.frozen} freezes hold where it takes effect"
    if known.starts is None:
        return 1, "takes effect as soon as it is approved"
    return (2 if known.starts - known.now < SOON else 0), f"takes effect on {known.starts:%Y-%m-%d}"


def _history(kind: str, known: RiskFacts) -> Scored:
    if kind == "migration":
        return 4, "a migration writes what was there before"
    if known.tiering.get("billing_model"):
        return 2, "charges of existing customers change their form"
    return 0, "versions are immutable; what was sold keeps its own"


def _downstream(kind: str, known: RiskFacts) -> Scored:
    base = READERS.get(kind, 0)
    return base + _grade(
        known.consumers, (1, 10)
    ), f"{known.consumers} registered consumers read contracts of what moves"
