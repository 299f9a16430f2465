"""What the outcome of a check does, by the policy: it warns, holds the release, or blocks the change (R-6.3).

A check that did not pass is never passed over: what no rule names is judged by the rule for all (`*`).
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.model import Model
from domain.simulation import Outcome, Simulation

ALL = "*"
ENGINE = "engine_equals_reference"
"""A run in which the engine differs from the reference is worth nothing: no policy lets it through."""


NAMES = frozenset(
    {
        *(ALL, ENGINE, "every_line_priced", "not_negative", "margin_floor", "sound_lines", "golden_scenarios"),
        *("every_line_decomposes", "required_clauses", "no_unrouted_approval", "approvers_stay", "bundles_listed"),
    }
)
FAMILIES = ("valid_", "scenario_", "pack_")
"""Checks are named one by one, or after a kind, a scenario or a pack."""
ECHOES = frozenset(f"pack_{name}" for name in ("golden", "top_revenue", "open_quotes", "high_risk", "decompositions"))
"""Packs that fail only together with a check: what follows is said by the rule of that check, unless one names them."""


class Consequence(StrEnum):
    """What follows, the mildest first.

    warn: whoever decides is told. hold: nothing takes effect before the owner has accepted what remains, by name.
    block: the change goes back to its requester.
    """

    WARN = "warn"
    HOLD = "hold"
    BLOCK = "block"

    @property
    def rank(self) -> int:
        return list(Consequence).index(self)


class CheckRule(Model):
    """What a check (its name, `pack_` and the name of a scenario pack, or `*` for all others) does when it fails or
    cannot be judged."""

    check: Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9_-]{0,79})$")] = ALL
    failed: Consequence = Consequence.BLOCK
    inconclusive: Consequence = Consequence.WARN


class Judged(Model):
    """A check that did not pass, and what follows by the policy."""

    name: str
    title: str
    outcome: Outcome
    does: Consequence


def judged(simulation: Simulation | None, rules: Sequence[CheckRule]) -> tuple[Judged, ...]:
    """Every check and pack that did not pass; a pack that fails as an echo of a check only where a rule names it."""
    if simulation is None:
        return ()
    checks = [(check.name, check.title, check.outcome) for check in simulation.checks]
    packs = [(f"pack_{pack.name}", pack.title, pack.outcome) for pack in simulation.packs]
    told = ECHOES - {rule.check for rule in rules}
    checks += [pack for pack in packs if pack[2] is not Outcome.FAIL or pack[0] not in told]
    return tuple(
        Judged(name=name, title=title, outcome=outcome, does=_does(rules, name, outcome))
        for name, title, outcome in checks
        if outcome is not Outcome.PASS
    )


def unknown_checks(rules: Iterable[CheckRule]) -> tuple[str, ...]:
    """The names in rules that no simulation has a check for."""
    return tuple(rule.check for rule in rules if rule.check not in NAMES and not rule.check.startswith(FAMILIES))


def doing(found: Iterable[Judged], what: Consequence) -> tuple[str, ...]:
    """The names of those of which this follows."""
    return tuple(one.name for one in found if one.does is what)


def stricter(one: Sequence[CheckRule], other: Sequence[CheckRule]) -> tuple[CheckRule, ...]:
    """The rules of which as much follows as of either."""
    names = dict.fromkeys((ALL, *(rule.check for rule in (*one, *other))))
    return tuple(_harder(name, rule_for(one, name), rule_for(other, name)) for name in names)


def _harder(name: str, one: CheckRule, other: CheckRule) -> CheckRule:
    failed, inconclusive = (
        max(getattr(one, field), getattr(other, field), key=lambda found: found.rank)
        for field in ("failed", "inconclusive")
    )
    return CheckRule(check=name, failed=failed, inconclusive=inconclusive)


def rule_for(rules: Sequence[CheckRule], name: str) -> CheckRule:
    """The rule of a check: its own, or that for all."""
    by_name = {rule.check: rule for rule in rules}
    return by_name.get(name) or by_name.get(ALL) or CheckRule()


def _does(rules: Sequence[CheckRule], name: str, outcome: Outcome) -> Consequence:
    if name == ENGINE:
        return Consequence.BLOCK
    rule = rule_for(rules, name)
    return rule.failed if outcome is Outcome.FAIL else rule.inconclusive
