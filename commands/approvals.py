"""Commands of approval: a person decides; time reminds, escalates and expires (chapter 7)."""

import hashlib
import secrets
from typing import Annotated

from pydantic import AfterValidator, Field

from commands.changes import Receipt, move, receipt
from commands.command import Control, command
from commands.step import require_system
from domain.approval import ApprovalFacts, Choice, Timer, Verdict, gate, root_digest, slot_for, timers
from domain.canonical import canonical
from domain.change import ChangeState, Step, advance, visible_or_empty
from domain.errors import Conflict
from domain.model import Model
from store import changes
from store.tables.approval import CommentRow, DecisionRow, FiredTimerRow
from store.tables.change import ChangeRow
from store.unit_of_work import Transaction


class Ballot(Model):
    """What a person says, on which revision and evidence: `seen` is the root digest shown with what was decided on."""

    choice: Choice
    revision: Annotated[int, Field(ge=1)]
    seen: Annotated[str, Field(pattern="^sha256:[0-9a-f]{64}$")]
    comment: Annotated[str, Field(max_length=4000), AfterValidator(visible_or_empty)] = ""


class DecisionReceipt(Model):
    """The recorded decision and where the change stands after it."""

    decision: str
    stage: str
    change: Receipt


@command(control=Control.DECISION)
def decide(tx: Transaction, change: str, ballot: Ballot) -> DecisionReceipt:
    """Record one person's decision, bound to what was seen, and close the approval when it was the last (D2c, R-7.6).

    Raises Refused("machine_may_not", "excluded", "not_eligible", "already_decided"),
    Conflict("not_awaiting_approval", "evidence_moved", "nothing_to_decide").
    """
    row = tx.lock(ChangeRow, change)
    person = tx.actor.as_person()
    if row.state != ChangeState.AWAITING_APPROVAL:
        raise Conflict("not_awaiting_approval", f"{change} is {row.state.replace('_', ' ')}.", state=row.state)
    facts = changes.approval_facts(tx.session, row)
    current = root_digest(row.revision, facts.inputs)
    if (ballot.revision, ballot.seen) != (row.revision, current):
        raise Conflict(
            "evidence_moved",
            "What you decided on is not what is asked now; read it again.",
            revision=row.revision,
            root=current,
        )
    stage = slot_for(facts, person)
    decision = _write_decision(tx, facts, change, stage, person, ballot)
    _close_stage(tx, row, facts.model_copy(update={"decisions": (*facts.decisions, changes.decision_of(decision))}))
    tx.wake(change, f"decided: {ballot.choice}")
    tx.record(
        "change.decided",
        change,
        ballot.choice,
        revision=row.revision,
        decision=decision.id,
        stage=stage,
        inputs=dict(facts.inputs),
        root=current,
        comment=decision.comment_digest,
        state=row.state,
    )
    return DecisionReceipt(decision=decision.id, stage=stage, change=receipt(row))


def _write_decision(
    tx: Transaction, facts: ApprovalFacts, change: str, stage: str, person: str, ballot: Ballot
) -> DecisionRow:
    salt = secrets.token_hex(16)
    row = DecisionRow(
        id=f"decision-{secrets.token_hex(8)}",
        subject=change,
        revision=ballot.revision,
        stage=stage,
        person=person,
        account=tx.actor.account,
        choice=ballot.choice,
        inputs=canonical(dict(facts.inputs)),
        root=ballot.seen,
        comment_digest="sha256:" + hashlib.sha256((salt + ballot.comment).encode()).hexdigest(),
        decided_at=tx.now,
    )
    tx.add(row)
    tx.add(CommentRow(decision=row.id, salt=salt, text=ballot.comment))
    return row


STEPS = {Choice.REJECT: Step.REJECT, Choice.REQUEST_CHANGES: Step.REQUEST_CHANGES}


def _close_stage(tx: Transaction, row: ChangeRow, facts: ApprovalFacts) -> None:
    """Move the change when the gate says that the approval is over, by the same gate that the release asks again."""
    standing = gate(facts)
    state = ChangeState(row.state)
    if standing.verdict is Verdict.GRANTED:
        state = advance(state, Step.APPROVE)
    elif standing.verdict is Verdict.REJECTED:
        last = facts.decisions[-1]
        state = advance(state, STEPS[last.choice])
    move(tx, row, state)


class Advance(Model):
    """What time did to an approval: the timers that fired now, and where the change stands."""

    fired: tuple[Timer, ...]
    change: Receipt


@command(control=Control.OPERATION)
def advance_timers(tx: Transaction, change: str) -> Advance:
    """Fire every timer of the open stage that is due, each once; expiry closes, escalation only adds people (R-7.5)."""
    require_system(tx)
    row = tx.lock(ChangeRow, change)
    facts = changes.approval_facts(tx.session, row)
    due = (
        tuple(timer for timer in timers(facts) if timer.at <= tx.now)
        if row.state == ChangeState.AWAITING_APPROVAL
        else ()
    )
    for timer in due:
        tx.add(
            FiredTimerRow(
                id=f"timer-{secrets.token_hex(8)}",
                subject=change,
                revision=row.revision,
                stage=timer.stage,
                what=timer.what,
                level=timer.level,
                due_at=timer.at,
                fired_at=tx.now,
            )
        )
    if any(timer.what == "expiry" for timer in due):
        move(tx, row, advance(ChangeState(row.state), Step.EXPIRE))
    elif row.state == ChangeState.AWAITING_APPROVAL:
        _close_stage(tx, row, facts)
    tx.record("change.timers", change, revision=row.revision, fired=[timer.model_dump(mode="json") for timer in due])
    return Advance(fired=due, change=receipt(row))
