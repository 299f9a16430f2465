"""The policy says what a check does that did not pass; what it names in no rule is judged by the rule for all (R-6.3)."""

import pytest

from domain.combination import combination
from domain.judging import ENGINE, CheckRule, Consequence, doing, judged, rule_for, stricter, unknown_checks
from domain.residual_risk import open_checks
from domain.simulation import EDITION, Check, Outcome, Pack, Simulation, worsened

WARN, HOLD, BLOCK = Consequence.WARN, Consequence.HOLD, Consequence.BLOCK
RULES = (
    CheckRule(check="*", failed=HOLD, inconclusive=WARN),
    CheckRule(check="margin_floor", failed=WARN, inconclusive=HOLD),
    CheckRule(check="pack_accepted", inconclusive=HOLD),
)


def simulation(*outcomes: tuple[str, Outcome], packs: tuple[Pack, ...] = ()) -> Simulation:
    checks = tuple(Check(name=name, title=name, outcome=outcome, checked=1) for name, outcome in outcomes)
    sums = {"versions": {}, "cases": 0, "dearer": 0, "cheaper": 0, "delta": {}, "largest": (), "cases_file": ""}
    return Simulation(**sums, checks=checks, packs=packs)


@pytest.mark.parametrize(
    ("name", "outcome", "does"),
    [
        ("margin_floor", Outcome.FAIL, WARN),
        ("margin_floor", Outcome.INCONCLUSIVE, HOLD),
        ("not_negative", Outcome.FAIL, HOLD),
        ("not_negative", Outcome.INCONCLUSIVE, WARN),
        (ENGINE, Outcome.FAIL, BLOCK),
    ],
    ids=lambda value: str(value),
)
def test_each_outcome_has_its_own_consequence(name: str, outcome: Outcome, does: Consequence) -> None:
    (found,) = judged(simulation((name, outcome), ("other", Outcome.PASS)), RULES)
    assert (found.name, found.outcome, found.does) == (name, outcome, does)


def test_a_policy_without_rules_blocks_what_failed_and_warns_of_what_nobody_can_judge() -> None:
    found = judged(simulation(("one", Outcome.FAIL), ("other", Outcome.INCONCLUSIVE)), ())
    assert (doing(found, BLOCK), doing(found, WARN), doing(found, HOLD)) == (("one",), ("other",), ())


def test_a_pack_that_can_tell_nothing_is_judged_too() -> None:
    packs = tuple(Pack(name=name, title=name, outcome=Outcome.INCONCLUSIVE) for name in ("accepted", "renewals"))
    found = judged(simulation(packs=packs), RULES)
    assert [(one.name, one.does) for one in found] == [("pack_accepted", HOLD), ("pack_renewals", WARN)]


def test_a_pack_that_fails_is_judged_by_its_own_rule_or_by_the_rule_for_all() -> None:
    packs = tuple(Pack(name=name, title=name, outcome=Outcome.FAIL) for name in ("accepted", "renewals", "probes"))
    rules = (*RULES, CheckRule(check="pack_renewals", failed=BLOCK), CheckRule(check="pack_probes", failed=WARN))
    found = judged(simulation(packs=packs), rules)
    assert {one.name: one.does for one in found} == {
        "pack_accepted": BLOCK,
        "pack_renewals": BLOCK,
        "pack_probes": WARN,
    }


def test_a_pack_that_fails_with_a_check_is_milder_or_harder_only_where_a_rule_names_it() -> None:
    failing = simulation(
        ("margin_floor", Outcome.FAIL), packs=(Pack(name="open_quotes", title="open", outcome=Outcome.FAIL),)
    )
    assert [(one.name, one.does) for one in judged(failing, RULES)] == [("margin_floor", WARN)]
    named = (*RULES, CheckRule(check="pack_open_quotes", failed=BLOCK))
    assert doing(judged(failing, named), BLOCK) == ("pack_open_quotes",)


PASSED, UNKNOWN, FAILED = Outcome.PASS, Outcome.INCONCLUSIVE, Outcome.FAIL


