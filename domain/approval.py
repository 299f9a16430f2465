"""Approval as arithmetic over facts: plans, slots filled by distinct natural persons, and the one gate (D2, D3).

The gate is pure. The page shows it, `decide` closes a stage by it, and the release calls it again inside its own
transaction over facts read under lock. What is not known closes it.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from domain.canonical import digest
from domain.errors import Conflict, Refused
from domain.model import Model


class Verdict(StrEnum):
    """How an approval stands. Only GRANTED opens anything."""

    WAITING = "waiting"
    GRANTED = "granted"
    REJECTED = "rejected"
    CLOSED = "closed"


class Choice(StrEnum):
    """What a person can say in a slot."""

    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_CHANGES = "request_changes"


class Slot(Model):
    """One signature: any person of one of these groups."""

    id: str
    groups: Annotated[tuple[str, ...], Field(min_length=1)]


class Escalation(Model):
    """After this many seconds without a complete stage, these groups may fill its slots too: it only adds (R-7.5)."""

    after: Annotated[int, Field(gt=0)]
    groups: Annotated[tuple[str, ...], Field(min_length=1)]


class Stage(Model):
    """A stage of a plan. `inputs` names the digests that its decisions are bound to; durations are seconds."""

    id: str
    title: str
    slots: Annotated[tuple[Slot, ...], Field(min_length=1)]
    inputs: tuple[str, ...]
    remind_after: Annotated[int, Field(gt=0)]
    escalations: tuple[Escalation, ...] = ()
    expire_after: Annotated[int, Field(gt=0)]


class Plan(Model):
    """Who must agree to one revision, in this order, by which policy."""

    tier: Annotated[int, Field(ge=0, le=4)]
    reasons: tuple[str, ...]
    policy: str
    policy_version: int
    confirm_within: Annotated[int, Field(gt=0)]
    """Seconds for which a confirmation of the impact holds at the release (D4a)."""
    impact_bound: Annotated[int, Field(ge=0)]
    """Basis points by which impact may move between approval and release (R-5.4)."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)]

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)


class Decision(Model):
    """A recorded verdict of a person in a stage, bound to the digests that were seen."""

    id: str
    revision: int
    person: str
    stage: str
    choice: Choice
    inputs: Mapping[str, str]
    at: datetime


class Fired(Model):
    """A timer that fired once: stage, what, level, when."""

    stage: str
    what: str
    level: int
    at: datetime


class ApprovalFacts(Model):
    """All that the gate looks at, read under lock when it decides an effect.

    groups: active natural persons and the groups that they hold now; excluded: persons who may not decide, and why;
    inputs: the current digests by name; blocks: everything else that forbids the effect now (state, freeze, bases ...).
    """

    revision: int
    plan: Plan | None
    inputs: Mapping[str, str]
    decisions: tuple[Decision, ...] = ()
    groups: Mapping[str, frozenset[str]] = {}
    excluded: Mapping[str, str] = {}
    fired: tuple[Fired, ...] = ()
    opened_at: datetime | None = None
    blocks: tuple[str, ...] = ()


class SlotStanding(Model):
    """One slot: who filled it, or who could (person ids)."""

    slot: str
    groups: tuple[str, ...]
    person: str | None
    candidates: tuple[str, ...]


class StageStanding(Model):
    """One stage: its slots and since when it has been open (None: not yet, or never)."""

    id: str
    title: str
    slots: tuple[SlotStanding, ...]
    complete: bool
    opened_at: datetime | None


class Standing(Model):
    """The answer of the gate.

    `blocks` says why an effect would be refused now; `withdrawn` why old decisions count no more.
    """

    verdict: Verdict
    stages: tuple[StageStanding, ...]
    blocks: tuple[str, ...]
    counted: tuple[str, ...]
    withdrawn: Mapping[str, str]

    @property
    def open_stage(self) -> StageStanding | None:
        return next((stage for stage in self.stages if not stage.complete), None)


class Timer(Model):
    """The next thing that time does to an open stage."""

    stage: str
    what: str
    level: int
    at: datetime


