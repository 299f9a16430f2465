"""The result of a simulation: old against new for every affected quote, checks with three outcomes (R-6.2, R-6.3)."""

from collections.abc import Mapping
from enum import StrEnum

from domain.model import Model

MARGIN_FLOOR_BASIS_POINTS = 1_000


class Outcome(StrEnum):
    """Silence never passes: what could not be judged is inconclusive."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


class Check(Model):
    """An invariant, its outcome and up to ten counter-examples (quote and line)."""

    name: str
    title: str
    outcome: Outcome
    checked: int
    counter_examples: tuple[str, ...] = ()


class QuoteEffect(Model):
    """One quote: total of the affected lines before and after, in minor units of its currency; None: no price."""

    quote: str
    market: str
    channel: str
    currency: str
    old_minor: int
    new_minor: int | None


class Simulation(Model):
    """A simulation as it is approved: versions that it ran on, totals per currency, checks; the cases are in a file.

    delta: new minus old in minor units per currency; cases_file: digest of the ordered list of all cases.
    """

    versions: Mapping[str, int]
    cases: int
    dearer: int
    cheaper: int
    delta: Mapping[str, int]
    largest: tuple[QuoteEffect, ...]
    checks: tuple[Check, ...]
    cases_file: str

    @property
    def failed(self) -> tuple[str, ...]:
        return tuple(check.name for check in self.checks if check.outcome is Outcome.FAIL)
