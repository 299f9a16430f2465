"""Reading reconciliations: pairs, runs, results in numbers, differences page by page, and the work that is open."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import Select, and_, or_, select
from sqlmodel import Session, col

from domain.errors import Conflict, Invalid, NotFound
from domain.model import Model
from domain.ownership import accountable_in
from domain.reconciliation import Difference, Kind, Pair, Reconciliation, RunState, Severity
from policies.reconciliation import pair, pairs
from queries.kept_lists import cell
from store import ownership
from store.files import FileStore
from store.tables.reconciliation import ReconciliationResultRow, ReconciliationRunRow, ReconciliationWorkRow

CSV_COLUMNS = ("number", "kind", "severity", "key", "fields", "left_record", "right_record", "left", "right", "repair")


class RunSummary(Model):
    """A run in a list; breaks: None as long as there is no result."""

    id: str
    pair: str
    title: str
    mode: str
    state: RunState
    phase: str
    code: str
    requested_by: str
    reason: str
    created_at: datetime
    finished_at: datetime | None
    breaks: int | None


class RunPage(Model):
    """A page of runs, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[RunSummary, ...]
    next: str | None


class WorkView(Model):
    """Differences of one kind as work of their owner, until a run finds none."""

    id: str
    pair: str
    kind: str
    severity: Severity
    owner: str
    owner_group: str
    records: int
    repair: str
    automatic: bool
    first_run: str
    last_run: str
    opened_at: datetime
    due_at: datetime
    overdue: bool


class RunView(Model):
    """A run with its result, the digest of the stored result, and the pair's owner and open work."""

    summary: RunSummary
    declaration: Pair
    owner_group: str
    result: Reconciliation | None
    digest: str | None
    work: tuple[WorkView, ...]


class DifferencePage(Model):
    """A page of differences by number, how many there are in all, and the cursor of the next page."""

    items: tuple[Difference, ...]
    total: int
    next: str | None


class PairView(Model):
    """A declared pair with its latest run and what is open."""

    id: str
    title: str
    question: str
    owner: str
    owner_group: str
    last: RunSummary | None
    open_work: int
    overdue: int


def list_pairs(session: Session, now: datetime) -> tuple[PairView, ...]:
    """Every declared pair."""
    work, owners = open_work(session, now), ownership.table(session)
    of = {name: [item for item in work if item.pair == name] for name in pairs()}
    return tuple(
        _pair_view(session, found, accountable_in(owners, found.owner), of[name]) for name, found in pairs().items()
    )


def list_runs(session: Session, cursor: str | None, limit: int, of: str | None = None) -> RunPage:
    """Runs, newest first. Raises Invalid("bad_cursor")."""
    query = _runs().order_by(col(ReconciliationRunRow.created_at).desc(), col(ReconciliationRunRow.id).desc())
    if of:
        query = query.where(col(ReconciliationRunRow.pair) == of)
    if cursor:
        last = session.get(ReconciliationRunRow, cursor)
        if last is None:
            raise Invalid("bad_cursor", f"{cursor!r} is not a cursor of this list.")
        at, name = col(ReconciliationRunRow.created_at), col(ReconciliationRunRow.id)
        query = query.where(or_(at < last.created_at, and_(at == last.created_at, name < last.id)))
    found = [_summary(row, body) for row, body in session.execute(query.limit(limit))]
    return RunPage(items=tuple(found), next=found[-1].id if len(found) == limit else None)


def run_view(session: Session, run: str, now: datetime) -> RunView:
    """A run with everything about it. Raises NotFound("unknown_reconciliation")."""
    row = _run(session, run)
    kept = session.get(ReconciliationResultRow, run)
    return RunView(
        summary=_summary(row, kept.body if kept else None),
        declaration=pair(row.pair),
        owner_group=accountable_in(ownership.table(session), pair(row.pair).owner),
        result=_result(kept.body) if kept else None,
        digest=kept.digest if kept else None,
        work=tuple(item for item in open_work(session, now) if item.pair == row.pair),
    )


def open_work(session: Session, now: datetime) -> tuple[WorkView, ...]:
    """All open work, the most urgent first."""
    query = (
        select(ReconciliationWorkRow)
        .where(col(ReconciliationWorkRow.closed_at).is_(None))
        .order_by(col(ReconciliationWorkRow.due_at), col(ReconciliationWorkRow.id))
    )
    fields = set(WorkView.model_fields) - {"overdue"}
    return tuple(
        WorkView(**row.model_dump(include=fields), overdue=row.due_at < now) for row in session.execute(query).scalars()
    )


