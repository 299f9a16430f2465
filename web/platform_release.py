"""The page of what runs: the release of each platform component that is live (R-3.6)."""

from fastapi import APIRouter, Request, Response

from api.parts import Reading
from queries.platform_release import running_releases
from web.rendering import render
from web.visitor import Visiting

router = APIRouter(prefix="/platform-releases")


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """What runs where, since when, by which change."""
    return render(request, "platform_releases.html", visitor=visitor, running=running_releases(session, visitor.now))
