"""The result of a simulation: old against new for every affected quote, checks with three outcomes (R-6.2, R-6.3)."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from domain.model import Model

EDITION = 6
MARGINS_SINCE = 4
"""The first edition that says how margins move."""
MARGIN_FLOOR_BASIS_POINTS = 1_000
STEPS = (-2_000, -1_000, -500, -200, 0, 200, 500, 1_000, 2_000)
"""Bounds of the bars of the distribution, in basis points of the price before."""
SHOWN = 3
"""Counter-examples of a check that stand in a sentence."""


class Outcome(StrEnum):
    """Silence never passes: what could not be judged is inconclusive."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"

    @property
    def rank(self) -> int:
        """How far it is from passing."""
        return (Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL).index(self)


class Check(Model):
    """An invariant, its outcome and up to ten counter-examples (quote and line).

    failing: for how many of what was looked at it does not hold; 0 in evidence that did not count them.
    reason: why it is inconclusive, or what was not looked at.
    """

    name: str
    title: str
    outcome: Outcome
    checked: int
    counter_examples: tuple[str, ...] = ()
    reason: str = ""
    failing: int = 0

    @property
    def extent(self) -> str:
        """For how many it does not hold, in words."""
        return extent(self.failing, self.checked)

    @property
    def where(self) -> str:
        """For how many it does not hold and where, to follow its outcome in a sentence."""
        return where(self.failing, self.checked, self.counter_examples)


def extent(failing: int, checked: int) -> str:
    """For how many of those looked at a check does not hold: `12 of 31,000`; empty where it holds or nobody counted."""
    # A scenario or a content can have more faults than there was to look at.
    of = f" of {checked:,}" if checked >= failing else ""
    return f"{failing:,}{of}" if failing else ""


def where(failing: int, checked: int, examples: Sequence[str]) -> str:
    """What follows the outcome of a check in a sentence: `, 12 of 31,000 (Q-7/1, Q-8/2, Q-9/1)`."""
    many = extent(failing, checked)
    return (f", {many}" if many else "") + (f" ({', '.join(examples[:SHOWN])})" if examples else "")


class QuoteEffect(Model):
    """One quote: total of the affected lines before and after, in minor units of its currency; None: no price.

    Margins are what is left of those totals after cost, None where a cost is unknown; lines: how many are affected.
    """

    quote: str
    market: str
    channel: str
    currency: str
    old_minor: int | None
    new_minor: int | None
    segment: str = ""
    lines: int = 0
    old_margin_minor: int | None = None
    new_margin_minor: int | None = None


class Pack(Model):
    """A scenario pack (R-6.1): how many cases it holds and how they fare; one without records says so and why.

    of: what a case is; moved: for how many of them rules answer otherwise; examples: what of them to look at.
    """

    name: str
    title: str
    outcome: Outcome
    quotes: int = 0
    dearer: int = 0
    cheaper: int = 0
    delta: Mapping[str, int] = {}
    reason: str = ""
    of: str = "quotes"
    moved: int = 0
    examples: tuple[str, ...] = ()


class Difference(Model):
    """A kind of difference that was looked for (R-6.2): in how many cases it was found, or why it is not covered.

    of: what a case is; checked: how many were looked at; examples: up to ten, each with what is old and what is new.
    """

    name: str
    cases: int | None
    reason: str = ""
    of: str = "quotes"
    checked: int = 0
    examples: tuple[str, ...] = ()


class Bar(Model):
    """How many quotes move by more than `above` and at most `up_to` basis points (None: without end)."""

    above: int | None
    up_to: int | None
    quotes: int


class Share(Model):
    """What a market and channel get of it; delta, margin: new minus old in minor units, as far as both are known."""

    market: str
    channel: str
    currency: str
    quotes: int
    dearer: int
    cheaper: int
    delta: int
    margin: int = 0


class Simulation(Model):
    """A simulation as it is approved: versions that it ran on, totals per currency, checks; the cases are in a file.

    delta: new minus old in minor units per currency; margin_delta: the same of what is left after cost, without the
    quotes of which a price or cost is missing on a side (margins_unknown); largest, largest_margins: the quotes whose
    price and whose margin moves most, of each currency in turn; cases_file: digest of the file of all cases. What
    follows makes it reproducible (R-6.4): digest over the ordered logical rows of all cases, the snapshot that held the
    quotes (empty: read from the database), seed and number of the lines compared with the reference, digest of the SQL,
    and the file of the other business that was looked at (scenes_file). edition: which checks and packs the product
    knew then.
    """

    versions: Mapping[str, int]
    cases: int
    dearer: int
    cheaper: int
    delta: Mapping[str, int]
    largest: tuple[QuoteEffect, ...]
    checks: tuple[Check, ...]
    cases_file: str
    quotes: int = 0
    digest: str = ""
    snapshot: str = ""
    seed: int = 0
    compared: int = 0
    sql: str = ""
    packs: tuple[Pack, ...] = ()
    differences: tuple[Difference, ...] = ()
    distribution: tuple[Bar, ...] = ()
    shares: tuple[Share, ...] = ()
    with_changes: tuple[str, ...] = ()
    scenes_file: str = ""
    edition: int = 1
    margin_delta: Mapping[str, int] = {}
    margins_unknown: int = 0
    largest_margins: tuple[QuoteEffect, ...] = ()

    @property
    def margins_told(self) -> bool:
        """Whether it says how margins move; evidence of an earlier edition does not."""
        return self.edition >= MARGINS_SINCE

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if check.outcome is Outcome.FAIL)


def worsened(seen: Simulation, now: Simulation, bound: int) -> tuple[str, ...]:
    """What a simulation on another base shows that approvers have not seen: checks and packs that passed and fail or
    cannot be judged any more, or that fail where they could not be judged; checks that fail for more, and sums that
    moved, by more than the bound (basis points)."""
    before = _outcomes(seen)
    worse = [name for name, found in _outcomes(now).items() if found.rank > before.get(name, Outcome.PASS).rank]
    moved = _moved("delta", seen.delta, now.delta, bound)
    if seen.margins_told:
        moved += _moved("margin", seen.margin_delta, now.margin_delta, bound)
    return (*worse, *_spread(seen, now, bound), *moved)


def _spread(seen: Simulation, now: Simulation, bound: int) -> list[str]:
    """The checks that failed before for a number that was told, and fail now for that many more."""
    before = {check.name: check.failing for check in seen.checks}
    counted = [(check, before[check.name]) for check in now.checks if before.get(check.name)]
    return [f"check {c.name}" for c, failing in counted if (c.failing - failing) * 10_000 > bound * failing]


def _moved(name: str, seen: Mapping[str, int], now: Mapping[str, int], bound: int) -> list[str]:
    sums = [(code, seen.get(code, 0), now.get(code, 0)) for code in sorted({*seen, *now})]
    return [f"{name} in {code}" for code, old, new in sums if abs(new - old) * 10_000 > bound * max(abs(old), 1)]


def _outcomes(simulation: Simulation) -> dict[str, Outcome]:
    """The outcome of each check and pack."""
    checks = {f"check {check.name}": check.outcome for check in simulation.checks}
    return checks | {f"pack {pack.name}": pack.outcome for pack in simulation.packs}
