"""Two colliding changes together: what they do beside what each of them does alone (R-4.5, R-6.6)."""

from collections.abc import Iterable, Mapping

from domain.model import Model
from domain.simulation import SHOWN, Check, Outcome, Pack, Simulation


class Combination(Model):
    """What a change and another open one, which it collides with, do together to the quotes of that moment.

    change, revision: the other one; outcome: the worst of all checks, and of packs that fail; reason: why nobody could
    say, or why nothing was priced; failed: what does not pass, with examples; only_together: what does better for each
    of them alone. quotes: affected by either; delta, margin_delta: both together, minor units per currency; beyond,
    margin_beyond: what of that is not the sum of what each does alone, for currencies in which there is anything.
    """

    change: str
    revision: int
    outcome: Outcome
    reason: str = ""
    failed: tuple[str, ...] = ()
    only_together: tuple[str, ...] = ()
    quotes: int = 0
    delta: Mapping[str, int] = {}
    margin_delta: Mapping[str, int] = {}
    beyond: Mapping[str, int] = {}
    margin_beyond: Mapping[str, int] = {}

    @property
    def words(self) -> str:
        """A sentence for whoever is told of the collision, with the space before it."""
        return {
            Outcome.PASS: " Simulated together, they pass every check.",
            Outcome.FAIL: " Simulated together, they fail.",
            Outcome.INCONCLUSIVE: " What they do together could not be judged.",
        }[self.outcome]


class Combinations(Model):
    """The evidence of a revision: it together with each change that it met, and the versions that were live."""

    found: tuple[Combination, ...]
    versions: Mapping[str, int]


def not_combined(change: str, revision: int, reason: str) -> Combination:
    """A combination of which nobody can say what it does."""
    return Combination(change=change, revision=revision, outcome=Outcome.INCONCLUSIVE, reason=reason)


def invalid_together(
    change: str, revision: int, alone: tuple[Iterable[Check], Iterable[Check]], together: Iterable[Check]
) -> Combination:
    """Two changes whose content is not valid together, so that nothing is priced."""
    failing = [check for check in together if check.outcome is Outcome.FAIL]
    return Combination(
        change=change,
        revision=revision,
        outcome=Outcome.FAIL,
        reason="their content is not valid together, so nothing was priced",
        failed=tuple(map(_fault, failing)),
        only_together=_worse(failing, *alone),
    )


def combination(change: str, revision: int, alone: tuple[Simulation, Simulation], together: Simulation) -> Combination:
    """What two changes do together beside what each does alone, all three simulated on the same versions and quotes."""
    one, other = alone
    judged = _judged(together)
    # A pack without records is inconclusive for every change: only what fails in one speaks against them.
    outcomes = [found.outcome for found in judged if isinstance(found, Check) or found.outcome is Outcome.FAIL]
    return Combination(
        change=change,
        revision=revision,
        outcome=max(outcomes, key=lambda outcome: outcome.rank, default=Outcome.PASS),
        failed=tuple(_fault(check) for check in together.checks if check.outcome is not Outcome.PASS),
        only_together=_worse(judged, _judged(one), _judged(other)),
        quotes=together.quotes,
        delta=together.delta,
        margin_delta=together.margin_delta,
        beyond=_beyond(together.delta, one.delta, other.delta),
        margin_beyond=_beyond(together.margin_delta, one.margin_delta, other.margin_delta),
    )


def _judged(simulation: Simulation) -> tuple[Check | Pack, ...]:
    return (*simulation.checks, *simulation.packs)


def _fault(check: Check) -> str:
    many = f" ({check.extent})" if check.extent else ""
    shown = ", ".join(check.counter_examples[:SHOWN]) or check.reason
    return f"{check.title}{many}: {shown}" if shown else f"{check.title}{many}"


def _worse(together: Iterable[Check | Pack], *alone: Iterable[Check | Pack]) -> tuple[str, ...]:
    """The titles of what does worse together than for each alone."""
    before: dict[str, int] = {}
    for found in (one for group in alone for one in group):
        before[found.name] = max(found.outcome.rank, before.get(found.name, 0))
    return tuple(found.title for found in together if found.outcome.rank > before.get(found.name, 0))


def _beyond(together: Mapping[str, int], *alone: Mapping[str, int]) -> dict[str, int]:
    codes = sorted({code for sums in (together, *alone) for code in sums})
    more = {code: together.get(code, 0) - sum(sums.get(code, 0) for sums in alone) for code in codes}
    return {code: minor for code, minor in more.items() if minor}
