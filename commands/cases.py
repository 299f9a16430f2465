"""Commands of cases: what stopped is shown and waits for somebody; what went on again is closed (D12, R-15.6)."""

from sqlmodel import col

from commands.changes import touch
from commands.command import Authority, Control, command
from commands.fallout import case_of
from commands.step import require_system, set_case
from domain.errors import Conflict
from store.subjects import subject_kind
from store.tables.change import CaseRow, ChangeRow
from store.unit_of_work import Transaction

STRANGER = "doorbell.stranger"


@command(control=Control.OPERATION)
def park_step(tx: Transaction, change: str, step: str, code: str) -> None:
    """A step of the lifecycle failed and waits: open its case, or count another attempt."""
    require_system(tx)
    runs = _case(tx, change, step, code, f"The step {step} failed and is tried again.")
    tx.record("case.opened", change, step=step, code=code, reconciliations=list(runs))


@command(control=Control.OPERATION)
def resume_step(tx: Transaction, change: str, step: str) -> None:
    """A step that had failed went on: close its case."""
    require_system(tx)
    runs = _case(tx, change, step, None, "")
    tx.record("case.closed", change, step=step, reconciliations=list(runs))


def _case(tx: Transaction, subject: str, step: str, code: str | None, message: str) -> tuple[str, ...]:
    """The case of a step of any lifecycle; the runs that are asked for, where it is one of a change."""
    row = tx.lock(subject_kind(subject).table, subject)
    if isinstance(row, ChangeRow):
        return case_of(tx, row, step, code, message)
    set_case(tx, subject, step, row.owner_group, code, message)
    return ()


@command(control=Control.OPERATION)
def retry_change(tx: Transaction, change: str) -> str:
    """A person asks for the step that waits to be tried again now. Raises Conflict("nothing_waits")."""
    tx.actor.as_person()
    row = tx.lock(ChangeRow, change)
    waiting = tx.find(CaseRow, CaseRow.subject == change, col(CaseRow.closed_at).is_(None))
    if row.closed or not waiting:
        raise Conflict("nothing_waits", f"No step of {change} waits to be tried again.")
    touch(tx, row)
    tx.wake(change, "retry")
    tx.record("case.retried", change, steps=sorted(case.step for case in waiting))
    return waiting[0].id


@command(control=Control.OPERATION, authority=Authority.FREE)
def report_stranger(tx: Transaction, subject: str, kind: str, value: str) -> None:
    """A message reached a workflow that no command has sent: an unknown outbox id or an unknown signal (D1, R-7.8)."""
    require_system(tx)
    tx.record(STRANGER, subject, "ignored", kind=kind, value=value[:80])
