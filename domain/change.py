"""A change request: its content, its states and which step leads where (R-4.1, R-4.2). The transition table is data."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime, timedelta
from datetime import time as LocalTime
from enum import StrEnum
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, StrictInt

from domain.artifact import EVERYWHERE, Part, base_digest
from domain.canonical import canonical, digest, digest_of
from domain.errors import IllegalTransition, Invalid
from domain.given import WrittenDay, WrittenTime, in_our_time
from domain.model import Model

SCHEMA = "change/1"
MARKET_ZONE = "market"


def visible(text: str) -> str:
    """Text in which nothing hides: control, zero-width and direction characters are refused, line ends are kept."""
    hidden = sorted(
        {f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in ("Cc", "Cf", "Co", "Cs") and c not in "\n\t"}
    )
    if hidden:
        raise ValueError(f"contains invisible characters: {', '.join(hidden)}")
    if not text.strip():
        raise ValueError("is blank")
    return text


def visible_or_empty(text: str) -> str:
    """Like `visible`, for texts that may be left out."""
    return visible(text) if text.strip() else ""


Title = Annotated[str, Field(min_length=3, max_length=200), AfterValidator(visible)]
Prose = Annotated[str, Field(min_length=3, max_length=4000), AfterValidator(visible)]


class ChangeState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    ASSESSING = "assessing"
    SIMULATING = "simulating"
    AWAITING_APPROVAL = "awaiting_approval"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    RELEASING = "releasing"
    MONITORING = "monitoring"
    COMPLETED = "completed"
    NEEDS_REVISION = "needs_revision"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    ROLLING_BACK = "rolling_back"
    ROLLED_BACK = "rolled_back"
    FAILED = "failed"


class Step(StrEnum):
    SUBMIT = "submit"
    ASSESS = "assess"
    SIMULATE = "simulate"
    ASK = "ask"
    REQUEST_CHANGES = "request_changes"
    APPROVE = "approve"
    REJECT = "reject"
    SCHEDULE = "schedule"
    RELEASE = "release"
    MONITOR = "monitor"
    COMPLETE = "complete"
    REASSESS = "reassess"
    REPLAN = "replan"
    REVISE = "revise"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    RECALL = "recall"
    ROLL_BACK = "roll_back"
    RESTORED = "restored"
    GIVE_UP = "give_up"


S = ChangeState
BEFORE_RELEASE = (S.SUBMITTED, S.ASSESSING, S.SIMULATING, S.AWAITING_APPROVAL, S.APPROVED, S.SCHEDULED)
CLOSED = frozenset({S.COMPLETED, S.REJECTED, S.WITHDRAWN, S.EXPIRED, S.ROLLED_BACK, S.FAILED})
EFFECTIVE = frozenset({S.RELEASING, S.MONITORING, S.ROLLING_BACK})

# What people say between two markets moves no state: the gate of the next one asks them, and a release is taken back.
TRANSITIONS: Mapping[Step, Mapping[ChangeState, ChangeState]] = {
    Step.SUBMIT: {S.DRAFT: S.SUBMITTED, S.NEEDS_REVISION: S.SUBMITTED},
    Step.ASSESS: {S.SUBMITTED: S.ASSESSING},
    Step.SIMULATE: {S.ASSESSING: S.SIMULATING},
    Step.ASK: {S.SIMULATING: S.AWAITING_APPROVAL},
    Step.REQUEST_CHANGES: {
        S.SIMULATING: S.NEEDS_REVISION,
        S.AWAITING_APPROVAL: S.NEEDS_REVISION,
        S.RELEASING: S.RELEASING,
    },
    Step.APPROVE: {S.AWAITING_APPROVAL: S.APPROVED, S.RELEASING: S.RELEASING},
    Step.REJECT: {S.AWAITING_APPROVAL: S.REJECTED, S.RELEASING: S.RELEASING},
    Step.SCHEDULE: {S.APPROVED: S.SCHEDULED},
    Step.REASSESS: {S.SCHEDULED: S.SUBMITTED},
    Step.REPLAN: dict.fromkeys((S.AWAITING_APPROVAL, S.APPROVED, S.SCHEDULED), S.SUBMITTED),
    Step.RELEASE: {S.SCHEDULED: S.RELEASING, S.RELEASING: S.RELEASING},
    Step.MONITOR: {S.RELEASING: S.MONITORING},
    Step.COMPLETE: {S.MONITORING: S.COMPLETED},
    Step.REVISE: {
        S.DRAFT: S.DRAFT,
        S.NEEDS_REVISION: S.NEEDS_REVISION,
        **dict.fromkeys(BEFORE_RELEASE, S.SUBMITTED),
    },
    Step.WITHDRAW: dict.fromkeys((S.DRAFT, S.NEEDS_REVISION, *BEFORE_RELEASE), S.WITHDRAWN),
    Step.RECALL: dict.fromkeys((S.AWAITING_APPROVAL, S.APPROVED, S.SCHEDULED), S.AWAITING_APPROVAL),
    Step.EXPIRE: {S.AWAITING_APPROVAL: S.EXPIRED},
    Step.ROLL_BACK: {S.RELEASING: S.ROLLING_BACK, S.MONITORING: S.ROLLING_BACK},
    Step.RESTORED: {S.ROLLING_BACK: S.ROLLED_BACK},
    Step.GIVE_UP: {S.ROLLING_BACK: S.FAILED},
}


def advance(state: ChangeState, step: Step) -> ChangeState:
    """The state after a step. Raises IllegalTransition("illegal_transition") naming the states in which it is legal."""
    targets = TRANSITIONS[step]
    if state not in targets:
        legal = ", ".join(targets)
        raise IllegalTransition(
            "illegal_transition",
            f"{step.replace('_', ' ').capitalize()} is not possible while the change is {state.replace('_', ' ')}.",
            state=state,
            step=step,
            legal_in=legal,
        )
    return targets[state]


class Effective(Model):
    """When a change takes effect: a local date and time in a zone, or, without a date, as soon as it is approved.

    zone is an IANA name, or `market`: each market's own zone, so that midnight is midnight everywhere (D6a).
    """

    date: WrittenDay | None = None
    time: WrittenTime = LocalTime(0, 0)
    zone: str = MARKET_ZONE

    def instants(self, zones: Mapping[str, str]) -> dict[str, datetime | None]:
        """One instant per market, given each market's zone; None means as soon as it is approved.

        Raises Invalid("unknown_zone").
        """
        return {market: self._instant(zone) for market, zone in sorted(zones.items())}

    def _instant(self, market_zone: str) -> datetime | None:
        if self.date is None:
            return None
        name = market_zone if self.zone == MARKET_ZONE else self.zone
        try:
            zone = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            raise Invalid("unknown_zone", f"{name!r} is not a time zone.", zone=name) from None
        return datetime.combine(self.date, self.time, zone).astimezone(ZoneInfo("UTC"))


def _plannable(effective: Effective) -> Effective:
    """What is stored already is read as ever; what is proposed says its offset in no other way than by its zone."""
    if effective.date is not None:
        in_our_time(effective.date)
    if effective.time.tzinfo is not None:
        raise ValueError("the time is a local one, without an offset; name the zone")
    return effective


Planned = Annotated[Effective, AfterValidator(_plannable)]


class Scope(Model):
    """Where a change holds; `*` is everywhere."""

    markets: tuple[str, ...] = (EVERYWHERE,)
    channels: tuple[str, ...] = (EVERYWHERE,)
    customers: tuple[str, ...] = ()


class Rollback(Model):
    """How the change is taken back: the strategy of its kind and what else has to be done (R-13.1)."""

    requirement: Prose = "Publish the earlier entries again."


class Monitoring(Model):
    """How long the change is watched after its release, and what for (R-4.1)."""

    seconds: Annotated[StrictInt, Field(ge=0, le=90 * 86_400)] = 86_400
    requirement: Prose = "Targets still hold what was released."


class ChangeContent(Model):
    """One revision of a change request: what is approved is exactly this (R-4.1, R-4.4)."""

    kind: str
    title: Title
    objective: Prose
    parts: tuple[Part, ...]
    scope: Scope = Scope()
    effective: Effective = Effective()
    rollback: Rollback = Rollback()
    monitoring: Monitoring = Monitoring()
    reverts: str | None = None
    least_tier: Annotated[int, Field(ge=0, le=4)] = 0
    """The tier that the requester wants at least; the policy decides whether it is higher (R-3.3)."""
    emergency: bool = False
    """Whether the expedited path is asked for, which ends in a review (R-4.7)."""
    emergency_reason: str = ""
    standard: str = ""
    """The template of standard changes that it means to follow; outside its bounds it is like any other (R-3.5)."""

    def document(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **self.model_dump(mode="json")}

    def bytes(self) -> bytes:
        """The canonical bytes that are stored, shown and approved (D4)."""
        return canonical(self.document())

    @property
    def monitoring_period(self) -> timedelta:
        return timedelta(seconds=self.monitoring.seconds)


def content_inputs(content: ChangeContent) -> dict[str, str]:
    """The named digests of a revision that decisions are bound to (D4): each part may move alone.

    purpose: title and objective; operations: what is changed; content: both, for plans of the first release.
    """
    document = content.document()
    purpose = {"title": document["title"], "objective": document["objective"]}
    return {
        "content": digest({**purpose, "parts": document["parts"]}),
        "purpose": digest(purpose),
        "operations": digest([[part["artifact"], part["operations"]] for part in document["parts"]]),
        "scope": digest(document["scope"]),
        "effective": digest(document["effective"]),
        "rollback": digest([document["rollback"], document["monitoring"]]),
        "monitoring": digest(document["monitoring"]),
        "bases": base_digest(content.parts),
    }


def revision_digest(stored: bytes) -> str:
    """The digest of a stored revision: over the bytes, never over a model serialized again (D4)."""
    return digest_of(stored)
