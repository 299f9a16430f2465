"""The inbox: what waits for the visitor's decision, what the visitor proposed, what stopped."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from queries.inbox import inbox
from store.directory import names
from web.lookups import impact_of, open_cases, proposed_by
from web.rendering import render
from web.visitor import Visiting

router = APIRouter()


@router.get("/")
def page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """What waits for me."""
    waiting = inbox(session, visitor.actor.person, visitor.now) if visitor.actor.person else ()
    return render(
        request,
        "inbox.html",
        visitor=visitor,
        waiting=waiting,
        impacts={
            item.change.id: impact_of(session, item.change.id, item.change.revision) for item in waiting if item.change
        },
        names=names(session, {item.represents for item in waiting if item.represents}),
        proposed=proposed_by(session, visitor.actor.party),
        cases=open_cases(session),
    )