def gate(facts: ApprovalFacts) -> Standing:
    """Whether the approval is granted, what is missing, who can fill it, and what blocks the effect (R-7.2, R-7.7)."""
    if facts.plan is None:
        return Standing(verdict=Verdict.CLOSED, stages=(), blocks=("no_plan", *facts.blocks), counted=(), withdrawn={})
    withdrawn = {d.id: why for d in facts.decisions if (why := _void(d, facts)) is not None}
    valid = [d for d in facts.decisions if d.id not in withdrawn]
    filled = assign(facts, [d for d in valid if d.choice is Choice.APPROVE])
    stages = _standings(facts, facts.plan, filled, {d.person for d in valid})
    return Standing(
        verdict=_verdict(valid, stages),
        stages=stages,
        blocks=_blocks(facts, stages),
        counted=tuple(d.id for d in valid),
        withdrawn=withdrawn,
    )


def _void(decision: Decision, facts: ApprovalFacts) -> str | None:
    """Why a decision does not count now; None if it counts (R-4.4, R-7.3, R-7.6)."""
    stage = facts.plan.stage(decision.stage) if facts.plan else None
    if stage is None:
        return "its stage is not part of the plan"
    moved = [
        name for name in stage.inputs if decision.inputs.get(name) != facts.inputs.get(name) or name not in facts.inputs
    ]
    if moved:
        return f"{', '.join(moved)} moved since"
    if decision.choice is not Choice.APPROVE and decision.revision != facts.revision:
        return "it was said about an earlier revision"
    if decision.person in facts.excluded:
        return facts.excluded[decision.person]
    if not facts.groups.get(decision.person, frozenset()) & _stage_groups(stage, facts.fired):
        return "the person no longer holds a group of this stage"
    return None


def _verdict(valid: Sequence[Decision], stages: Sequence[StageStanding]) -> Verdict:
    if any(d.choice is not Choice.APPROVE for d in valid):
        return Verdict.REJECTED
    return Verdict.GRANTED if all(stage.complete for stage in stages) else Verdict.WAITING


def _blocks(facts: ApprovalFacts, stages: Sequence[StageStanding]) -> tuple[str, ...]:
    unfillable = tuple(
        f"unsatisfiable:{stage.id}"
        for stage in stages
        if not stage.complete and not all(slot.person or slot.candidates for slot in stage.slots)
    )
    return (*unfillable, *facts.blocks)


def _stage_groups(stage: Stage, fired: Iterable[Fired]) -> frozenset[str]:
    return frozenset(group for slot in stage.slots for group in slot_groups(stage, slot, fired))


def slot_groups(stage: Stage, slot: Slot, fired: Iterable[Fired]) -> tuple[str, ...]:
    """The groups that may fill a slot now: its own and those that escalations added."""
    levels = {f.level for f in fired if f.stage == stage.id and f.what == "escalation"}
    added = [group for n, level in enumerate(stage.escalations, 1) if n in levels for group in level.groups]
    return tuple(dict.fromkeys((*slot.groups, *added)))


def assign(facts: ApprovalFacts, approvals: Sequence[Decision]) -> dict[tuple[str, str], str]:
    """Slots (stage, slot) filled by distinct persons: a maximum matching, earlier stages first (D3, R-7.2)."""
    assert facts.plan is not None
    said = {(d.person, d.stage) for d in approvals}
    persons = sorted({d.person for d in approvals})
    filled: dict[tuple[str, str], str] = {}
    for stage in facts.plan.stages:
        for slot in stage.slots:
            _augment((stage.id, slot.id), facts, persons, said, filled, set())
    return filled


def _augment(
    wanted: tuple[str, str],
    facts: ApprovalFacts,
    persons: Sequence[str],
    said: set[tuple[str, str]],
    filled: dict[tuple[str, str], str],
    tried: set[str],
) -> bool:
    """Find a person for a slot, moving others to slots that they can fill too (augmenting path)."""
    assert facts.plan is not None
    stage = facts.plan.stage(wanted[0])
    assert stage is not None
    slot = next(slot for slot in stage.slots if slot.id == wanted[1])
    allowed = set(slot_groups(stage, slot, facts.fired))
    for person in persons:
        if person in tried or (person, stage.id) not in said or not facts.groups.get(person, frozenset()) & allowed:
            continue
        tried.add(person)
        held = next((key for key, holder in filled.items() if holder == person), None)
        if held is None or _augment(held, facts, persons, said, filled, tried):
            filled[wanted] = person
            return True
    return False


