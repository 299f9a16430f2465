"""Every attack is refused with its exact code and leaves its record; its twin passes; without the guard it goes through.

`make attacks ONLY=B2` runs one id and prints where each attempt was refused and audited.
"""

import importlib
from collections.abc import Callable

import pytest

from tests.attacks import (
    approval_attacks,
    effect_attacks,
    path_attacks,
    people_attacks,
    policy_attacks,
    presence_attacks,
    subject_attacks,
)
from tests.attacks.elsewhere import ELSEWHERE, Elsewhere
from tests.attacks.impossible import IMPOSSIBLE
from tests.attacks.lines import LINES
from tests.attacks.registry import ATTACKS, Attack
from tests.attacks.world import Outcome, World

__all__ = [
    "approval_attacks",
    "effect_attacks",
    "path_attacks",
    "people_attacks",
    "policy_attacks",
    "presence_attacks",
    "subject_attacks",
]

SIZES = {"A": 13, "B": 18, "C": 16, "D": 14, "E": 6, "F": 7, "H": 8, "J": 5}
CATALOGUE = {f"{table}{number}" for table, size in SIZES.items() for number in range(1, size + 1)}
MISSING = {}
"""Cases that nothing here answers yet."""

every_attack = pytest.mark.parametrize("attack", ATTACKS, ids=lambda found: found.name)


def check(attack: Attack, world: World) -> Outcome:
    """Run the attempt; it must be refused with the code, and recorded where it is an attempt at authority."""
    outcome = attack.attempt(world)
    assert outcome.code == attack.code
    if attack.audited:
        records = [r for r in world.business.timeline(outcome.chain) if r.outcome in ("refused", "blocked")]
        assert records, f"no record on {outcome.chain}"
        details = records[-1].details
        assert attack.code in str(details.get("code") or details.get("blocks"))
    return outcome


@every_attack
def test_is_refused_and_recorded(attack: Attack, world: World, request: pytest.FixtureRequest) -> None:
    outcome = check(attack, world)
    where = f"audited on {outcome.chain}" if attack.audited else "no attempt at authority, nothing written"
    line = f"{attack.id:4} {attack.entrance:9} {attack.attempt.__name__}: refused ({attack.code}), {where}"
    request.config.stash.setdefault(LINES, []).append(line)


@pytest.mark.parametrize(
    "twin", sorted({attack.twin.__name__: attack.twin for attack in ATTACKS}.items()), ids=lambda twin: twin[0]
)
def test_its_twin_passes(twin: tuple[str, Callable[[World], object]], world: World) -> None:
    twin[1](world)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda found: found.name)
def test_goes_through_where_the_guard_is_taken_out(
    attack: Attack, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    attack.defect(monkeypatch)
    with pytest.raises((AssertionError, TypeError, ValueError)):
        check(attack, world)


@pytest.mark.parametrize("case", IMPOSSIBLE, ids=lambda case: f"{case}-cannot-arise")
def test_cannot_arise_here(case: str) -> None:
    assert IMPOSSIBLE[case].why and IMPOSSIBLE[case].still()


@pytest.mark.parametrize("found", ELSEWHERE, ids=lambda found: f"{found.id}-{found.test}")
def test_what_is_tested_elsewhere_is_there(found: Elsewhere) -> None:
    module = importlib.import_module("tests." + found.file.removesuffix(".py").replace("/", "."))
    assert callable(getattr(module, found.test))


def test_every_case_of_the_catalogue_is_attacked_impossible_or_named_as_missing() -> None:
    known = {attack.id for attack in ATTACKS} | {found.id for found in ELSEWHERE} | set(IMPOSSIBLE)
    assert sorted(CATALOGUE - known - set(MISSING)) == []
    assert sorted(set(MISSING) & known) == []


def test_a_person_who_may_not_is_refused_at_every_entrance() -> None:
    """D14: a guard that is mended on one path is mended on all."""
    assert {attack.entrance for attack in ATTACKS if attack.code == "excluded"} >= {
        "api",
        "page",
        "cli",
        "bulk",
        "command",
    }
