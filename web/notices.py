"""The page of notices: what the visitor is told, in person or through a group (R-2.3)."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from queries.notices import notices
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/notices")
PAGE = 100


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading, cursor: str = "") -> Response:
    """What I am told, a page of it."""
    found = notices(session, visitor.actor, cursor or None, PAGE)
    return render(request, "notices.html", visitor=visitor, found=found, first=not cursor)