def _standings(
    facts: ApprovalFacts, plan: Plan, filled: Mapping[tuple[str, str], str], used: set[str]
) -> tuple[StageStanding, ...]:
    result: list[StageStanding] = []
    opened = facts.opened_at
    for stage in plan.stages:
        slots = tuple(_slot_standing(facts, stage, slot, filled, used) for slot in stage.slots)
        complete = all(slot.person for slot in slots)
        result.append(StageStanding(id=stage.id, title=stage.title, slots=slots, complete=complete, opened_at=opened))
        decided = [d.at for d in facts.decisions if d.stage == stage.id and d.person in filled.values()]
        opened = max([*decided, opened]) if complete and opened and decided else None
    return tuple(result)


def _slot_standing(
    facts: ApprovalFacts, stage: Stage, slot: Slot, filled: Mapping[tuple[str, str], str], used: set[str]
) -> SlotStanding:
    groups = slot_groups(stage, slot, facts.fired)
    allowed = set(groups)
    person = filled.get((stage.id, slot.id))
    candidates = (
        ()
        if person
        else tuple(
            sorted(
                who
                for who, held in facts.groups.items()
                if held & allowed and who not in used and who not in facts.excluded
            )
        )
    )
    return SlotStanding(slot=slot.id, groups=groups, person=person, candidates=candidates)


def slot_for(facts: ApprovalFacts, person: str) -> str:
    """The stage in which a person decides now (R-7.3).

    Raises Refused with the reason ("excluded", "not_eligible", "already_decided") or Conflict("nothing_to_decide").
    """
    standing = gate(facts)
    stage = standing.open_stage
    if stage is None or standing.verdict is not Verdict.WAITING or facts.plan is None:
        raise Conflict("nothing_to_decide", "No approval stage is open.", verdict=standing.verdict)
    if reason := facts.excluded.get(person):
        raise Refused("excluded", f"You may not decide here: {reason}.", stage=stage.id)
    if any(d.person == person and d.id in standing.counted for d in facts.decisions):
        raise Refused("already_decided", "You have already decided on this revision.", stage=stage.id)
    if not any(person in slot.candidates for slot in stage.slots):
        needed = sorted({group for slot in stage.slots for group in slot.groups})
        raise Refused("not_eligible", f"This stage is decided by {', '.join(needed)}.", stage=stage.id, groups=needed)
    return stage.id


def root_digest(revision: int, inputs: Mapping[str, str]) -> str:
    """What a person signs: the digest over the revision's number and every named input (D4)."""
    return digest({"revision": revision, "inputs": dict(inputs)})


def timers(facts: ApprovalFacts) -> tuple[Timer, ...]:
    """What time will do to the open stage, soonest first; each fires once (R-7.5). Empty when nothing waits."""
    standing = gate(facts)
    open_stage = standing.open_stage
    if (
        facts.plan is None
        or standing.verdict is not Verdict.WAITING
        or open_stage is None
        or open_stage.opened_at is None
    ):
        return ()
    stage = facts.plan.stage(open_stage.id)
    assert stage is not None
    fired = {(f.what, f.level) for f in facts.fired if f.stage == stage.id}
    planned = [
        ("reminder", 1, stage.remind_after),
        *(("escalation", n, level.after) for n, level in enumerate(stage.escalations, 1)),
        ("expiry", 1, stage.expire_after),
    ]
    waiting = [
        Timer(stage=stage.id, what=what, level=level, at=open_stage.opened_at + timedelta(seconds=after))
        for what, level, after in planned
        if (what, level) not in fired
    ]
    return tuple(sorted(waiting, key=lambda timer: (timer.at, timer.what != "expiry")))
