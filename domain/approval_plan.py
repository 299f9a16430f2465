"""The words of approval: plans and their stages, decisions, delegations, the facts and the answer of the gate."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from domain.canonical import digest
from domain.judging import CheckRule
from domain.model import Model
from domain.working_time import WorkingTime

GOVERNANCE_BOARD = "governance-board"
"""The group whose stages are meetings: they keep minutes (R-3.4)."""
STEP_UP_FROM_TIER = 2
"""From which tier on a first policy asks for a fresh proof, where people sign in with an organisation."""
MOST_SLOTS = 20
"""Signatures that one plan may ask for; far more than this is a plan that nobody can carry out."""


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
    """A stage of a plan. `inputs` names the digests that its decisions are bound to; durations are seconds.

    after: the earlier stages that must be complete before this one opens; () opens at once, beside others; None (plans
    of the first release) is the stage before it. veto: groups whose rejection ends the approval although they may not
    sign; other rejections then only count against the quorum; None: everybody who may sign holds a veto. calendar:
    whose working time the durations are; None is the time of every clock. minutes: the stage is a meeting, of which
    minutes are kept before anything takes effect.
    """

    id: str
    title: str
    slots: Annotated[tuple[Slot, ...], Field(min_length=1)]
    inputs: tuple[str, ...]
    after: tuple[str, ...] | None = None
    veto: tuple[str, ...] | None = None
    remind_after: Annotated[int, Field(gt=0)]
    escalations: tuple[Escalation, ...] = ()
    expire_after: Annotated[int, Field(gt=0)]
    calendar: WorkingTime | None = None
    minutes: bool = False


class Plan(Model):
    """Who must agree to one revision, by which policy."""

    tier: Annotated[int, Field(ge=0, le=4)]
    reasons: tuple[str, ...]
    policy: str
    policy_version: int
    confirm_within: Annotated[int, Field(gt=0)]
    """Seconds for which a confirmation of the impact holds at the release (D4a)."""
    impact_bound: Annotated[int, Field(ge=0)]
    """Basis points by which impact may move between approval and release (R-5.4)."""
    stages: tuple[Stage, ...]
    standard: str = ""
    """The template, exactly as approved, inside which nobody is asked; only then there are no stages (R-3.5)."""
    checks: tuple[CheckRule, ...] = ()
    """What a check of the simulation does that did not pass (R-6.3)."""
    review_within: Annotated[int, Field(gt=0)] | None = None
    """Seconds after the release in which an emergency has to be reviewed (R-4.7)."""
    delegates_up_to: Annotated[int, Field(ge=0, le=4)] = 4
    """The highest tier in which delegates may sign, by the policy (R-8.1)."""
    apart: tuple[tuple[str, str], ...] = ()
    """Groups that no person may act for together; a delegation gives no voice that would join them."""
    step_up_from: Annotated[int, Field(ge=0, le=4)] | None = None
    """The lowest tier in which whoever decides proves anew who they are; None: in none."""
    retype_above: Mapping[str, int] = {}
    """Minor units per currency of a total effect beyond which whoever approves types it again; empty: nobody does."""

    @model_validator(mode="after")
    def _is_a_plan(self) -> Self:
        if bool(self.stages) == bool(self.standard):
            raise ValueError("a plan has stages, unless it is that of a standard change")
        known: list[str] = []
        for stage in self.stages:
            if stage.id in known:
                raise ValueError(f"stage {stage.id} is there twice")
            if unknown := set(stage.after or ()) - set(known):
                raise ValueError(
                    f"stage {stage.id} comes after {', '.join(sorted(unknown))}, which is no earlier stage"
                )
            known.append(stage.id)
        if sum(len(stage.slots) for stage in self.stages) > MOST_SLOTS:
            raise ValueError(f"a plan asks for at most {MOST_SLOTS} signatures")
        return self

    def stage(self, stage_id: str) -> Stage | None:
        return next((stage for stage in self.stages if stage.id == stage_id), None)

    @property
    def asks_step_up(self) -> bool:
        """Whether a decision needs a fresh proof of who makes it."""
        return self.step_up_from is not None and self.tier >= self.step_up_from

    @property
    def board(self) -> Stage | None:
        """The meeting of a governance board; None where none is asked."""
        return next((stage for stage in self.stages if stage.minutes), None)

    def before(self, stage: Stage) -> tuple[str, ...]:
        """The stages that must be complete before this one opens."""
        if stage.after is not None:
            return stage.after
        position = self.stages.index(stage)
        return (self.stages[position - 1].id,) if position else ()

    def groups(self) -> frozenset[str]:
        """Every group that the plan can ask: for signatures, by escalation, and for a veto."""
        slots = {group for stage in self.stages for slot in stage.slots for group in slot.groups}
        added = {group for stage in self.stages for level in stage.escalations for group in level.groups}
        return frozenset(slots | added | {group for stage in self.stages for group in stage.veto or ()})


class Decision(Model):
    """A recorded verdict of a person in a stage, bound to the digests that were seen.

    represents: the person for whom a delegate acted; None when somebody decided in their own right. recalled: the
    person took it back.
    """

    id: str
    revision: int
    person: str
    represents: str | None = None
    stage: str
    choice: Choice
    inputs: Mapping[str, str]
    at: datetime
    recalled: bool = False

    @property
    def persons(self) -> frozenset[str]:
        """The natural persons whose voice this is: who acted and, if a delegate did, for whom."""
        return frozenset({self.person, self.represents or self.person})


class Deputy(Model):
    """A delegation that holds now for this subject: the delegate may use these groups if the delegator holds them."""

    delegation: str
    delegator: str
    delegate: str
    groups: frozenset[str]


class Fired(Model):
    """A timer that fired, once in a wait of its stage: stage, what, level, when."""

    stage: str
    what: str
    level: int
    at: datetime


class ApprovalFacts(Model):
    """All that the gate looks at, read under lock when it decides an effect.

    groups: active natural persons and the groups that they hold now, directly; crowded: groups that more people hold
    than are listed here; deputies: delegations that hold now and cover this subject; excluded: persons who may not
    decide, and why; handed_on: stage -> persons who have passed their say in it to a colleague; inputs: the current
    digests by name; minutes: the revisions about which minutes of the board are kept; risk_accepted: whether the owner
    has accepted what risk remains of this revision; blocks: everything else that forbids the effect now (state, freeze,
    bases ...).
    """

    revision: int
    plan: Plan | None
    inputs: Mapping[str, str]
    decisions: tuple[Decision, ...] = ()
    groups: Mapping[str, frozenset[str]] = {}
    crowded: frozenset[str] = frozenset()
    deputies: tuple[Deputy, ...] = ()
    excluded: Mapping[str, str] = {}
    handed_on: Mapping[str, frozenset[str]] = {}
    fired: tuple[Fired, ...] = ()
    opened_at: datetime | None = None
    minutes: tuple[int, ...] = ()
    risk_accepted: bool = False
    blocks: tuple[str, ...] = ()


class SlotStanding(Model):
    """One slot: who filled it, or who could (person ids).

    helped_by: groups of which somebody would fill it, also because another slot's holder then moves up. represents: for
    whom the person acted. deputies: delegates who could fill it, and for whom. more: more people could than are listed.
    """

    slot: str
    groups: tuple[str, ...]
    helped_by: frozenset[str] = frozenset()
    person: str | None
    represents: str | None = None
    candidates: tuple[str, ...]
    deputies: Mapping[str, str] = {}
    more: bool = False


class StageStanding(Model):
    """One stage: its slots, whether it can be decided in now, and since when (None: not yet, or never)."""

    id: str
    title: str
    slots: tuple[SlotStanding, ...]
    complete: bool
    open: bool = False
    opened_at: datetime | None


class Standing(Model):
    """The answer of the gate.

    `blocks` says why an effect would be refused now; `withdrawn` why old decisions count no more; `carried` why
    decisions on an earlier revision still stand (R-4.4).
    """

    verdict: Verdict
    stages: tuple[StageStanding, ...]
    blocks: tuple[str, ...]
    counted: tuple[str, ...]
    withdrawn: Mapping[str, str]
    carried: Mapping[str, str] = {}

    @property
    def open_stages(self) -> tuple[StageStanding, ...]:
        """The stages that can be decided in now, in the order of the plan."""
        return tuple(stage for stage in self.stages if stage.open)

    @property
    def open_stage(self) -> StageStanding | None:
        """The first stage that can be decided in now."""
        return next((stage for stage in self.stages if stage.open), None)


class Timer(Model):
    """The next thing that time does to an open stage."""

    stage: str
    what: str
    level: int
    at: datetime


def root_digest(revision: int, inputs: Mapping[str, str]) -> str:
    """What a person signs: the digest over the revision's number and every named input (D4)."""
    return digest({"revision": revision, "inputs": dict(inputs)})