def differences(
    session: Session,
    files: FileStore,
    run: str,
    start: int,
    limit: int,
    kind: str | None = None,
    field: str | None = None,
    severity: str | None = None,
) -> DifferencePage:
    """Differences of a run by number, of one kind, one field or one severity if wanted.

    Raises NotFound("unknown_reconciliation"), Conflict("no_result"), Invalid("bad_filter"), and Unavailable when the
    list is damaged.
    """
    result, table = _kept(session, files, run)
    table = _narrowed(table, kind, field, severity)
    end = start + limit
    rows = table.slice(start, limit).to_pylist()
    return DifferencePage(
        items=tuple(_difference(row, result) for row in rows),
        total=table.num_rows,
        next=str(end) if end < table.num_rows else None,
    )


def difference(session: Session, files: FileStore, run: str, number: int) -> Difference:
    """One difference of a run. Raises NotFound("unknown_difference") beside what `differences` raises."""
    result, table = _kept(session, files, run)
    rows = table.filter(pc.equal(table["number"], number)).to_pylist()
    if not rows:
        raise NotFound("unknown_difference", f"{run} has no difference {number}.", run=run, number=number)
    return _difference(rows[0], result)


def export(session: Session, files: FileStore, run: str) -> Iterator[str]:
    """All differences of a run as CSV, a part at a time. Raises as `differences` does, before the first part."""
    return _csv(_kept(session, files, run)[1])


def _csv(table: pa.Table) -> Iterator[str]:
    yield ",".join(CSV_COLUMNS) + "\r\n"
    for batch in table.to_batches(max_chunksize=5_000):
        text = io.StringIO()
        writer = csv.writer(text)
        names = [name if name not in ("left", "right") else f"{name}_values" for name in CSV_COLUMNS]
        writer.writerows(zip(*([cell(value) for value in batch[name].to_pylist()] for name in names), strict=True))
        yield text.getvalue()


def _kept(session: Session, files: FileStore, run: str) -> tuple[Reconciliation, pa.Table]:
    row, kept = _run(session, run), session.get(ReconciliationResultRow, run)
    if kept is None:
        raise Conflict("no_result", f"{run} is {row.state} and has no result.", state=row.state)
    return _result(kept.body), pq.read_table(pa.BufferReader(files.get(kept.differences_file)))


def _narrowed(table: pa.Table, kind: str | None, field: str | None, severity: str | None) -> pa.Table:
    if kind and kind not in set(Kind):
        raise Invalid("bad_filter", f"{kind!r} is no kind of difference; there are {', '.join(Kind)}.")
    if severity and severity not in set(Severity):
        raise Invalid("bad_filter", f"{severity!r} is no severity; there are {', '.join(Severity)}.")
    for name, wanted in (("kind", kind), ("severity", severity)):
        if wanted:
            table = table.filter(pc.fill_null(pc.equal(table[name], wanted), False))
    if field:
        listed = pc.binary_join_element_wise(",", table["fields"], ",", "")
        table = table.filter(pc.match_substring(listed, f",{field},"))
    return table


def _difference(row: dict[str, object], result: Reconciliation) -> Difference:
    allowed = {(found.kind, found.repair) for found in result.findings if found.automatic}
    return Difference.model_validate(
        {
            **{name: row[name] for name in ("number", "kind", "severity", "key", "left_record", "right_record")},
            "fields": tuple(str(row["fields"]).split(",")) if row["fields"] else (),
            "left": _values(row["left_values"]),
            "right": _values(row["right_values"]),
            "repair": row["repair"],
            "automatic": bool(row["safe"]) and (row["kind"], row["repair"]) in allowed,
            "due_at": row["due_at"],
        }
    )


def _values(text: object) -> object:
    return None if text is None else json.loads(str(text))


def _pair_view(session: Session, found: Pair, owner_group: str, work: list[WorkView]) -> PairView:
    runs = list_runs(session, None, 1, found.id).items
    return PairView(
        **found.model_dump(include={"id", "title", "question", "owner"}),
        owner_group=owner_group,
        last=runs[0] if runs else None,
        open_work=len(work),
        overdue=sum(item.overdue for item in work),
    )


def _runs() -> Select[ReconciliationRunRow, bytes]:
    return select(ReconciliationRunRow, col(ReconciliationResultRow.body)).outerjoin(
        ReconciliationResultRow, col(ReconciliationResultRow.run) == col(ReconciliationRunRow.id)
    )


def _run(session: Session, run: str) -> ReconciliationRunRow:
    row = session.get(ReconciliationRunRow, run)
    if row is None:
        raise NotFound("unknown_reconciliation", f"There is no reconciliation {run!r}.", run=run)
    return row


def _summary(row: ReconciliationRunRow, body: bytes | None) -> RunSummary:
    known = pairs().get(row.pair)
    fields = set(RunSummary.model_fields) - {"title", "breaks"}
    return RunSummary(
        **row.model_dump(include=fields),
        title=known.title if known else row.pair,
        breaks=_result(body).breaks if body else None,
    )


def _result(body: bytes) -> Reconciliation:
    return Reconciliation.model_validate_json(body)
