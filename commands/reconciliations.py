"""Reconciliation runs as rows: asked for, begun, finished, given up; what they find becomes work (R-18.2 to R-18.4)."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from commands.command import Authority, Control, command
from commands.step import require_system
from domain.canonical import canonical, digest_of
from domain.errors import Conflict
from domain.model import Model
from domain.ownership import accountable_in
from domain.reconciliation import OVER, Finding, Mode, Pair, Reconciliation, RunState
from policies.reconciliation import pair as declared
from policies.reconciliation import pairs
from store import ownership
from store.reconciliation import due_pairs, waiting
from store.tables.reconciliation import ReconciliationResultRow, ReconciliationRunRow, ReconciliationWorkRow
from store.unit_of_work import Transaction

SUBJECT = "reconciliation/"
SCHEDULE = "reconciliations"
UNFINISHED_AGAIN = timedelta(minutes=2)


class RunReceipt(Model):
    """A run and where it stands."""

    run: str
    pair: str
    state: RunState


@command(control=Control.OPERATION, authority=Authority.FREE)
def request_reconciliation(tx: Transaction, pair: str, mode: Mode, reason: str) -> RunReceipt:
    """Ask for a run of a pair; its workflow is woken. Raises NotFound("unknown_pair")."""
    declared(pair)
    row = _request(tx, pair, mode, reason.strip()[:400])
    tx.record("reconciliation.requested", SUBJECT + row.id, pair=pair, mode=mode, reason_given=bool(row.reason))
    return _receipt(row)


@command(control=Control.OPERATION, authority=Authority.FREE)
def request_due_reconciliations(tx: Transaction) -> tuple[str, ...]:
    """Ask for a run of every pair that is due; the ids of the runs. Two workers that look at once ask once."""
    require_system(tx)
    tx.number(SCHEDULE)
    due = due_pairs(tx.session, tx.now)
    runs = tuple(_request(tx, name, Mode.SCHEDULED, "It was due.").id for name in due)
    tx.record("reconciliation.due", SCHEDULE, pairs=list(due), runs=list(runs))
    return runs


def ask_for_runs(tx: Transaction, mode: Mode, reason: str, kinds: Collection[str], step: str = "") -> tuple[str, ...]:
    """Ask for a run of every pair that content of these kinds is about; the ids, for the record of the caller.

    After a migration that is every pair; after an incident those that name the step that stopped. A run that nobody
    has begun yet is enough.
    """
    asked = waiting(tx.session)
    return tuple(
        _request(tx, found.id, mode, reason).id
        for found in pairs().values()
        if found.id not in asked and _is_about(found, mode, kinds, step)
    )


def _is_about(pair: Pair, mode: Mode, kinds: Collection[str], step: str) -> bool:
    runs = pair.runs
    match mode:
        case Mode.MIGRATION:
            return True
        case Mode.INCIDENT:
            return step in runs.cases and not set(kinds).isdisjoint((*runs.after, *runs.handed_off))
        case Mode.HANDOFF:
            return not set(kinds).isdisjoint(runs.handed_off)
        case _:
            return not set(kinds).isdisjoint(runs.after)


def _request(tx: Transaction, pair: str, mode: Mode, reason: str) -> ReconciliationRunRow:
    row = ReconciliationRunRow(
        id=f"RC-{tx.now.year}-{tx.number(f'reconciliation-{tx.now.year}'):04d}",
        pair=pair,
        mode=mode,
        state=RunState.REQUESTED,
        requested_by=tx.actor.party,
        reason=reason,
        created_at=tx.now,
        deadline_at=tx.now + UNFINISHED_AGAIN,
    )
    tx.add(row)
    tx.wake(SUBJECT + row.id, "requested")
    return row


@command(control=Control.OPERATION, authority=Authority.FREE)
def cancel_reconciliation(tx: Transaction, run: str) -> RunReceipt:
    """Give a run up; whatever it found is not kept. Raises Conflict("run_is_over")."""
    row = tx.lock(ReconciliationRunRow, run)
    _finish(tx, row, RunState.CANCELLED)
    tx.wake(SUBJECT + run, "cancelled")
    tx.record("reconciliation.cancelled", SUBJECT + run, pair=row.pair)
    return _receipt(row)


@command(control=Control.OPERATION, authority=Authority.FREE)
def begin_reconciliation(tx: Transaction, run: str) -> RunReceipt:
    """The engine begins, or begins again after a crash. A run that is over stays so."""
    require_system(tx)
    row = tx.lock(ReconciliationRunRow, run)
    if RunState(row.state) not in OVER:
        row.state, row.started_at, row.phase = RunState.RUNNING, row.started_at or tx.now, "beginning"
        row.deadline_at = tx.now + UNFINISHED_AGAIN
    tx.record("reconciliation.begun", SUBJECT + run, pair=row.pair, state=row.state)
    return _receipt(row)


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def note_phase(tx: Transaction, run: str, phase: str) -> bool:
    """Show what a run does just now. Returns whether it is still wanted."""
    row = tx.lock(ReconciliationRunRow, run)
    if RunState(row.state) in OVER:
        return False
    row.phase, row.deadline_at = phase[:200], tx.now + UNFINISHED_AGAIN
    return True


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def wake_unfinished_runs(tx: Transaction, limit: int) -> int:
    """Leave a wake-up for runs of which nothing has been heard for a while: their workflow or their worker was lost."""
    late = col(ReconciliationRunRow.deadline_at) < tx.now
    rows = list(tx.session.execute(select(ReconciliationRunRow).where(late).limit(limit)).scalars())
    for row in rows:
        tx.wake(SUBJECT + row.id, "overdue")
        row.deadline_at = tx.now + UNFINISHED_AGAIN
    return len(rows)


@command(control=Control.OPERATION, authority=Authority.FREE)
def finish_reconciliation(tx: Transaction, run: str, result: Reconciliation) -> RunReceipt:
    """Keep the result of a run and turn what it found into work. Raises Conflict("run_is_over")."""
    require_system(tx)
    row = tx.lock(ReconciliationRunRow, run)
    _finish(tx, row, RunState.DONE)
    body = canonical(result.model_dump(mode="json"))
    tx.add(
        ReconciliationResultRow(
            run=run, body=body, digest=digest_of(body), differences_file=result.differences_file, created_at=tx.now
        )
    )
    opened, closed = _work(tx, row, declared(row.pair), result)
    tx.record(
        "reconciliation.finished",
        SUBJECT + run,
        pair=row.pair,
        digest=digest_of(body),
        breaks=result.breaks,
        opened=opened,
        closed=closed,
    )
    return _receipt(row)


@command(control=Control.OPERATION, authority=Authority.FREE)
def fail_reconciliation(tx: Transaction, run: str, code: str, reason: str) -> RunReceipt:
    """A run that cannot come to a result: why, for whoever looks. Raises Conflict("run_is_over")."""
    require_system(tx)
    row = tx.lock(ReconciliationRunRow, run)
    _finish(tx, row, RunState.FAILED)
    row.code, row.phase = code, reason[:200]
    tx.record("reconciliation.failed", SUBJECT + run, "failed", pair=row.pair, code=code)
    return _receipt(row)


def _finish(tx: Transaction, row: ReconciliationRunRow, state: RunState) -> None:
    if RunState(row.state) in OVER:
        raise Conflict("run_is_over", f"The run {row.id} is {row.state} already.", state=row.state)
    row.state, row.finished_at, row.phase, row.deadline_at = state, tx.now, "", None


def _work(tx: Transaction, row: ReconciliationRunRow, pair: Pair, result: Reconciliation) -> tuple[int, int]:
    """Open, keep or close the pair's work: one piece for each kind, so that a million differences are not a million
    rows; the records are in the run's list. The deadline counts from the run that first saw the kind.

    Two runs of a pair that end at once do so one after the other, so that a kind is opened once.
    """
    tx.number(f"reconciliation-work-{pair.id}")
    open_work = select(ReconciliationWorkRow).where(
        col(ReconciliationWorkRow.pair) == pair.id, col(ReconciliationWorkRow.closed_at).is_(None)
    )
    known = {work.kind: work for work in tx.session.execute(open_work).scalars()}
    found = {finding.name: finding for finding in result.findings}
    for name, finding in found.items():
        if name in known:
            work = known[name]
            work.records, work.last_run, work.automatic = finding.records, row.id, finding.automatic
        else:
            tx.add(_new_work(tx, row, pair, finding))
    gone = [work for name, work in known.items() if name not in found]
    for work in gone:
        work.closed_at, work.closed_by = tx.now, row.id
    return len(set(found) - set(known)), len(gone)


def _new_work(tx: Transaction, row: ReconciliationRunRow, pair: Pair, finding: Finding) -> ReconciliationWorkRow:
    return ReconciliationWorkRow(
        id=f"{row.id}/{finding.name}",
        pair=pair.id,
        kind=finding.name,
        severity=finding.severity,
        owner=pair.owner,
        owner_group=accountable_in(ownership.table(tx.session), pair.owner),
        records=finding.records,
        repair=finding.repair,
        automatic=finding.automatic,
        first_run=row.id,
        last_run=row.id,
        opened_at=tx.now,
        due_at=tx.now + timedelta(hours=pair.deadline_hours[finding.severity]),
    )


def _receipt(row: ReconciliationRunRow) -> RunReceipt:
    return RunReceipt(run=row.id, pair=row.pair, state=RunState(row.state))
