"""All changes, newest first, by state, kind and who wrote them."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from domain.change import ChangeState
from domain.kinds import kinds
from domain.ownership import Authorship
from queries.changes import list_changes
from store.directory import names
from web.rendering import render
from web.visitor import Visiting

router = APIRouter()
PAGE = 25


@router.get("/changes")
def page(
    request: Request,
    visitor: Visiting,
    session: Reading,
    state: str = "",
    kind: str = "",
    authored: str = "",
    cursor: str = "",
) -> Response:
    """A page of the list."""
    found = list_changes(session, cursor or None, PAGE, state=state, kind=kind, authored=authored)
    return render(
        request,
        "changes.html",
        visitor=visitor,
        found=found,
        names=names(session, {change.requester for change in found.items}),
        states=list(ChangeState),
        kinds=list(kinds()),
        authorships=list(Authorship),
        state=state,
        kind=kind,
        authored=authored,
        first=not cursor,
    )
