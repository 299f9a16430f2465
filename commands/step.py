"""What commands of the lifecycle share: they are the worker's own; what stops them becomes a case (R-7.7, R-15.6)."""

import secrets
from collections.abc import Sequence

from sqlmodel import col

from domain.errors import Refused
from domain.party import WORKER
from store.tables.change import CaseRow, ChangeRow
from store.unit_of_work import Transaction


def require_system(tx: Transaction) -> None:
    """Raises Refused("system_only"): only the worker calls steps of the lifecycle, no person or other machine."""
    if tx.actor.account != WORKER:
        raise Refused("system_only", "Only the lifecycle itself takes this step.")


def gate_case(tx: Transaction, row: ChangeRow, step: str, reasons: Sequence[str]) -> None:
    """Open, keep or close the case of a step: reasons open or update it, none closes it."""
    set_case(tx, row.id, step, row.owner_group, "gate_closed" if reasons else None, "; ".join(reasons))


def set_case(tx: Transaction, subject: str, step: str, owner: str, code: str | None, message: str) -> None:
    """One open case per subject and step: a code opens it or counts another attempt, None closes it."""
    found = tx.find(CaseRow, CaseRow.subject == subject, CaseRow.step == step, col(CaseRow.closed_at).is_(None))
    if code is None:
        for case in found:
            case.closed_at, case.resolution = tx.now, "the step went on"
    elif found:
        found[0].code, found[0].message = code, message
        found[0].attempts += 1
    else:
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
