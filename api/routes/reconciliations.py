"""Reconciliations: ask for a run of a pair, follow it, read what differs, page by page or as CSV (chapter 18)."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from pydantic import AfterValidator, Field

from api.parts import Asking, InstallationParts, Limit, Now, Reading, Whole, Writing
from commands.reconciliations import RunReceipt, cancel_reconciliation, request_reconciliation
from domain.change import visible_or_empty
from domain.model import Model
from domain.reconciliation import Difference, Mode
from queries import reconciliations as reading
from queries.reconciliations import DifferencePage, PairView, RunPage, RunView, WorkView

router = APIRouter(prefix="/api", tags=["reconciliations"])
Run = Annotated[str, Path(max_length=40)]


class Asked(Model):
    """Which pair to reconcile, why, and in which words."""

    pair: Annotated[str, Field(max_length=60)]
    mode: Mode = Mode.MANUAL
    reason: Annotated[str, Field(max_length=400), AfterValidator(visible_or_empty)] = ""


@router.get("/reconciliation-pairs")
def list_pairs(_asking: Asking, session: Reading, now: Now) -> list[PairView]:
    """What can be reconciled, with the latest run of each and what is open."""
    return list(reading.list_pairs(session, now))


@router.get("/reconciliation-work")
def list_work(_asking: Asking, session: Reading, now: Now) -> list[WorkView]:
    """Differences as work of their owners, the most urgent first."""
    return list(reading.open_work(session, now))


@router.post("/reconciliations", status_code=202)
def request(installation: InstallationParts, call: Writing, body: Asked) -> RunReceipt:
    """Ask for a run; follow it by its id until it is done."""
    return request_reconciliation(installation.gateway, call, body.pair, body.mode, body.reason)


@router.get("/reconciliations")
def list_runs(
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Annotated[str | None, Query(max_length=40)] = None,
    pair: Annotated[str | None, Query(max_length=60)] = None,
) -> RunPage:
    """Runs, newest first."""
    return reading.list_runs(session, cursor, limit, pair)


@router.get("/reconciliations/{run}")
def read(run: Run, _asking: Asking, session: Reading, now: Now) -> RunView:
    """A run: where it stands, what it found, which work is open."""
    return reading.run_view(session, run, now)


@router.post("/reconciliations/{run}/cancel")
def cancel(run: Run, installation: InstallationParts, call: Writing) -> RunReceipt:
    """Give a run up; nothing of it is kept."""
    return cancel_reconciliation(installation.gateway, call, run)


@router.get("/reconciliations/{run}/differences")
def differences(
    run: Run,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Whole = 0,
    kind: str | None = None,
    field: Annotated[str | None, Query(max_length=60)] = None,
    severity: str | None = None,
) -> DifferencePage:
    """What differs, worst first, both records side by side."""
    return reading.differences(session, installation.files, run, cursor, limit, kind, field, severity)


@router.get("/reconciliations/{run}/differences/{number}")
def difference(
    run: Run, number: Whole, installation: InstallationParts, _asking: Asking, session: Reading
) -> Difference:
    """One difference."""
    return reading.difference(session, installation.files, run, number)


@router.get("/reconciliations/{run}/differences.csv")
def export(run: Run, installation: InstallationParts, _asking: Asking, session: Reading) -> StreamingResponse:
    """Every difference as CSV."""
    headers = {"Content-Disposition": f'attachment; filename="{run}.csv"'}
    parts = reading.export(session, installation.files, run)
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)
