"""Who can fill a missing slot and for whom somebody speaks, compared whole: candidates, deputies and groups."""

import pytest

from domain.approval import (
    ApprovalFacts,
    Choice,
    Deputy,
    Fired,
    Plan,
    Seat,
    SlotStanding,
    Stage,
    assign,
    gate,
    slot_for,
)
from tests.domain.test_approval_rules import BOARD, LENT, NO, at, board, delegated, people, refusal, two
from tests.domain.test_gate import approval, escalating, facts, plan, slot, stage


def slots_of(found: ApprovalFacts) -> tuple[SlotStanding, ...]:
    return gate(found).stages[0].slots


def test_neither_a_reminder_nor_another_stage_lets_anybody_in() -> None:
    fired = (
        Fired(stage="owner", what="reminder", level=1, at=at(100)),
        Fired(stage="finance", what="escalation", level=2, at=at(300)),
    )

    assert slots_of(facts(escalating(), fired=fired))[0].groups == ("pricing",)


def test_a_delegation_holds_between_the_two_whom_it_names() -> None:
    """Ann is a delegate, and lea has one, but ann is not lea's: she speaks for fay alone."""
    asked = plan(stage("both", slot("finance", "finance"), slot("legal", "legal")))
    to_zoe = Deputy(delegation="DL-2", delegator="lea", delegate="zoe", groups=frozenset({"legal"}))
    to_all = Deputy(delegation="DL-3", delegator="fay", delegate="ann", groups=frozenset({"finance", "legal"}))
    groups = people(fay="finance", lea="legal", ann="pricing", zoe="sales", tom="sales")
    found = facts(asked, groups=groups, deputies=(to_zoe, to_all))

    assert slot_for(found, "ann", represents="fay") == Seat(stage="both", represents="fay")
    assert slot_for(found, "zoe", represents="lea") == Seat(stage="both", represents="lea")
    assert refusal(found, "ann", represents="lea") == "not_eligible"
    assert refusal(found, "zoe", represents="fay") == "not_eligible"
    assert refusal(found, "tom", represents="lea") == "not_eligible"
    assert [(one.candidates, one.deputies) for one in slots_of(found)] == [
        (("fay",), {"ann": "fay"}),
        (("lea",), {"zoe": "lea"}),
    ]


def test_whoever_could_decide_themselves_speaks_for_another_when_they_name_them() -> None:
    found = two(groups=people(fay="finance", gus="finance", ann="finance"))

    assert slot_for(found, "ann") == Seat(stage="finance", represents=None)
    assert slot_for(found, "ann", represents="fay") == Seat(stage="finance", represents="fay")
    assert refusal(found, "ann", represents="gus") == "not_eligible"


@pytest.mark.parametrize(
    ("holds", "counts"),
    [
        ("pricing", False),
        ("pricing sales", False),
        ("sales", True),
        ("pricing finance", True),
        ("pricing finance sales", True),
    ],
)
def test_a_loan_never_joins_groups_that_are_apart(holds: str, counts: bool) -> None:
    """Whoever holds both already gains nothing by the loan; whoever holds one would get the other by it (R-7.4)."""
    asked = plan(stage("finance", slot("one", "finance"))).model_copy(update={"apart": (("pricing", "finance"),)})
    found = facts(asked, [delegated()], groups=people(fay="finance", ann=holds), deputies=LENT)

    assert gate(found).counted == (("ann for fay",) if counts else ())


def test_groups_that_are_apart_are_each_lent_to_people_who_have_nothing_of_the_other() -> None:
    """Fay's finance reaches zoe; ann holds pricing, so she gets of fay's groups only the one that is not apart."""
    asked = plan(stage("all", slot("finance", "finance"), slot("legal", "legal")))
    apart = asked.model_copy(update={"apart": (("finance", "pricing"),)})
    lent = [
        Deputy(delegation=f"to {who}", delegator="fay", delegate=who, groups=frozenset({"finance", "legal"}))
        for who in ("ann", "zoe")
    ]
    groups = people(fay="finance legal", ann="pricing", zoe="sales")

    finance, legal = slots_of(facts(apart, groups=groups, deputies=tuple(lent)))

    assert finance.deputies == {"zoe": "fay"}
    assert legal.deputies == {"ann": "fay", "zoe": "fay"}


def test_who_approved_in_two_ways_brings_the_groups_of_both() -> None:
    asked = plan(stage("finance", slot("one", "pricing")))
    found = two([approval("ann", "finance"), delegated()]).model_copy(update={"plan": asked})

    assert assign(found, found.decisions) == {("finance", "one"): "ann"}


