"""The page of a change's impact: numbers first, then what is behind each of them, then what depends on what."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.parts import InstallationParts, Reading, Whole
from api.routes.impact import download
from domain.impact import FAULTS
from queries import impact
from queries.changes import change_view
from queries.impact import Format
from web.graph import drawing
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/changes/{change}/impact")
PAGE = 50
LISTS = {
    "quotes": "Open quotes",
    "orders": "Pending orders",
    "assets": "Assets and subscriptions",
    "renewals": "Renewals in the next 90 days",
    "promotions": "Overlapping promotions",
    "thresholds": "Approval thresholds",
    "clauses": "Proposal clauses",
    "billing": "Billing mappings",
    "contracts": "Downstream contracts and events",
    "reports": "Reports and analytics",
    "rollback": "What taking it back moves",
}


@router.get("")
def page(
    request: Request,
    change: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    show: Annotated[str, Query(max_length=20)] = "quotes",
    start: Whole = 0,
) -> Response:
    """Everything that the change moves, as it was found."""
    found = impact.impact_view(session, change)
    graph = impact.graph(session, change)
    return render(
        request,
        "impact.html",
        visitor=visitor,
        summary=change_view(session, change, visitor.now).summary,
        found=found,
        lists=LISTS,
        of_documents=impact.OF_DOCUMENTS,
        show=show,
        listed=impact.listed(session, installation.files, change, show, str(start), PAGE),
        start=start,
        page=PAGE,
        graph=graph,
        drawing=drawing(graph),
        faults=FAULTS,
    )


@router.get("/export")
def export(
    change: str,
    _visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    show: Annotated[str, Query(max_length=20)] = "quotes",
    wanted: Annotated[Format, Query(alias="format")] = "csv",
) -> Response:
    """The whole list as a file."""
    return download(impact.exported(session, installation.files, change, show, wanted), f"{change}-{show}", wanted)
