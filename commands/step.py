"""What commands of the lifecycle share: they are the worker's own; what stops them becomes a case (R-7.7, R-15.6)."""

import secrets
from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import col

from domain.approval import ApprovalFacts
from domain.errors import Refused
from domain.party import WORKER
from store.lifecycle import Lifecycle, standing_of
from store.tables.change import CaseRow, ChangeRow
from store.tables.columns import table_of
from store.unit_of_work import Transaction

OPEN_CASE = select(CaseRow).where(
    col(CaseRow.subject) == bindparam("subject"),
    col(CaseRow.step) == bindparam("step"),
    col(CaseRow.closed_at).is_(None),
)
CASES = table_of(CaseRow)
HELD_AT = select(CASES.c.subject, CASES.c.message).where(CASES.c.step == bindparam("step"), CASES.c.closed_at.is_(None))


class CaseMove(StrEnum):
    """What became of a case."""

    OPENED = "opened"
    CLOSED = "closed"


def require_system(tx: Transaction) -> None:
    """Raises Refused("system_only"): only the worker calls steps of the lifecycle, no person or other machine."""
    if tx.actor.account != WORKER:
        raise Refused("system_only", "Only the lifecycle itself takes this step.")


def stand(tx: Transaction, row: ChangeRow, facts: ApprovalFacts | None = None) -> Lifecycle:
    """Where the change stands after a step; until when it sleeps is kept, so that the sweeper knows whom to wake."""
    # Statements read what else was written; the row itself is at hand and is written once, with its deadline.
    if any(other is not row for other in (*tx.session.new, *tx.session.dirty)):
        tx.session.flush()
    at = standing_of(tx.session, row, tx.now, facts)
    if at.action == "wait":
        row.deadline_at = at.due_at
    return at


def gate_case(tx: Transaction, row: ChangeRow, step: str, reasons: Sequence[str]) -> None:
    """Open, keep or close the case of a step: reasons open or update it, none closes it."""
    set_case(tx, row.id, step, row.owner_group, "gate_closed" if reasons else None, "; ".join(reasons))


def set_case(tx: Transaction, subject: str, step: str, owner: str, code: str | None, message: str) -> CaseMove | None:
    """One open case per subject and step: a code opens it or counts another attempt, None closes it.

    Returns whether it opened or closed, None where it is as it was.
    """
    found = tx.session.execute(OPEN_CASE, {"subject": subject, "step": step}).scalars().all()
    if code is None:
        for case in found:
            case.closed_at, case.resolution = tx.now, "the step went on"
        return CaseMove.CLOSED if found else None
    if found:
        found[0].code, found[0].message = code, message
        found[0].attempts += 1
        return None
    tx.add(
        CaseRow(
            id=f"case-{secrets.token_hex(6)}",
            subject=subject,
            step=step,
            code=code,
            message=message,
            owner_group=owner,
            opened_at=tx.now,
        )
    )
    return CaseMove.OPENED


def held_at(tx: Transaction, step: str) -> Sequence[Any]:
    """The open cases of a step: subject and message."""
    return tx.session.execute(HELD_AT, {"step": step}).all()
