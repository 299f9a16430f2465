"""The gate against a brute force that tries every way to fill the slots, and each rule of chapter 7 on its own."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval import (
    ApprovalFacts,
    Choice,
    Decision,
    Escalation,
    Fired,
    Plan,
    Slot,
    Stage,
    Verdict,
    assign,
    gate,
    slot_for,
    slot_groups,
    timers,
)
from domain.errors import Conflict, Refused

OPENED = datetime(2026, 3, 2, 9, tzinfo=UTC)
PEOPLE = ("ann", "bob", "cem", "dee")
GROUPS = ("pricing", "finance", "legal")
NAMES = ("content", "impact", "simulation")
INPUTS = {name: f"sha256:{name}" for name in NAMES}


def slot(name: str, *groups: str) -> Slot:
    return Slot(id=name, groups=groups)


def stage(name: str, *slots: Slot, inputs: tuple[str, ...] = NAMES, escalations: tuple[Escalation, ...] = ()) -> Stage:
    return Stage(
        id=name,
        title=name.capitalize(),
        slots=slots,
        inputs=inputs,
        remind_after=100,
        escalations=escalations,
        expire_after=1000,
    )


def plan(*stages: Stage) -> Plan:
    return Plan(
        tier=2, reasons=("a test",), policy="approval/standard", policy_version=1, confirm_within=900, impact_bound=0, stages=stages
    )  # fmt: skip


def approval(person: str, where: str, choice: Choice = Choice.APPROVE, revision: int = 1, **inputs: str) -> Decision:
    return Decision(
        id=f"{person}/{where}/{choice}/{revision}",
        revision=revision,
        person=person,
        stage=where,
        choice=choice,
        inputs={**INPUTS, **inputs},
        at=OPENED + timedelta(seconds=10),
    )


def facts(stages: Plan | None, decisions: Iterable[Decision] = (), **fields: object) -> ApprovalFacts:
    given_fields: dict[str, object] = {
        "revision": 1,
        "inputs": INPUTS,
        "groups": {"ann": {"pricing"}, "bob": {"finance"}, "cem": {"pricing", "finance"}},
        "opened_at": OPENED,
        **fields,
    }
    return ApprovalFacts(plan=stages, decisions=tuple(decisions), **given_fields)


TWO_STAGES = plan(stage("owner", slot("owner", "pricing")), stage("finance", slot("finance", "finance")))

STAGES = st.lists(
    st.lists(st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True), min_size=1, max_size=2),
    min_size=1,
    max_size=2,
)


@st.composite
def situations(draw: st.DrawFn) -> ApprovalFacts:
    """Any plan, any people in any groups, any decisions on any inputs, anybody excluded, any escalation fired."""
    shape = draw(STAGES)
    stages = []
    for number, slots in enumerate(shape):
        inputs = draw(st.lists(st.sampled_from(NAMES), unique=True).map(tuple))
        added = draw(st.lists(st.sampled_from(GROUPS), max_size=1))
        levels = tuple(Escalation(after=50, groups=(group,)) for group in added)
        made = [slot(f"slot-{n}", *groups) for n, groups in enumerate(slots)]
        stages.append(stage(f"stage-{number}", *made, inputs=inputs, escalations=levels))
    decisions = [
        Decision(
            id=f"decision-{number}",
            revision=draw(st.sampled_from((1, 2, 2))),
            person=draw(st.sampled_from(PEOPLE)),
            stage=draw(st.sampled_from([one.id for one in stages])),
            choice=draw(st.sampled_from((Choice.APPROVE, Choice.APPROVE, Choice.APPROVE, Choice.REJECT))),
            inputs={**INPUTS, **draw(st.dictionaries(st.sampled_from(NAMES), st.just("sha256:old"), max_size=1))},
            at=OPENED + timedelta(seconds=number),
        )
        for number in range(draw(st.integers(0, 6)))
    ]
    held = {person: draw(st.frozensets(st.sampled_from(GROUPS))) for person in PEOPLE}
    return ApprovalFacts(
        revision=2,
        plan=plan(*stages),
        inputs=draw(st.sampled_from((INPUTS, {"content": INPUTS["content"]}))),
        decisions=tuple(decisions),
        groups={person: groups for person, groups in held.items() if groups},
        excluded=dict.fromkeys(draw(st.lists(st.sampled_from(PEOPLE), max_size=1)), "excluded"),
        fired=tuple(
            Fired(stage=one.id, what="escalation", level=1, at=OPENED) for one in stages if draw(st.booleans())
        ),
        opened_at=OPENED,
    )


def counts(found: ApprovalFacts, decision: Decision) -> bool:
    """Whether a decision counts, written down as the requirements say it."""
    assert found.plan is not None
    where = next((one for one in found.plan.stages if one.id == decision.stage), None)
    if where is None or decision.person in found.excluded:
        return False
    if any(name not in found.inputs or decision.inputs.get(name) != found.inputs[name] for name in where.inputs):
        return False
    if decision.choice is not Choice.APPROVE and decision.revision != found.revision:
        return False
    allowed = {group for one in where.slots for group in slot_groups(where, one, found.fired)}
    return bool(found.groups.get(decision.person, frozenset()) & allowed)


def most_slots(found: ApprovalFacts) -> int:
    """The greatest number of slots that distinct persons can fill, by trying every way."""
    assert found.plan is not None
    said = {(d.person, d.stage) for d in found.decisions if d.choice is Choice.APPROVE and counts(found, d)}
    slots = [(one, part) for one in found.plan.stages for part in one.slots]

    def fits(person: str | None, where: Stage, part: Slot) -> bool:
        allowed = set(slot_groups(where, part, found.fired))
        return person is not None and (person, where.id) in said and bool(found.groups[person] & allowed)

    seats = [*PEOPLE, *[None] * len(slots)]
    return max(
        sum(fits(person, where, part) for person, (where, part) in zip(chosen, slots, strict=True))
        for chosen in set(permutations(seats, len(slots)))
    )


@given(situations())
def test_the_verdict_is_what_brute_force_says(found: ApprovalFacts) -> None:
    assert found.plan is not None
    standing = gate(found)
    slots = sum(len(one.slots) for one in found.plan.stages)
    rejected = any(d.choice is not Choice.APPROVE and counts(found, d) for d in found.decisions)

    expected = Verdict.REJECTED if rejected else Verdict.GRANTED if most_slots(found) == slots else Verdict.WAITING
    assert standing.verdict is expected
    assert set(standing.counted) == {d.id for d in found.decisions if counts(found, d)}
    assert set(standing.withdrawn) == {d.id for d in found.decisions} - set(standing.counted)


@given(situations())
def test_the_matching_is_maximal_and_of_distinct_persons(found: ApprovalFacts) -> None:
    valid = [d for d in found.decisions if d.choice is Choice.APPROVE and counts(found, d)]

    filled = assign(found, valid)

    assert len(set(filled.values())) == len(filled) == most_slots(found)
    assert all((person, where) in {(d.person, d.stage) for d in valid} for (where, _), person in filled.items())


@given(situations())
def test_nobody_excluded_ever_fills_a_slot_or_is_a_candidate(found: ApprovalFacts) -> None:
    people = {
        person
        for one in gate(found).stages
        for part in one.slots
        for person in (part.person, *part.candidates)
        if person
    }

    assert not people & set(found.excluded)


@given(situations())
def test_escalation_only_adds_people(found: ApprovalFacts) -> None:
    """It never removes a stage, a slot, a group or a decision that counts, and approves nothing by itself (R-7.5)."""
    assert found.plan is not None
    before = gate(found.model_copy(update={"fired": ()}))
    all_fired = tuple(Fired(stage=one.id, what="escalation", level=1, at=OPENED) for one in found.plan.stages)
    after = gate(found.model_copy(update={"fired": all_fired}))

    assert [one.id for one in after.stages] == [one.id for one in before.stages]
    assert set(before.counted) <= set(after.counted)
    for old, new in zip(before.stages, after.stages, strict=True):
        assert [part.slot for part in old.slots] == [part.slot for part in new.slots]
        for was, now in zip(old.slots, new.slots, strict=True):
            assert set(was.groups) <= set(now.groups)
    untouched = found.model_copy(update={"decisions": (), "fired": all_fired})
    assert gate(untouched).verdict is Verdict.WAITING


def test_one_person_never_fills_two_slots_whatever_is_recorded() -> None:
    twice = plan(stage("owner", slot("a", "pricing"), slot("b", "pricing")))
    decisions = [approval("ann", "owner").model_copy(update={"id": f"d{n}"}) for n in range(3)]

    standing = gate(facts(twice, decisions))

    assert standing.verdict is Verdict.WAITING
    assert [part.person for part in standing.stages[0].slots] == ["ann", None]
    assert standing.stages[0].slots[1].candidates == ("cem",)


def test_a_person_of_two_groups_is_moved_to_the_slot_that_only_they_can_fill() -> None:
    shared = plan(stage("both", slot("any", "pricing", "finance"), slot("finance", "finance")))
    groups = {"ann": {"pricing", "finance"}, "bob": {"pricing"}}

    standing = gate(facts(shared, [approval("ann", "both"), approval("bob", "both")], groups=groups))

    assert standing.verdict is Verdict.GRANTED
    assert {part.slot: part.person for part in standing.stages[0].slots} == {"any": "bob", "finance": "ann"}


@given(
    st.lists(st.lists(st.sampled_from(GROUPS), min_size=1, max_size=2, unique=True), min_size=2, max_size=4),
    st.fixed_dictionaries({person: st.frozensets(st.sampled_from(GROUPS), min_size=1) for person in PEOPLE}),
)
def test_when_everybody_approves_as_many_slots_are_filled_as_can_be(
    slots: list[list[str]], groups: dict[str, frozenset[str]]
) -> None:
    shared = plan(stage("all", *(slot(f"slot-{number}", *wanted) for number, wanted in enumerate(slots))))
    found = facts(shared, [approval(person, "all") for person in PEOPLE], groups=groups)

    assert len(assign(found, found.decisions)) == most_slots(found)


@pytest.mark.parametrize("moved", NAMES)
def test_a_moved_input_voids_exactly_the_stages_that_name_it(moved: str) -> None:
    found = plan(
        stage("owner", slot("owner", "pricing"), inputs=("content", "impact")),
        stage("finance", slot("finance", "finance"), inputs=("content", "simulation")),
    )
    decisions = [approval("ann", "owner"), approval("bob", "finance")]

    standing = gate(facts(found, decisions, inputs={**INPUTS, moved: "sha256:new"}))

    named = {"content": {"owner", "finance"}, "impact": {"owner"}, "simulation": {"finance"}}[moved]
    assert {d.stage for d in decisions if d.id in standing.withdrawn} == named
    assert all(why == f"{moved} moved since" for why in standing.withdrawn.values())
    assert standing.verdict is Verdict.WAITING


def test_without_a_plan_nothing_is_granted() -> None:
    standing = gate(facts(None, [approval("ann", "owner")], blocks=("frozen:x",)))

    assert standing.verdict is Verdict.CLOSED
    assert standing.blocks == ("no_plan", "frozen:x")


@pytest.mark.parametrize("missing", NAMES)
def test_a_missing_input_closes_the_gate(missing: str) -> None:
    """Also when the decision does not have it either: two unknowns are not the same known thing."""
    known = {name: value for name, value in INPUTS.items() if name != missing}
    decisions = [d.model_copy(update={"inputs": known}) for d in (approval("ann", "owner"), approval("bob", "finance"))]

    assert gate(facts(TWO_STAGES, decisions, inputs=known)).verdict is Verdict.WAITING


def test_a_decision_of_a_stage_that_is_not_in_the_plan_does_not_count() -> None:
    standing = gate(facts(TWO_STAGES, [approval("ann", "board")]))

    assert standing.withdrawn == {"ann/board/approve/1": "its stage is not part of the plan"}


def test_leaving_the_group_voids_the_approval() -> None:
    decisions = [approval("ann", "owner"), approval("bob", "finance")]
    assert gate(facts(TWO_STAGES, decisions)).verdict is Verdict.GRANTED

    left = gate(facts(TWO_STAGES, decisions, groups={"ann": {"sales"}, "bob": {"finance"}}))

    assert left.verdict is Verdict.WAITING
    assert list(left.withdrawn.values()) == ["the person no longer holds a group of this stage"]


def test_an_approval_carries_over_to_a_later_revision_and_a_rejection_does_not() -> None:
    earlier = [approval("ann", "owner"), approval("bob", "finance", Choice.REJECT)]

    standing = gate(facts(TWO_STAGES, earlier, revision=2))

    assert standing.counted == ("ann/owner/approve/1",)
    assert standing.verdict is Verdict.WAITING


def test_a_stage_that_nobody_can_fill_blocks() -> None:
    standing = gate(facts(TWO_STAGES, groups={"ann": {"pricing"}}))

    assert standing.blocks == ("unsatisfiable:finance",)


def test_blocks_are_handed_on_even_when_everybody_has_approved() -> None:
    decisions = [approval("ann", "owner"), approval("bob", "finance")]

    standing = gate(facts(TWO_STAGES, decisions, blocks=("frozen:x", "moved:y")))

    assert standing.verdict is Verdict.GRANTED
    assert standing.blocks == ("frozen:x", "moved:y")


def refusal(found: ApprovalFacts, person: str) -> str:
    with pytest.raises((Refused, Conflict)) as caught:
        slot_for(found, person)
    return caught.value.code


def test_who_may_decide_in_the_open_stage() -> None:
    assert slot_for(facts(TWO_STAGES), "ann").stage == "owner"
    assert slot_for(facts(TWO_STAGES, [approval("ann", "owner")]), "bob").stage == "finance"
    assert refusal(facts(TWO_STAGES), "bob") == "not_eligible"
    assert refusal(facts(TWO_STAGES), "nobody") == "not_eligible"
    assert refusal(facts(TWO_STAGES, excluded={"ann": "you wrote it"}), "ann") == "excluded"
    assert refusal(facts(TWO_STAGES, [approval("cem", "owner")]), "cem") == "already_decided"
    assert refusal(facts(TWO_STAGES, [approval("ann", "owner", Choice.REJECT)]), "bob") == "nothing_to_decide"
    everybody = [approval("ann", "owner"), approval("bob", "finance")]
    assert refusal(facts(TWO_STAGES, everybody), "cem") == "nothing_to_decide"
    assert refusal(facts(None), "ann") == "nothing_to_decide"


def escalating() -> Plan:
    levels = (Escalation(after=200, groups=("legal",)), Escalation(after=300, groups=("finance",)))
    return plan(
        stage("owner", slot("owner", "pricing"), escalations=levels), stage("finance", slot("finance", "finance"))
    )


def test_timers_come_in_order_and_each_fires_once() -> None:
    found = facts(escalating())
    seen: list[tuple[str, int, float]] = []
    while ahead := timers(found):
        first = ahead[0]
        assert [timer.at for timer in ahead] == sorted(timer.at for timer in ahead)
        seen.append((first.what, first.level, (first.at - OPENED).total_seconds()))
        fired = Fired(stage=first.stage, what=first.what, level=first.level, at=first.at)
        found = found.model_copy(update={"fired": (*found.fired, fired)})

    assert seen == [("reminder", 1, 100), ("escalation", 1, 200), ("escalation", 2, 300), ("expiry", 1, 1000)]


def test_escalation_lets_others_in_and_only_at_its_level() -> None:
    first = (Fired(stage="owner", what="escalation", level=1, at=OPENED),)
    groups = {"lea": {"legal"}, "bob": {"finance"}}

    assert slot_for(facts(escalating(), groups=groups, fired=first), "lea").stage == "owner"
    assert refusal(facts(escalating(), groups=groups, fired=first), "bob") == "not_eligible"
    assert refusal(facts(escalating(), groups=groups), "lea") == "not_eligible"


def test_the_timers_of_the_second_stage_begin_when_the_first_was_complete() -> None:
    ahead = timers(facts(escalating(), [approval("ann", "owner")]))

    assert {timer.stage for timer in ahead} == {"finance"}
    assert ahead[0].at == OPENED + timedelta(seconds=110)


@pytest.mark.parametrize(
    "found",
    [
        facts(None),
        facts(TWO_STAGES, [approval("ann", "owner"), approval("bob", "finance")]),
        facts(TWO_STAGES, [approval("ann", "owner", Choice.REJECT)]),
        facts(TWO_STAGES, opened_at=None),
    ],
    ids=["no plan", "granted", "rejected", "not asked"],
)
def test_time_does_nothing_where_nothing_waits(found: ApprovalFacts) -> None:
    assert timers(found) == ()


def test_the_gate_does_not_depend_on_the_order_of_decisions() -> None:
    shared = plan(stage("both", slot("any", "pricing", "finance"), slot("finance", "finance")))
    pair = [approval("ann", "both"), approval("cem", "both")]

    assert gate(facts(shared, pair)).stages == gate(facts(shared, pair[::-1])).stages


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_one_veto_is_enough(choice: Choice) -> None:
    assert gate(facts(TWO_STAGES, [approval("ann", "owner", choice)])).verdict is Verdict.REJECTED