@pytest.mark.parametrize(
    ("seen", "now", "told"),
    [
        (PASSED, UNKNOWN, True),
        (PASSED, FAILED, True),
        (UNKNOWN, FAILED, True),
        (UNKNOWN, UNKNOWN, False),
        (FAILED, UNKNOWN, False),
        (FAILED, PASSED, False),
        (PASSED, PASSED, False),
        (None, UNKNOWN, True),
        (None, PASSED, False),
    ],
    ids=lambda value: str(value),
)
def test_approvers_are_asked_again_about_each_check_and_pack_that_got_worse(
    seen: Outcome | None, now: Outcome, told: bool
) -> None:
    before, after = (
        simulation(("one", outcome), packs=(Pack(name="renewals", title="", outcome=outcome),))
        if outcome
        else simulation()
        for outcome in (seen, now)
    )
    assert worsened(before, after, 0) == (("check one", "pack renewals") if told else ())


def test_approvers_are_asked_again_about_margins_that_moved_too_far_unless_they_were_told_none() -> None:
    before, after = (
        simulation().model_copy(update={"margin_delta": {"EUR": minor}, "edition": EDITION})
        for minor in (-1_000, -1_101)
    )
    assert (worsened(before, after, 1_000), worsened(before, after, 1_010)) == (("margin in EUR",), ())
    assert worsened(before.model_copy(update={"edition": 3, "margin_delta": {}}), after, 0) == ()


@pytest.mark.parametrize(
    ("seen", "now", "told"),
    [(10, 11, False), (10, 12, True), (10, 20_000, True), (20_000, 10, False), (10, 10, False), (0, 20_000, False)],
    ids=lambda value: str(value),
)
def test_approvers_are_asked_again_about_a_check_that_fails_for_more_lines_than_the_bound(
    seen: int, now: int, told: bool
) -> None:
    before, after = (failing(lines) for lines in (seen, now))
    assert worsened(before, after, 1_000) == (("check margin_floor",) if told else ())
    assert (worsened(before, after, 0) != ()) == (now > seen > 0), "without a bound, any growth"


def failing(lines: int) -> Simulation:
    """A simulation in which a check fails for some lines of 30,000; 0: it was not counted, as in earlier evidence."""
    (check,) = simulation(("margin_floor", Outcome.FAIL)).checks
    counted = {"checked": 30_000, "failing": lines, "counter_examples": ("Q-1/1", "Q-2/1", "Q-3/2", "Q-4/1")}
    return simulation().model_copy(update={"checks": (check.model_copy(update=counted),)})


def test_who_accepts_a_failing_check_reads_for_how_many_lines_it_fails() -> None:
    assert open_checks(failing(12)) == ("margin_floor: fail, 12 of 30,000 (Q-1/1, Q-2/1, Q-3/2)",)
    assert open_checks(failing(0)) == ("margin_floor: fail (Q-1/1, Q-2/1, Q-3/2)",)
    assert combination("CR-2", 1, (failing(0), failing(0)), failing(12)).failed == (
        "margin_floor (12 of 30,000): Q-1/1, Q-2/1, Q-3/2",
    )


def test_nothing_that_did_not_pass_is_passed_over() -> None:
    outcomes = [(f"check_{number}", outcome) for number, outcome in enumerate(Outcome)]
    assert len(judged(simulation(*outcomes), RULES)) == 2
    assert judged(None, RULES) == ()


def test_a_name_that_no_check_has_is_refused() -> None:
    known = [CheckRule(check=name) for name in ("*", "margin_floor", "valid_pricing", "scenario_x", "pack_golden")]
    assert unknown_checks([*known, CheckRule(check="margin_flor")]) == ("margin_flor",)


def test_of_two_policies_the_harder_consequence_follows() -> None:
    together = stricter(RULES, (CheckRule(check="margin_floor", failed=BLOCK),))
    assert rule_for(together, "margin_floor") == CheckRule(check="margin_floor", failed=BLOCK, inconclusive=HOLD)
    assert rule_for(together, "unheard_of") == CheckRule(failed=BLOCK, inconclusive=WARN)
