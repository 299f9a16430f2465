"""Approval as arithmetic over facts: the one gate, who may decide in which stage, and what time does (D2, D3).

The gate is pure. The page shows it, `decide` closes a stage by it, and the release calls it again inside its own
transaction over facts read under lock. What is not known closes it. Its words are in `approval_plan.py`, how slots are
filled is in `approval_matching.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime

from domain.approval_matching import (
    Seats,
    assign,
    overlapping,
    slot_groups,
    slot_standing,
    stage_groups,
    unfillable,
    voice,
)
from domain.approval_plan import (
    GOVERNANCE_BOARD,
    ApprovalFacts,
    Choice,
    Decision,
    Deputy,
    Escalation,
    Fired,
    Plan,
    Slot,
    SlotStanding,
    Stage,
    StageStanding,
    Standing,
    Timer,
    Verdict,
    root_digest,
)
from domain.approval_timers import timers_of
from domain.errors import Conflict, NotFound, Refused
from domain.model import Model

BULK_TIER = 1
"""The highest tier that is decided without opening each subject (R-7.10)."""

__all__ = [
    "BULK_TIER",
    "GOVERNANCE_BOARD",
    "ApprovalFacts",
    "Choice",
    "Decision",
    "Deputy",
    "Escalation",
    "Fired",
    "Plan",
    "Seat",
    "Slot",
    "SlotStanding",
    "Stage",
    "StageStanding",
    "Standing",
    "Timer",
    "Verdict",
    "assign",
    "gate",
    "rejection",
    "root_digest",
    "slot_for",
    "slot_groups",
    "timers",
]


def gate(facts: ApprovalFacts) -> Standing:
    """Whether the approval is granted, what is missing, who can fill it, and what blocks the effect (R-7.2, R-7.7)."""
    if facts.plan is None:
        return Standing(verdict=Verdict.CLOSED, stages=(), blocks=("no_plan", *facts.blocks), counted=(), withdrawn={})
    withdrawn = {d.id: why for d in facts.decisions if (why := _void(d, facts)) is not None}
    doubled = overlapping([d for d in facts.decisions if d.id not in withdrawn])
    withdrawn |= dict.fromkeys(doubled, "one of the two people has a voice already")
    valid = [d for d in facts.decisions if d.id not in withdrawn]
    stages = _standings(facts, facts.plan, valid)
    stuck = unfillable([(stage.id, stage.slots) for stage in stages])
    verdict = _verdict(facts, valid, stages, stuck)
    unfinished = _unfinished(facts, valid) if verdict is Verdict.GRANTED else ()
    return Standing(
        verdict=verdict,
        stages=stages,
        blocks=(*(f"unsatisfiable:{stage.id}" for stage in stages if stage.id in stuck), *unfinished, *facts.blocks),
        counted=tuple(d.id for d in valid),
        withdrawn=withdrawn,
        carried={d.id: _carried(facts.plan, d) for d in valid if d.revision != facts.revision},
    )


def _void(decision: Decision, facts: ApprovalFacts) -> str | None:
    """Why a decision does not count now; None if it counts (R-4.4, R-7.3, R-7.6)."""
    stage = facts.plan.stage(decision.stage) if facts.plan else None
    if stage is None:
        return "its stage is not part of the plan"
    if decision.recalled:
        return "the person took it back"
    moved = [
        name for name in stage.inputs if decision.inputs.get(name) != facts.inputs.get(name) or name not in facts.inputs
    ]
    if moved:
        return f"{', '.join(moved)} moved since"
    if decision.choice is not Choice.APPROVE and decision.revision != facts.revision:
        return "it was said about an earlier revision"
    if barred := sorted(decision.persons & facts.excluded.keys()):
        return facts.excluded[barred[0]]
    if not voice(facts, stage, decision.person, decision.represents) & _heard(facts, stage, decision.choice):
        return _lost(decision)
    return None


def _heard(facts: ApprovalFacts, stage: Stage, choice: Choice) -> frozenset[str]:
    """The groups whose voice counts in a stage; a veto can be cast by people who cannot sign."""
    signing = stage_groups(stage, facts.fired)
    return signing if choice is Choice.APPROVE else signing | frozenset(stage.veto or ())


def _lost(decision: Decision) -> str:
    if decision.represents is None:
        return "the person no longer holds a group of this stage"
    return "the delegation no longer holds, or who gave it no longer holds a group of this stage"


def _carried(plan: Plan, decision: Decision) -> str:
    stage = plan.stage(decision.stage)
    assert stage is not None
    return f"said on revision {decision.revision}; none of {', '.join(stage.inputs)} moved since"


def _unfinished(facts: ApprovalFacts, valid: Sequence[Decision]) -> tuple[str, ...]:
    """What a board leaves behind before its approval takes effect: minutes that cover its votes, and the owner's word.

    The owner accepts by name what risk remains (R-3.4, R-4.8).
    """
    board = facts.plan.board if facts.plan else None
    if board is None:
        return ()
    voted = max(decision.revision for decision in valid if decision.stage == board.id)
    minutes = () if any(about >= voted for about in facts.minutes) else (f"minutes:{board.id}",)
    return minutes if facts.risk_accepted else (*minutes, "residual_risk")


def _verdict(
    facts: ApprovalFacts, valid: Sequence[Decision], stages: Sequence[StageStanding], stuck: frozenset[str]
) -> Verdict:
    against = [d for d in valid if d.choice is not Choice.APPROVE]
    if any(_is_veto(facts, d) or d.stage in stuck for d in against):
        return Verdict.REJECTED
    return Verdict.GRANTED if all(stage.complete for stage in stages) else Verdict.WAITING


def _is_veto(facts: ApprovalFacts, decision: Decision) -> bool:
    stage = facts.plan.stage(decision.stage) if facts.plan else None
    if stage is None or stage.veto is None:
        return True
    return bool(voice(facts, stage, decision.person, decision.represents) & frozenset(stage.veto))


def _standings(facts: ApprovalFacts, plan: Plan, valid: Sequence[Decision]) -> tuple[StageStanding, ...]:
    approvals = [d for d in valid if d.choice is Choice.APPROVE]
    seats = Seats.of(facts, plan, approvals)
    filled = seats.fill()
    used = {person: None for d in valid for person in d.persons} | {d.person: d.represents for d in valid}
    ended: dict[str, datetime | None] = {}
    result: list[StageStanding] = []
    for stage in plan.stages:
        slots = tuple(slot_standing(seats, stage, slot, filled, used) for slot in stage.slots)
        complete = all(slot.person for slot in slots)
        ready = all(before in ended for before in plan.before(stage))
        opened = _opened(facts, [ended[before] for before in plan.before(stage)]) if ready else None
        if complete:
            ended[stage.id] = _ended(opened, [d.at for d in approvals if d.stage == stage.id])
        result.append(
            StageStanding(
                id=stage.id,
                title=stage.title,
                slots=slots,
                complete=complete,
                open=ready and not complete,
                opened_at=opened,
            )
        )
    return tuple(result)


def _opened(facts: ApprovalFacts, ended: Sequence[datetime | None]) -> datetime | None:
    """When a stage opened: when the last of those before it was complete, or when the approval was asked."""
    known = [at for at in (facts.opened_at, *ended) if at is not None]
    return max(known) if len(known) == len(ended) + 1 else None


def _ended(opened: datetime | None, decided: Sequence[datetime]) -> datetime | None:
    return None if opened is None else max((opened, *decided))


class Seat(Model):
    """Where and for whom somebody decides now: the stage, and the person represented if a delegation is used."""

    stage: str
    represents: str | None = None


def slot_for(
    facts: ApprovalFacts,
    person: str,
    choice: Choice = Choice.APPROVE,
    stage: str | None = None,
    represents: str | None = None,
) -> Seat:
    """Where a person decides now: the first open stage or the one named, in their own right if they can (R-7.3).

    Raises Refused with the reason ("excluded", "not_eligible", "already_decided", "handed_on"),
    NotFound("unknown_stage"), Conflict("nothing_to_decide", "stage_not_open").
    """
    standing = gate(facts)
    offered = _offered(facts, standing, stage)
    first = offered[0].id
    if reason := facts.excluded.get(person):
        raise Refused("excluded", f"You may not decide here: {reason}.", stage=first)
    if _spoken(facts, standing, person):
        raise Refused("already_decided", "You have already decided on this revision.", stage=first)
    found = list(_seats(facts, offered, person, choice, represents))
    for seat in found:
        if seat.represents is None or not _unfit(facts, standing, seat):
            return seat
    raise (found and _unfit(facts, standing, found[0])) or _not_eligible(facts, offered, person)


def _unfit(facts: ApprovalFacts, standing: Standing, seat: Seat) -> Refused | None:
    """Why the one represented gives no voice: the rules hold for both (R-7.4)."""
    assert seat.represents is not None
    if reason := facts.excluded.get(seat.represents):
        return Refused("excluded", f"Of the person whom you represent: {reason}.", stage=seat.stage)
    if _spoken(facts, standing, seat.represents):
        return Refused(
            "already_decided", "The person whom you represent has already decided on this revision.", stage=seat.stage
        )
    return None


def _offered(facts: ApprovalFacts, standing: Standing, stage: str | None) -> Sequence[StageStanding]:
    if facts.plan is None or standing.verdict is not Verdict.WAITING or not standing.open_stages:
        raise Conflict("nothing_to_decide", "No approval stage is open.", verdict=standing.verdict)
    if stage is None:
        return standing.open_stages
    if facts.plan.stage(stage) is None:
        raise NotFound("unknown_stage", f"The plan has no stage {stage!r}.", stage=stage)
    named = [one for one in standing.open_stages if one.id == stage]
    if not named:
        raise Conflict("stage_not_open", f"The stage {stage} cannot be decided in now.", stage=stage)
    return named


def _spoken(facts: ApprovalFacts, standing: Standing, person: str) -> bool:
    counted = set(standing.counted)
    return any(person in d.persons and d.id in counted for d in facts.decisions)


def _seats(
    facts: ApprovalFacts, offered: Sequence[StageStanding], person: str, choice: Choice, represents: str | None
) -> Iterator[Seat]:
    """The ways in which a person can speak, best first: by own right in every offered stage, then as a delegate."""
    lenders = sorted({d.delegator for d in facts.deputies if d.delegate == person})
    ways: list[str | None] = [represents] if represents else [None, *lenders]
    for way in ways:
        for standing in offered:
            if _fits(facts, standing, person, choice, way):
                yield Seat(stage=standing.id, represents=way)


def _fits(facts: ApprovalFacts, standing: StageStanding, person: str, choice: Choice, represents: str | None) -> bool:
    stage = facts.plan.stage(standing.id) if facts.plan else None
    if stage is None:
        return False
    brings = voice(facts, stage, person, represents)
    if choice is not Choice.APPROVE:
        return bool(brings & _heard(facts, stage, choice))
    return any(brings & slot.helped_by for slot in standing.slots if slot.person is None)


def _not_eligible(facts: ApprovalFacts, offered: Sequence[StageStanding], person: str) -> Refused:
    if any(person in facts.handed_on.get(stage.id, ()) for stage in offered):
        return Refused("handed_on", "You have passed this decision on to a colleague.", stage=offered[0].id)
    needed = sorted({group for stage in offered for slot in stage.slots for group in slot.groups})
    return Refused("not_eligible", f"This stage is decided by {', '.join(needed)}.", stage=offered[0].id, groups=needed)


def timers(facts: ApprovalFacts) -> tuple[Timer, ...]:
    """What time will do to the open stages, soonest first; each fires once (R-7.5). Empty when nothing waits."""
    return timers_of(facts, gate(facts))


def rejection(facts: ApprovalFacts, counted: Sequence[str]) -> Choice:
    """What a rejected approval amounts to: a rejection if anybody said so, else a request for changes."""
    said = {d.choice for d in facts.decisions if d.id in counted}
    return Choice.REJECT if Choice.REJECT in said else Choice.REQUEST_CHANGES
