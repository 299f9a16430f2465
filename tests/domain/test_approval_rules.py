"""Stages beside each other, quorum and veto, delegates, handing on, taking back: each rule of chapter 7 by example."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

import pytest

from domain.approval import (
    ApprovalFacts,
    Choice,
    Decision,
    Deputy,
    Escalation,
    Fired,
    Plan,
    Verdict,
    gate,
    rejection,
    root_digest,
    slot_for,
    timers,
)
from domain.canonical import digest
from domain.errors import MandateError
from domain.working_time import WorkingTime
from tests.domain.test_gate import INPUTS, OPENED, approval, facts, plan, slot, stage

BOARD = {f"b{number}": frozenset({"board"}) for number in range(1, 6)}


def at(seconds: int) -> datetime:
    return OPENED + timedelta(seconds=seconds)


def beside() -> Plan:
    """Finance and legal beside each other, then the director."""
    return plan(
        stage("finance", slot("finance", "finance")),
        stage("legal", slot("legal", "legal")).model_copy(update={"after": ()}),
        stage("director", slot("director", "directors")).model_copy(update={"after": ("finance", "legal")}),
    )


def people(**groups: str) -> Mapping[str, frozenset[str]]:
    return {person: frozenset(held.split()) for person, held in groups.items()}


FOUR = people(fay="finance", lea="legal", dan="directors", ann="pricing")


def refusal(found: ApprovalFacts, person: str, **asked: object) -> str:
    with pytest.raises(MandateError) as caught:
        slot_for(found, person, **asked)  # type: ignore[arg-type]
    return caught.value.code


def test_stages_beside_each_other_are_open_at_once_and_what_follows_waits_for_both() -> None:
    none = facts(beside(), groups=FOUR)
    one = facts(beside(), [approval("lea", "legal")], groups=FOUR)
    both = facts(beside(), [approval("lea", "legal"), approval("fay", "finance")], groups=FOUR)

    assert [found.id for found in gate(none).open_stages] == ["finance", "legal"]
    assert [found.id for found in gate(one).open_stages] == ["finance"]
    assert [found.id for found in gate(both).open_stages] == ["director"]
    assert slot_for(none, "lea").stage == "legal"
    assert refusal(none, "dan") == "not_eligible"
    assert refusal(none, "dan", stage="director") == "stage_not_open"
    assert refusal(none, "fay", stage="legal") == "not_eligible"
    assert refusal(none, "fay", stage="another-change") == "unknown_stage"
    assert slot_for(both, "dan").stage == "director"


def test_a_stage_opens_when_the_last_of_those_before_it_was_complete() -> None:
    late = approval("fay", "finance").model_copy(update={"at": at(500)})

    found = facts(beside(), [approval("lea", "legal"), late], groups=FOUR)

    assert gate(found).stages[2].opened_at == at(500)
    assert {timer.stage for timer in timers(found)} == {"director"}


def test_timers_of_stages_beside_each_other_run_together() -> None:
    found = facts(beside(), groups=FOUR, fired=(Fired(stage="legal", what="reminder", level=1, at=at(100)),))

    assert [(timer.stage, timer.what) for timer in timers(found)] == [
        ("finance", "reminder"),
        ("finance", "expiry"),
        ("legal", "expiry"),
    ]


def test_a_stage_that_waits_again_has_all_its_timers_again() -> None:
    fired = tuple(Fired(stage="legal", what=what, level=1, at=at(100)) for what in ("reminder", "escalation"))
    before = facts(beside(), groups=FOUR, fired=fired)

    again = before.model_copy(update={"opened_at": at(101)})

    assert [timer.what for timer in timers(before) if timer.stage == "legal"] == ["expiry"]
    assert [timer.what for timer in timers(again) if timer.stage == "legal"] == ["reminder", "expiry"]


def board(veto: tuple[str, ...] | None) -> Plan:
    slots = [slot(f"board/{number}", "board") for number in range(1, 4)]
    return plan(stage("board", *slots).model_copy(update={"veto": veto}))


def said(*votes: tuple[str, Choice]) -> list[Decision]:
    return [approval(person, "board", choice) for person, choice in votes]


YES, NO, BACK = Choice.APPROVE, Choice.REJECT, Choice.REQUEST_CHANGES


def test_a_quorum_counts_distinct_persons_and_a_single_no_does_not_end_it() -> None:
    groups = {**BOARD, "vic": frozenset({"compliance"})}
    votes = [("b1", YES), ("b2", NO), ("b3", YES)]

    waiting = facts(board(("compliance",)), said(*votes), groups=groups)

    assert gate(waiting).verdict is Verdict.WAITING
    assert gate(waiting).stages[0].slots[2].candidates == ("b4", "b5")
    assert (
        gate(waiting.model_copy(update={"decisions": (*waiting.decisions, *said(("b4", YES)))})).verdict
        is Verdict.GRANTED
    )


def test_a_quorum_that_can_no_longer_be_reached_is_a_rejection() -> None:
    votes = said(("b1", YES), ("b2", NO), ("b3", NO))
    assert gate(facts(board(()), votes, groups=BOARD)).verdict is Verdict.WAITING

    found = facts(board(()), [*votes, *said(("b4", BACK))], groups=BOARD)

    assert gate(found).verdict is Verdict.REJECTED
    assert rejection(found, gate(found).counted) is NO


@pytest.mark.parametrize(
    ("minutes", "accepted", "blocks"),
    [
        ((), False, ("minutes:board", "residual_risk")),
        ((1, 2), True, ("minutes:board",)),
        ((3,), False, ("residual_risk",)),
        ((1, 3), True, ()),
    ],
)
def test_a_board_leaves_minutes_of_its_last_vote_and_a_risk_that_the_owner_accepts(
    minutes: tuple[int, ...], accepted: bool, blocks: tuple[str, ...]
) -> None:
    meeting = stage("board", slot("board/1", "board"), slot("board/2", "board")).model_copy(update={"minutes": True})
    asked = plan(stage("finance", slot("finance", "finance")), meeting)
    votes = [approval("fay", "finance", revision=4), *(approval(f"b{n}", "board", revision=n) for n in (2, 3))]
    left = {"groups": {**BOARD, **FOUR}, "revision": 4, "minutes": minutes, "risk_accepted": accepted}

    granted = gate(facts(asked, votes, **left))

    assert (granted.verdict, granted.blocks) == (Verdict.GRANTED, blocks)
    assert gate(facts(asked, votes[:2], **left)).blocks == ()


def test_a_veto_is_cast_by_people_who_cannot_sign() -> None:
    groups = {**BOARD, "vic": frozenset({"compliance"})}
    found = facts(board(("compliance",)), said(("b1", YES)), groups=groups)

    assert refusal(found, "vic") == "not_eligible"
    assert slot_for(found, "vic", NO).stage == "board"
    vetoed = found.model_copy(update={"decisions": (*found.decisions, *said(("vic", BACK)))})
    assert gate(vetoed).verdict is Verdict.REJECTED
    assert rejection(vetoed, gate(vetoed).counted) is BACK


def test_a_veto_is_cast_for_somebody_too() -> None:
    groups = {**BOARD, "vic": frozenset({"compliance"}), "ann": frozenset({"pricing"})}
    lent = (Deputy(delegation="DL-1", delegator="vic", delegate="ann", groups=frozenset({"compliance"})),)
    no = approval("ann", "board", NO).model_copy(update={"represents": "vic"})

    assert gate(facts(board(("compliance",)), (no,), groups=groups, deputies=lent)).verdict is Verdict.REJECTED


def test_who_cannot_decide_is_told_why_and_where() -> None:
    found = facts(beside(), groups={**FOUR, "gus": frozenset({"finance"})})
    handed = found.model_copy(update={"handed_on": {"finance": frozenset({"fay"})}})
    lost = gate(facts(beside(), (delegated(),), groups=FOUR)).withdrawn

    assert told(found, "ann") == ("This stage is decided by finance, legal.", "finance", ["finance", "legal"])
    assert told(handed, "fay") == ("You have passed this decision on to a colleague.", "finance", None)
    assert list(lost.values()) == [
        "the delegation no longer holds, or who gave it no longer holds a group of this stage"
    ]


def told(found: ApprovalFacts, person: str) -> tuple[str, object, object]:
    with pytest.raises(MandateError) as caught:
        slot_for(found, person)
    return caught.value.detail, caught.value.facts["stage"], caught.value.facts.get("groups")


@pytest.mark.parametrize("count", range(6))
def test_all_of_several_groups_means_every_one_of_them(count: int) -> None:
    """Every subset of the groups that must agree: only the whole grants."""
    names = [f"group-{number}" for number in range(count + 1)]
    everybody = {f"p-{name}": frozenset({name}) for name in names}
    asked = plan(stage("all", *(slot(name, name) for name in names)))
    for subset in range(2 ** len(names)):
        chosen = [name for bit, name in enumerate(names) if subset >> bit & 1]
        found = facts(asked, [approval(f"p-{name}", "all") for name in chosen], groups=everybody)
        assert (gate(found).verdict is Verdict.GRANTED) == (len(chosen) == len(names))


LENT = (Deputy(delegation="DL-1", delegator="fay", delegate="ann", groups=frozenset({"finance"})),)


def delegated(person: str = "ann", represents: str = "fay", where: str = "finance") -> Decision:
    return approval(person, where).model_copy(update={"represents": represents, "id": f"{person} for {represents}"})


def two(decisions: Iterable[Decision] = (), **fields: object) -> ApprovalFacts:
    """A plan of two signatures of finance, with fay, gus and a delegate ann."""
    asked = plan(stage("finance", slot("one", "finance"), slot("two", "finance")))
    given = {"groups": people(fay="finance", gus="finance", ann="pricing"), "deputies": LENT, **fields}
    return facts(asked, decisions, **given)


def test_a_delegate_acts_for_somebody_and_the_record_says_for_whom() -> None:
    seat = slot_for(two(), "ann")
    standing = gate(two([delegated()]))

    assert (seat.stage, seat.represents) == ("finance", "fay")
    assert (standing.stages[0].slots[0].person, standing.stages[0].slots[0].represents) == ("ann", "fay")
    assert gate(two()).stages[0].slots[0].deputies == {"ann": "fay"}


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"excluded": {"fay": "fay requested it"}}, "excluded"),
        ({"excluded": {"ann": "ann wrote it"}}, "excluded"),
        ({"groups": people(fay="pricing", gus="finance", ann="pricing")}, "not_eligible"),
        ({"groups": people(gus="finance", ann="pricing")}, "not_eligible"),
        ({"groups": people(fay="finance", gus="finance")}, "not_eligible"),
        ({"deputies": ()}, "not_eligible"),
        ({"deputies": (LENT[0].model_copy(update={"groups": frozenset({"legal"})}),)}, "not_eligible"),
        ({"handed_on": {"finance": frozenset({"fay"})}}, "not_eligible"),
        ({"handed_on": {"finance": frozenset({"ann"})}}, "handed_on"),
        ({"decisions": [approval("fay", "finance")]}, "already_decided"),
    ],
    ids=[
        "who is represented is excluded", "who acts is excluded", "the right is lost", "who is represented left", "who acts left",
        "revoked", "lent something else", "represented has passed it on", "delegate has passed it on", "represented has decided",
    ],
)  # fmt: skip
def test_a_delegation_gives_only_what_both_may_do(fields: dict[str, object], code: str) -> None:
    assert refusal(two(**fields), "ann") == code  # type: ignore[arg-type]


def test_what_a_delegate_said_falls_with_the_delegation() -> None:
    assert gate(two([delegated()])).counted == ("ann for fay",)
    assert gate(two([delegated()], deputies=())).withdrawn.keys() == {"ann for fay"}
    assert gate(two([delegated()], excluded={"fay": "fay wrote it"})).withdrawn == {"ann for fay": "fay wrote it"}


def test_two_people_are_never_three_voices() -> None:
    """Whoever acts and whoever is represented count once between them, in whatever order they spoke."""
    lent = (*LENT, Deputy(delegation="DL-2", delegator="gus", delegate="ann", groups=frozenset({"finance"})))
    for pair in ([delegated(), approval("fay", "finance")], [approval("fay", "finance"), delegated()]):
        assert gate(two(pair, deputies=lent)).verdict is Verdict.WAITING
    twice = [delegated(), delegated(represents="gus")]
    assert gate(two(twice, deputies=lent)).verdict is Verdict.WAITING
    assert gate(two([delegated(), approval("gus", "finance")])).verdict is Verdict.GRANTED


def test_a_delegation_cannot_be_passed_on() -> None:
    chain = (*LENT, Deputy(delegation="DL-2", delegator="ann", delegate="zoe", groups=frozenset({"finance"})))
    groups = people(fay="finance", gus="finance", ann="pricing", zoe="sales")

    assert refusal(two(deputies=chain, groups=groups), "zoe") == "not_eligible"


def test_what_was_taken_back_counts_no_more_and_opens_the_slot_again() -> None:
    taken = approval("fay", "finance").model_copy(update={"recalled": True})

    standing = gate(two([taken]))

    assert list(standing.withdrawn.values()) == ["the person took it back"]
    assert slot_for(two([taken]), "fay").stage == "finance"


def test_somebody_is_let_in_who_lets_another_move_up() -> None:
    """Bob fills the slot that either group may fill; only finance is missing, which bob could fill instead."""
    shared = plan(stage("both", slot("either", "pricing", "finance"), slot("finance", "finance")))
    found = facts(shared, [approval("bob", "both")], groups=people(ann="pricing", bob="finance"))

    assert gate(found).stages[0].slots[1].candidates == ("ann",)
    assert slot_for(found, "ann").stage == "both"
    assert (
        gate(facts(shared, [approval("bob", "both"), approval("ann", "both")], groups=found.groups)).verdict
        is Verdict.GRANTED
    )


def test_two_slots_that_only_one_person_could_fill_are_unsatisfiable() -> None:
    asked = plan(stage("finance", slot("one", "finance"), slot("two", "finance")))

    assert gate(facts(asked, groups=people(fay="finance"))).blocks == ("unsatisfiable:finance",)
    assert gate(facts(asked, groups=people(fay="finance", gus="finance"))).blocks == ()
    assert gate(facts(asked, groups=people(fay="finance"), crowded=frozenset({"finance"}))).blocks == ()


def test_a_crowd_is_listed_in_part_and_everybody_of_it_may_decide() -> None:
    crowd = {f"p{number:05}": frozenset({"finance"}) for number in range(5000)}
    asked = plan(stage("finance", slot("one", "finance")))

    slot_now = gate(facts(asked, groups=crowd)).stages[0].slots[0]

    assert (len(slot_now.candidates), slot_now.more) == (50, True)
    assert slot_for(facts(asked, groups=crowd), "p04999").stage == "finance"


def test_it_says_why_an_approval_of_an_earlier_revision_still_stands() -> None:
    asked = plan(stage("finance", slot("one", "finance"), inputs=("content", "impact")))
    found = facts(
        asked,
        [approval("fay", "finance")],
        groups=people(fay="finance"),
        revision=2,
        inputs={**INPUTS, "simulation": "sha256:new"},
    )

    assert gate(found).carried == {"fay/finance/approve/1": "said on revision 1; none of content, impact moved since"}
    assert gate(found).verdict is Verdict.GRANTED


def test_a_stored_plan_of_the_first_release_is_read_as_it_was_meant() -> None:
    stored = beside().model_dump(mode="json")
    for one in stored["stages"]:
        for later in ("after", "veto", "calendar"):
            del one[later]

    found = Plan.model_validate(stored)

    assert [found.before(one) for one in found.stages] == [(), ("finance",), ("legal",)]
    assert gate(facts(found, [approval("fay", "finance", NO)], groups=FOUR)).verdict is Verdict.REJECTED


def test_escalation_fills_a_slot_of_a_quorum_only() -> None:
    levels = (Escalation(after=50, groups=("directors",)),)
    asked = plan(stage("finance", slot("one", "finance"), slot("two", "finance"), escalations=levels))
    fired = (Fired(stage="finance", what="escalation", level=1, at=at(50)),)
    groups = people(fay="finance", dan="directors")

    assert gate(facts(asked, groups=groups)).blocks == ("unsatisfiable:finance",)
    both = [approval("fay", "finance"), approval("dan", "finance")]
    assert gate(facts(asked, both, groups=groups, fired=fired)).verdict is Verdict.GRANTED
    assert gate(facts(asked, both[1:], groups=groups, fired=fired)).verdict is Verdict.WAITING


def test_what_is_signed_is_the_revision_and_every_input() -> None:
    assert root_digest(3, {"impact": "sha256:1"}) == digest({"revision": 3, "inputs": {"impact": "sha256:1"}})


def test_a_plan_names_every_group_that_it_can_ask() -> None:
    level = Escalation(after=5, groups=("directors",))
    first = stage("one", slot("one", "finance"), escalations=(level,)).model_copy(update={"veto": ("compliance",)})

    assert plan(first, stage("two", slot("two", "legal"))).groups() == {"finance", "directors", "compliance", "legal"}


def test_of_two_timers_at_once_the_one_that_ends_it_comes_first() -> None:
    asked = stage("one", slot("one", "finance")).model_copy(update={"remind_after": 1000, "expire_after": 1000})

    assert [timer.what for timer in timers(facts(plan(asked), groups=FOUR))] == ["expiry", "reminder"]


def test_timers_count_the_working_time_of_their_stage() -> None:
    week = WorkingTime(id="berlin", zone="Europe/Berlin")
    hours = {"remind_after": 3600, "expire_after": 8 * 3600, "calendar": week}
    asked = stage("one", slot("one", "finance")).model_copy(update=hours)

    assert [timer.at for timer in timers(facts(plan(asked), groups=FOUR))] == [
        week.after(OPENED, 3600),
        week.after(OPENED, 8 * 3600),
    ]
    assert week.after(OPENED, 8 * 3600) > at(8 * 3600)
