"""Reconciliations on pages: the pairs with their work, a run with its numbers and proof, a difference side by side."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import Field

from api.parts import InstallationParts, Reading, Whole
from commands.reconciliations import cancel_reconciliation, request_reconciliation
from domain.errors import Conflict
from domain.reconciliation import OVER, Mode, Pair, Reconciliation, SideCount
from queries import reconciliations as reading
from web.rendering import SECURITY_HEADERS, render, see
from web.visitor import FormCall, PageForm, Visiting

router = APIRouter(prefix="/reconciliations")
Run = Annotated[str, Path(max_length=40)]
RUNS, PAGE = 10, 25


class RunForm(PageForm):
    """Which pair to reconcile and why."""

    pair: Annotated[str, Field(max_length=60)]
    mode: Mode = Mode.MANUAL
    reason: Annotated[str, Field(max_length=400)] = ""


@router.get("")
def overview(
    request: Request, visitor: Visiting, session: Reading, cursor: Annotated[str, Query(max_length=40)] = ""
) -> Response:
    """Every pair, the open work, and the latest runs."""
    return render(
        request,
        "reconciliations.html",
        visitor=visitor,
        pairs=reading.list_pairs(session, visitor.now),
        work=reading.open_work(session, visitor.now),
        runs=reading.list_runs(session, cursor or None, RUNS),
        modes=list(Mode),
        first=not cursor,
    )


@router.post("")
def ask(installation: InstallationParts, call: FormCall, form: Annotated[RunForm, Form()]) -> Response:
    """Ask for a run and look at it."""
    receipt = request_reconciliation(installation.gateway, call, form.pair, form.mode, form.reason)
    return see(f"/reconciliations/{receipt.run}")


@router.get("/{run}")
def page(
    request: Request,
    run: Run,
    visitor: Visiting,
    session: Reading,
    installation: InstallationParts,
    start: Whole = 0,
    kind: str = "",
    field: Annotated[str, Query(max_length=60)] = "",
    severity: str = "",
) -> Response:
    """A run: numbers first, then the proof, then what differs."""
    view = reading.run_view(session, run, visitor.now)
    wanted = {"kind": kind, "field": field, "severity": severity}
    listed = None
    if view.result is not None:
        narrowed = {name: value or None for name, value in wanted.items()}
        listed = reading.differences(session, installation.files, run, start, PAGE, **narrowed)
    context = {"view": view, "listed": listed, "start": start, "page": PAGE, "wanted": wanted}
    return render(request, "reconciliation.html", visitor=visitor, **context, **_shown(view.declaration, view.result))


@router.get("/{run}/progress")
def progress(request: Request, run: Run, visitor: Visiting, session: Reading) -> Response:
    """The part of the page that follows a run; when it is over the browser loads the page again."""
    view = reading.run_view(session, run, visitor.now)
    answer = render(request, "reconciliation_progress.html", visitor=visitor, view=view)
    if view.summary.state in OVER:
        answer.headers["HX-Refresh"] = "true"
    return answer


@router.post("/{run}/cancel")
def cancel(run: Run, installation: InstallationParts, call: FormCall) -> Response:
    """Give a run up; one that is over already is looked at all the same."""
    try:
        cancel_reconciliation(installation.gateway, call, run)
    except Conflict as error:
        if error.code != "run_is_over":
            raise
    return see(f"/reconciliations/{run}")


@router.get("/{run}/differences.csv")
def export(run: Run, visitor: Visiting, session: Reading, installation: InstallationParts) -> StreamingResponse:
    """Every difference as CSV."""
    headers = {**SECURITY_HEADERS, "Content-Disposition": f'attachment; filename="{run}.csv"'}
    parts = reading.export(session, installation.files, run)
    return StreamingResponse(parts, media_type="text/csv; charset=utf-8", headers=headers)


@router.get("/{run}/differences/{number}")
def difference(
    request: Request, run: Run, number: Whole, visitor: Visiting, session: Reading, installation: InstallationParts
) -> Response:
    """One difference: both records side by side."""
    view = reading.run_view(session, run, visitor.now)
    found = reading.difference(session, installation.files, run, number)
    titles = {field.name: field.title for field in view.declaration.fields}
    names = list(titles) if found.left is None or found.right is None else list(found.left)
    context = {"view": view, "found": found, "titles": titles, "names": names}
    return render(request, "reconciliation_difference.html", visitor=visitor, **context)


def _shown(pair: Pair, result: Reconciliation | None) -> dict[str, Any]:
    """What the tables of a result need."""
    titles = {field.name: field.title for field in pair.fields}
    sides = [] if result is None else [(pair.left.name, result.left), (pair.right.name, result.right)]
    return {"titles": titles, "sides": [(name, side, _shares(side)) for name, side in sides]}


def _shares(side: SideCount) -> list[tuple[str, int, float]]:
    """Matched, unmatched and excluded with their share of the population in percent, for the bar."""
    parts = (("matched", side.matched), ("unmatched", side.unmatched), ("excluded", side.left_out))
    return [(name, count, round(100 * count / side.population, 3) if side.population else 0.0) for name, count in parts]
