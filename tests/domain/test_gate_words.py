"""What the gate tells people: the exact reason of a refusal or of a void decision, and the stage that it names."""

import pytest

from domain.approval import ApprovalFacts, Choice, Deputy, Verdict, gate, slot_for
from domain.errors import Conflict, MandateError, NotFound, Refused
from tests.domain.test_approval_rules import BOARD, FOUR, LENT, NO, beside, board, delegated, people, two
from tests.domain.test_gate import INPUTS, TWO_STAGES, approval, facts

YES = Choice.APPROVE
Answer = tuple[type[MandateError], str, str, dict[str, object]]


def answer(found: ApprovalFacts, person: str, **asked: str) -> Answer:
    """The whole of a refusal: its class, code, sentence and facts."""
    with pytest.raises(MandateError) as caught:
        slot_for(found, person, **asked)  # type: ignore[arg-type]
    return type(caught.value), caught.value.code, caught.value.detail, dict(caught.value.facts)


def test_who_is_excluded_is_told_why_and_in_which_stage() -> None:
    found = facts(beside(), [approval("fay", "finance")], groups=FOUR, excluded={"lea": "you wrote it"})

    assert answer(found, "lea") == (Refused, "excluded", "You may not decide here: you wrote it.", {"stage": "legal"})


def test_who_has_spoken_is_told_so_of_the_stage_that_is_open_now() -> None:
    found = facts(beside(), [approval("fay", "finance")], groups=FOUR)

    told = (Refused, "already_decided", "You have already decided on this revision.", {"stage": "legal"})
    assert answer(found, "fay") == told


def test_a_delegate_is_told_what_stands_against_the_one_whom_they_represent() -> None:
    reason = "Of the person whom you represent: fay requested it."
    spoken = "The person whom you represent has already decided on this revision."

    excluded = answer(two(excluded={"fay": "fay requested it"}), "ann")
    decided = answer(two([approval("fay", "finance")]), "ann")

    assert excluded == (Refused, "excluded", reason, {"stage": "finance"})
    assert decided == (Refused, "already_decided", spoken, {"stage": "finance"})


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (facts(None), Verdict.CLOSED),
        (facts(TWO_STAGES, [approval("ann", "owner"), approval("bob", "finance")]), Verdict.GRANTED),
        (facts(TWO_STAGES, [approval("ann", "owner", NO)]), Verdict.REJECTED),
    ],
    ids=["no plan", "granted", "rejected"],
)
def test_where_nothing_is_open_it_is_told_how_the_approval_stands(found: ApprovalFacts, verdict: Verdict) -> None:
    told = (Conflict, "nothing_to_decide", "No approval stage is open.", {"verdict": verdict})

    assert answer(found, "cem") == told


def test_a_stage_that_is_unknown_or_not_open_is_named() -> None:
    found = facts(beside(), groups=FOUR)
    unknown = (NotFound, "unknown_stage", "The plan has no stage 'another'.", {"stage": "another"})
    later = (Conflict, "stage_not_open", "The stage director cannot be decided in now.", {"stage": "director"})

    assert answer(found, "dan", stage="another") == unknown
    assert answer(found, "dan", stage="director") == later


def test_every_input_that_moved_is_named() -> None:
    moved = {**INPUTS, "content": "sha256:new", "impact": "sha256:new"}

    standing = gate(facts(TWO_STAGES, [approval("ann", "owner")], inputs=moved))

    assert standing.withdrawn == {"ann/owner/approve/1": "content, impact moved since"}


def test_a_rejection_of_an_earlier_revision_is_void_for_that_reason() -> None:
    standing = gate(facts(TWO_STAGES, [approval("ann", "owner", NO)], revision=2))

    assert standing.withdrawn == {"ann/owner/reject/1": "it was said about an earlier revision"}


def test_who_can_only_veto_gives_no_approval() -> None:
    groups = {**BOARD, "vic": frozenset({"compliance"})}

    standing = gate(facts(board(("compliance",)), [approval("vic", "board", YES)], groups=groups))

    assert standing.counted == ()
    assert standing.withdrawn == {"vic/board/approve/1": "the person no longer holds a group of this stage"}


DOUBLED = "one of the two people has a voice already"
MORE = people(fay="finance", gus="finance", hal="finance", zoe="finance", ann="pricing", eva="pricing")


def lent(delegator: str, delegate: str) -> Deputy:
    groups = frozenset({"finance"})
    return Deputy(delegation=f"{delegator} to {delegate}", delegator=delegator, delegate=delegate, groups=groups)


def test_a_delegate_of_two_speaks_for_the_first_only_whoever_spoke_between() -> None:
    """Neither a word in somebody's own right nor that of another delegate makes the second one count (I5)."""
    deputies = (*LENT, lent("gus", "ann"), lent("hal", "eva"))
    first, second = delegated(represents="fay"), delegated(represents="gus")
    own, between = approval("zoe", "finance"), delegated("eva", "hal")
    spoken = [own, first, between, second]
    in_order = [d.model_copy(update={"at": d.at.replace(second=n)}) for n, d in enumerate(spoken)]

    for said in ([first, second], in_order, in_order[::-1]):
        standing = gate(two(said, groups=MORE, deputies=deputies))
        assert standing.withdrawn == {"ann for gus": DOUBLED}
        assert set(standing.counted) == {d.id for d in said} - {"ann for gus"}


def test_who_spoke_themselves_is_not_represented_as_well() -> None:
    standing = gate(two([delegated(), approval("fay", "finance")]))

    assert standing.withdrawn == {"ann for fay": DOUBLED}
    assert standing.counted == ("fay/finance/approve/1",)