def test_a_missing_slot_is_helped_by_whoever_lets_two_others_move_up() -> None:
    """Bob could move from the first slot to the missing one and cem to bob's; then somebody of legal fills cem's."""
    asked = plan(
        stage("all", slot("first", "finance", "pricing"), slot("second", "pricing", "legal"), slot("third", "finance"))
    )
    groups = people(bob="finance", cem="pricing", lea="legal", sam="sales")
    found = facts(asked, [approval("bob", "all"), approval("cem", "all")], groups=groups)

    assert slots_of(found) == (
        SlotStanding(slot="first", groups=("finance", "pricing"), person="bob", candidates=()),
        SlotStanding(slot="second", groups=("pricing", "legal"), person="cem", candidates=()),
        SlotStanding(
            slot="third",
            groups=("finance",),
            helped_by=frozenset({"finance", "pricing", "legal"}),
            person=None,
            candidates=("lea",),
        ),
    )
    assert slot_for(found, "lea") == Seat(stage="all")
    after = gate(found.model_copy(update={"decisions": (*found.decisions, approval("lea", "all"))}))
    assert [one.person for one in after.stages[0].slots] == ["cem", "lea", "bob"]


@pytest.mark.parametrize(("count", "more"), [(49, False), (50, False), (51, True), (52, True)])
def test_a_slot_lists_fifty_and_says_whether_there_are_more(count: int, more: bool) -> None:
    crowd = {f"p{number:02}": frozenset({"finance"}) for number in range(count)}
    listed = slots_of(facts(plan(stage("finance", slot("one", "finance"))), groups=crowd))[0]

    assert (listed.candidates, listed.more) == (tuple(crowd)[:50], more)


def test_who_has_passed_it_on_is_no_candidate_and_nobody_speaks_for_them() -> None:
    handed = slots_of(two(handed_on={"finance": frozenset({"fay"})}))
    elsewhere = slots_of(two(handed_on={"another": frozenset({"fay"})}))

    assert [(one.candidates, one.deputies) for one in handed] == [(("gus",), {})] * 2
    assert [(one.candidates, one.deputies) for one in elsewhere] == [(("fay", "gus"), {"ann": "fay"})] * 2


def test_only_delegates_with_a_voice_in_a_slot_are_its_deputies() -> None:
    nothing_here = LENT[0].model_copy(update={"groups": frozenset({"legal"})})

    assert slots_of(two(deputies=(nothing_here,)))[0].deputies == {}
    assert slots_of(two())[0].deputies == {"ann": "fay"}


@pytest.mark.parametrize("spoken", ["fay", "ann"])
def test_nobody_who_has_spoken_is_a_deputy_or_is_represented(spoken: str) -> None:
    groups = people(fay="finance", gus="finance", ann="finance")

    missing = slots_of(two([approval(spoken, "finance")], groups=groups))[1]

    assert (missing.deputies, missing.candidates) == ({}, tuple(sorted({"ann", "fay", "gus"} - {spoken})))


@pytest.mark.parametrize("barred", ["fay", "ann"])
def test_nobody_who_is_excluded_is_a_deputy_or_is_represented(barred: str) -> None:
    assert slots_of(two(excluded={barred: "you wrote it"}))[0].deputies == {}


def unsatisfiable(asked: Stage, **groups: str) -> bool:
    return gate(facts(plan(asked), groups=people(**groups))).blocks != ()


def test_a_plan_can_be_filled_when_the_first_slot_makes_room_for_the_second() -> None:
    """Ann is the first candidate of the wide slot and the only one of the narrow slot; bob can take the wide one."""
    asked = stage("both", slot("wide", "pricing", "finance"), slot("narrow", "pricing"))

    assert not unsatisfiable(asked, ann="pricing", bob="finance")
    assert unsatisfiable(asked, ann="pricing")
    assert unsatisfiable(asked, ann="finance", bob="finance")


@pytest.mark.parametrize("choice", [NO, Choice.REQUEST_CHANGES])
def test_a_rejection_is_for_those_who_may_sign_or_veto(choice: Choice) -> None:
    groups = {**BOARD, "vic": frozenset({"compliance"}), "sam": frozenset({"sales"})}
    asked: Plan = board(("compliance",))
    found = facts(asked, groups=groups)

    assert slot_for(found, "b1", choice) == slot_for(found, "vic", choice) == Seat(stage="board")
    assert refusal(found, "sam", choice=choice) == "not_eligible"
