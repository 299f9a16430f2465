"""The revisions of a change: what each changed against the one before, and each as it was written (R-4.4)."""

from fastapi import APIRouter, Request, Response

from api.parts import Counted, Reading, Whole
from queries.revisions import revision_page, revision_view
from store import changes
from web.rendering import render
from web.visitor import Visiting

PAGE = 25
router = APIRouter(prefix="/changes/{change}/revisions")


@router.get("")
def page(
    request: Request,
    change: str,
    visitor: Visiting,
    session: Reading,
    cursor: Whole = 0,
) -> Response:
    """A page of the list, first to last."""
    found = revision_page(session, change, cursor, PAGE)
    title = changes.change(session, change).title
    return render(request, "revisions.html", visitor=visitor, id=change, title=title, found=found, first=not cursor)


@router.get("/{number}")
def one(
    request: Request,
    change: str,
    number: Counted,
    visitor: Visiting,
    session: Reading,
) -> Response:
    """A revision as it was written."""
    total = changes.change(session, change).revision
    return render(request, "revision.html", visitor=visitor, view=revision_view(session, change, number), total=total)
