"""What closing an approval does, by kind of subject; the other half of the registry in `store/subjects.py` (R-7.11)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from commands import corrections, data_access, delegations, freeze_exceptions, quote_approvals
from commands.changes import move
from commands.step import set_case
from domain.approval import ApprovalFacts, Choice, Standing, Verdict, gate, rejection
from domain.change import ChangeState, Step, advance
from store import requests
from store.subjects import CHANGE, REQUEST, Subject, SubjectKind, subject_kind
from store.tables.request import RequestRow
from store.unit_of_work import Transaction


@dataclass(frozen=True)
class Closing:
    """What happens when an approval is granted, is rejected, or runs out of time."""

    granted: Callable[[Transaction, Any], None]
    rejected: Callable[[Transaction, Any, Choice], None]
    expired: Callable[[Transaction, Any], None]


STEPS = {Choice.REJECT: Step.REJECT, Choice.REQUEST_CHANGES: Step.REQUEST_CHANGES}


@dataclass(frozen=True)
class Ending:
    """What a kind of request brings into force when it is granted, and what it puts back when it is not."""

    granted: Callable[[Transaction, RequestRow], None]
    refused: Callable[[Transaction, RequestRow], None] = lambda tx, row: None


ENDINGS = {
    freeze_exceptions.KIND: Ending(freeze_exceptions.grant),
    delegations.KIND: Ending(delegations.grant),
    data_access.KIND: Ending(data_access.grant),
    quote_approvals.KIND: Ending(quote_approvals.grant, quote_approvals.give_back),
    corrections.KIND: Ending(corrections.grant),
}
"""Kind of request -> how it ends."""


def _step(step: Step) -> Callable[[Transaction, Any], None]:
    return lambda tx, row: move(tx, row, advance(ChangeState(row.state), step))


def end_request(tx: Transaction, row: RequestRow, state: ChangeState) -> None:
    """A request is over: granted (completed), rejected, expired or withdrawn."""
    ending = ENDINGS[row.kind]
    (ending.granted if state is ChangeState.COMPLETED else ending.refused)(tx, row)
    move(tx, row, state)


CLOSINGS = {
    CHANGE.name: Closing(
        granted=_step(Step.APPROVE),
        rejected=lambda tx, row, choice: _step(STEPS[choice])(tx, row),
        expired=_step(Step.EXPIRE),
    ),
    REQUEST.name: Closing(
        granted=lambda tx, row: end_request(tx, row, ChangeState.COMPLETED),
        rejected=lambda tx, row, _choice: end_request(tx, row, ChangeState.REJECTED),
        expired=lambda tx, row: end_request(tx, row, ChangeState.EXPIRED),
    ),
}


def lock_subject(tx: Transaction, subject: str) -> tuple[SubjectKind, Any]:
    """A subject and the records that it is about, locked, so that its facts are read under lock (D2a).

    Raises NotFound("unknown_change_request", "unknown_approval_request").
    """
    kind = subject_kind(subject)
    row = tx.lock(kind.table, subject)
    if kind is REQUEST:
        for table, key in requests.rests_on(row.kind).keys(requests.request_content(row)):
            tx.lock(table, key)
    return kind, row


def settle(tx: Transaction, row: Subject, facts: ApprovalFacts) -> Standing:
    """Close the approval when the gate says that it is over, by the same gate that an effect asks again (D2c).

    While it waits, a stage that nobody can fill any more is a visible case (R-7.7).
    """
    standing, kind = gate(facts), subject_kind(row.id)
    closing = CLOSINGS[kind.name]
    # What a request asks for comes into force with its approval; a change is released later, by a gate of its own.
    held = kind is REQUEST and standing.blocks
    if standing.verdict is Verdict.GRANTED and not held:
        closing.granted(tx, row)
    elif standing.verdict is Verdict.REJECTED:
        closing.rejected(tx, row, rejection(facts, standing.counted))
    else:
        move(tx, row, ChangeState(row.state))
    stuck = [] if row.state != ChangeState.AWAITING_APPROVAL else standing.blocks
    set_case(tx, row.id, "approval", row.owner_group, "gate_closed" if stuck else None, "; ".join(stuck))
    return standing


def expire(tx: Transaction, row: Subject) -> None:
    """Time is over: nothing was approved by it (R-7.5)."""
    CLOSINGS[subject_kind(row.id).name].expired(tx, row)
