"""Emergencies, reviews, governance boards and standard changes (R-3.4, R-3.5, R-4.7)."""

from fastapi import APIRouter

from api.parts import Asking, InstallationParts, Now, Reading, Writing
from commands.board import AgendaItem, BoardReceipt, Minutes, put_on_agenda, record_minutes
from commands.changes import Receipt
from commands.emergency import ReviewReceipt, Window, break_glass, review_emergency
from commands.residual_risk import Statement, accept_residual_risk
from domain.emergency import Findings
from queries.emergency import ReviewView, reviews
from queries.standards import StandardView, standard_changes

router = APIRouter(prefix="/api", tags=["emergency"])


@router.post("/changes/{change}/break-glass", status_code=201)
def break_the_glass(change: str, installation: InstallationParts, call: Writing, window: Window) -> ReviewReceipt:
    """Let an approved emergency change pass freezes for at most four hours; a second person reviews within a day."""
    return break_glass(installation.gateway, call, change, window)


@router.get("/reviews")
def list_reviews(
    _asking: Asking, session: Reading, now: Now, change: str = "", waiting: bool = False
) -> list[ReviewView]:
    """Reviews of emergencies and break-glass windows, those that are due first."""
    return list(reviews(session, now, change, waiting))


@router.post("/reviews/{what}/{subject}")
def review(
    what: str, subject: str, installation: InstallationParts, call: Writing, findings: Findings
) -> ReviewReceipt:
    """Keep what a second person found."""
    return review_emergency(installation.gateway, call, f"{what}/{subject}", findings)


@router.post("/changes/{change}/agenda", status_code=201)
def agenda(change: str, installation: InstallationParts, call: Writing, item: AgendaItem) -> BoardReceipt:
    """Put a change on the agenda of its governance board."""
    return put_on_agenda(installation.gateway, call, change, item)


@router.post("/changes/{change}/minutes", status_code=201)
def minutes(change: str, installation: InstallationParts, call: Writing, held: Minutes) -> BoardReceipt:
    """Keep the minutes of a meeting of the governance board that had its quorum."""
    return record_minutes(installation.gateway, call, change, held)


@router.post("/changes/{change}/residual-risk", status_code=201)
def residual_risk(change: str, installation: InstallationParts, call: Writing, stated: Statement) -> Receipt:
    """The owner states the risk that remains and accepts it by name."""
    return accept_residual_risk(installation.gateway, call, change, stated)


@router.get("/standard-changes")
def list_standard_changes(_asking: Asking, session: Reading, now: Now) -> list[StandardView]:
    """The templates under which nobody is asked again, with their bounds and whether they still hold."""
    return list(standard_changes(session, now))
