"""The inbox: what waits for the visitor's decision, what the visitor proposed, what stopped."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from queries.inbox import inbox_page
from store.directory import names
from web.lookups import impact_of, open_cases, proposed_by
from web.rendering import render
from web.visitor import Visiting

router = APIRouter()
PAGE = 50


@router.get("/")
def page(request: Request, visitor: Visiting, session: Reading, cursor: str = "") -> Response:
    """What waits for me, a page of it."""
    found = inbox_page(session, visitor.actor.person, visitor.now, cursor or None, PAGE)
    waiting = found.items
    return render(
        request,
        "inbox.html",
        visitor=visitor,
        waiting=waiting,
        found=found,
        first=not cursor,
        impacts={
            item.change.id: impact_of(session, item.change.id, item.change.revision) for item in waiting if item.change
        },
        names=names(session, {item.represents for item in waiting if item.represents}),
        proposed=proposed_by(session, visitor.actor.party),
        cases=open_cases(session),
    )
