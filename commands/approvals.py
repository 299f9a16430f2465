"""Commands of approval: a person decides or takes it back; time reminds, escalates and expires (chapter 7).

They serve every subject that is registered in `store/subjects.py`; what closing does is in `commands/subjects.py`.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field

from commands.changes import Receipt, move, receipt
from commands.command import Control, command
from commands.notices import Notice, tell
from commands.step import require_system, set_case
from commands.step_up import proof_for, proof_told, use_up
from commands.subjects import end_request, expire, lock_subject, settle
from domain.approval import BULK_TIER, ApprovalFacts, Choice, Seat, Timer, gate, root_digest, slot_for, timers
from domain.blocks import block
from domain.canonical import canonical
from domain.change import ChangeState, Step, advance, visible_or_empty
from domain.errors import Conflict, NotFound, Refused
from domain.given import WrittenNumber
from domain.model import Model
from domain.total_effect import require_retyped
from store.approval import decision_of
from store.subjects import REQUEST, Subject, SubjectKind, asks_people, subject_kind
from store.tables.approval import CommentRow, DecisionRow, FiredTimerRow, RecallRow
from store.unit_of_work import Transaction


class Ballot(Model):
    """What a person says, on which revision and evidence: `seen` is the root digest shown with what was decided on.

    stage: which of several open stages; left out: the first in which the person can decide. represents: the person for
    whom a delegate acts; left out: the person's own right if there is one, else whoever lent theirs. total_effect: per
    currency the amount as decimal text, where the plan wants it typed again.
    """

    choice: Choice
    revision: WrittenNumber
    seen: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    comment: Annotated[str, Field(max_length=4000), AfterValidator(visible_or_empty)] = ""
    stage: Annotated[str, Field(max_length=60)] | None = None
    represents: Annotated[str, Field(max_length=120)] | None = None
    total_effect: dict[Annotated[str, Field(max_length=3)], Annotated[str, Field(max_length=40)]] = {}


class DecisionReceipt(Model):
    """The recorded decision, for whom it was made, and where the subject stands after it."""

    decision: str
    stage: str
    represents: str | None = None
    change: Receipt


@command(control=Control.DECISION)
def decide(tx: Transaction, subject: str, ballot: Ballot) -> DecisionReceipt:
    """Record one person's decision, bound to what was seen, and close the approval when it was the last (D2c, R-7.6).

    Between two markets of a release it fills the place of who has left; a rejection then keeps the gate closed.
    Raises Refused("machine_may_not", "excluded", "not_eligible", "already_decided", "handed_on", "step_up_needed",
    "effect_not_retyped"),
    NotFound("unknown_stage"),
    Conflict("not_awaiting_approval", "evidence_moved", "nothing_to_decide", "stage_not_open",
    "rerouted", "original_moved").
    """
    return _decide(tx, subject, ballot, MAXIMUM_TIER)


@command(control=Control.DECISION)
def decide_in_bulk(tx: Transaction, subject: str, ballot: Ballot) -> DecisionReceipt:
    """One decision of a list: the same checks, and low tiers only (R-7.10).

    Raises what `decide` raises, and Refused("not_in_bulk").
    """
    return _decide(tx, subject, ballot, BULK_TIER)


MAXIMUM_TIER = 4


def _decide(tx: Transaction, subject: str, ballot: Ballot, most_tier: int) -> DecisionReceipt:
    kind, row = lock_waiting(tx, subject)
    person = tx.actor.as_person()
    facts = kind.facts(tx.session, row, tx.now, person)
    current = root_digest(row.revision, facts.inputs)
    if (ballot.revision, ballot.seen) != (row.revision, current):
        raise Conflict(
            "evidence_moved",
            "What you decided on is not what is asked now; read it again.",
            revision=row.revision,
            root=current,
        )
    if facts.plan is not None and facts.plan.tier > most_tier:
        raise Refused("not_in_bulk", f"Tier {facts.plan.tier} is decided one by one, with the evidence in view.")
    seat = slot_for(facts, person, ballot.choice, ballot.stage, ballot.represents)
    approves = ballot.choice is Choice.APPROVE
    if approves and kind is REQUEST and facts.blocks:
        raise Conflict(facts.blocks[0].partition(":")[0], " ".join(map(block, facts.blocks)), blocks=list(facts.blocks))
    typed = require_retyped(kind.effect(tx.session, row), ballot.total_effect) if approves else {}
    proof = proof_for(tx, facts.plan, subject, row.revision)
    decision = _write_decision(tx, facts, subject, seat, ballot)
    use_up(tx, proof, decision.id)
    settle(tx, row, facts.model_copy(update={"decisions": (*facts.decisions, decision_of(decision))}))
    tx.wake(subject, f"decided: {ballot.choice}")
    tx.record(
        f"{kind.name}.decided",
        subject,
        ballot.choice,
        revision=row.revision,
        decision=decision.id,
        stage=seat.stage,
        represents=seat.represents,
        delegation=decision.delegation,
        inputs=dict(facts.inputs),
        root=current,
        comment=decision.comment_digest,
        state=row.state,
        **proof_told(proof),
        **({"total_effect": typed} if typed else {}),
    )
    return DecisionReceipt(decision=decision.id, stage=seat.stage, represents=seat.represents, change=receipt(row))


def lock_waiting(tx: Transaction, subject: str) -> tuple[SubjectKind, Any]:
    """A subject, locked. Raises Conflict("not_awaiting_approval") unless people are being asked about it."""
    kind, row = lock_subject(tx, subject)
    if not asks_people(tx.session, row):
        raise Conflict("not_awaiting_approval", f"{subject} is {row.state.replace('_', ' ')}.", state=row.state)
    return kind, row


def _write_decision(tx: Transaction, facts: ApprovalFacts, subject: str, seat: Seat, ballot: Ballot) -> DecisionRow:
    salt = secrets.token_hex(16)
    person = tx.actor.as_person()
    row = DecisionRow(
        id=f"decision-{secrets.token_hex(8)}",
        subject=subject,
        revision=ballot.revision,
        stage=seat.stage,
        person=person,
        account=tx.actor.account,
        choice=ballot.choice,
        inputs=canonical(dict(facts.inputs)),
        root=ballot.seen,
        comment_digest="sha256:" + hashlib.sha256((salt + ballot.comment).encode()).hexdigest(),
        decided_at=tx.now,
        represents=seat.represents,
        delegation=_delegation(facts, person, seat),
    )
    tx.add(row)
    tx.add(CommentRow(decision=row.id, salt=salt, text=ballot.comment))
    return row


def _delegation(facts: ApprovalFacts, person: str, seat: Seat) -> str | None:
    """The delegation by which a delegate acts."""
    used = (d.delegation for d in facts.deputies if (d.delegate, d.delegator) == (person, seat.represents))
    return next(used, None)


@command(control=Control.DECISION)
def recall_decision(tx: Transaction, subject: str, decision: str) -> Receipt:
    """Take one's own decision back while nothing has taken effect; the stage is open again (R-7.10, I16).

    Raises NotFound("unknown_decision"), Refused("not_yours"), Conflict("already_recalled", "illegal_transition").
    """
    kind = subject_kind(subject)
    row = tx.lock(kind.table, subject)
    found = tx.session.get(DecisionRow, decision)
    if found is None or found.subject != subject:
        raise NotFound("unknown_decision", f"{subject} has no decision {decision!r}.", decision=decision)
    if tx.actor.as_person() not in (found.person, found.represents):
        raise Refused(
            "not_yours", "Only who decided, and who was represented, takes a decision back.", decision=decision
        )
    if tx.session.get(RecallRow, decision) is not None:
        raise Conflict("already_recalled", "This decision was taken back already.", decision=decision)
    _reopen(tx, row, tx.now)
    tx.add(RecallRow(decision=decision, person=tx.actor.as_person(), account=tx.actor.account, recalled_at=tx.now))
    tx.wake(subject, "decision recalled")
    tx.record(f"{kind.name}.decision_recalled", subject, revision=row.revision, decision=decision, stage=found.stage)
    return receipt(row)


@command(control=Control.NONE)
def withdraw_request(tx: Transaction, request: str) -> Receipt:
    """Take back what one asked for, while it waits for its approvers; nothing comes into force.

    Raises NotFound("unknown_approval_request"), Refused("not_yours"), Conflict("not_awaiting_approval").
    """
    kind, row = lock_waiting(tx, request)
    if kind is not REQUEST or tx.actor.party != row.requester:
        raise Refused("not_yours", "Only who asked for something takes it back.", subject=request)
    end_request(tx, row, ChangeState.WITHDRAWN)
    set_case(tx, request, "approval", row.owner_group, None, "")
    tx.wake(request, "withdrawn")
    tx.record("request.withdrawn", request)
    return receipt(row)


def _reopen(tx: Transaction, row: Subject, now: datetime) -> None:
    """Ask again: the time that people have begins anew when everything was agreed already."""
    waited = row.state == ChangeState.AWAITING_APPROVAL
    move(tx, row, advance(ChangeState(row.state), Step.RECALL))
    if not waited:
        row.opened_at = now


class Advance(Model):
    """What time did to an approval: the timers that fired now, and where the subject stands."""

    fired: tuple[Timer, ...]
    change: Receipt


@command(control=Control.OPERATION)
def advance_timers(tx: Transaction, subject: str) -> Advance:
    """Fire every timer that is due, each once in a wait; expiry closes, escalation only adds people (R-7.5).

    A reminder is told to the groups that are missing, an escalation to those that it adds. After an outage all that is
    overdue fires in this one step.
    """
    require_system(tx)
    kind, row = lock_subject(tx, subject)
    due: tuple[Timer, ...] = ()
    if row.state == ChangeState.AWAITING_APPROVAL:
        facts = kind.facts(tx.session, row, tx.now, None)
        due = tuple(timer for timer in timers(facts) if timer.at <= tx.now)
        for timer in due:
            _write_fired(tx, row, timer)
        if any(timer.what == "expiry" for timer in due):
            expire(tx, row)
        else:
            after = kind.facts(tx.session, row, tx.now, None) if due else facts
            tell(tx, _reminders(row.id, after, due))
            settle(tx, row, after)
    fired = [timer.model_dump(mode="json") for timer in due]
    tx.record(f"{kind.name}.timers", subject, revision=row.revision, fired=fired)
    return Advance(fired=due, change=receipt(row))


def _reminders(subject: str, facts: ApprovalFacts, due: Sequence[Timer]) -> list[Notice]:
    told: list[Notice] = []
    for timer in due:
        stage = facts.plan.stage(timer.stage) if facts.plan else None
        assert stage is not None
        if timer.what == "escalation":
            groups = stage.escalations[timer.level - 1].groups
            message = f"{subject} still waits in {stage.title}: it is escalated to you, and you can decide there now."
        else:
            (standing,) = (one for one in gate(facts).stages if one.id == stage.id)
            missing = [group for slot in standing.slots if slot.person is None for group in slot.groups]
            groups = tuple(dict.fromkeys(missing))
            message = f"{subject} waits in {stage.title} for a decision of yours or of a colleague."
        told += [Notice(subject=subject, party_group=group, code=timer.what, message=message) for group in groups]
    return told


def _write_fired(tx: Transaction, row: Subject, timer: Timer) -> None:
    tx.add(
        FiredTimerRow(
            id=f"timer-{secrets.token_hex(8)}",
            subject=row.id,
            revision=row.revision,
            stage=timer.stage,
            what=timer.what,
            level=timer.level,
            due_at=timer.at,
            fired_at=tx.now,
        )
    )
