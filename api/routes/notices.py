"""What you are told, and the queues in which changes of an artifact release (R-2.3, R-4.5)."""

from fastapi import APIRouter

from api.parts import Asking, Limit, Reading
from queries.collisions import QueuePlace, release_queue
from queries.notices import NoticePage, notices

router = APIRouter(prefix="/api", tags=["notices"])


@router.get("/me/notices")
def my_notices(asking: Asking, session: Reading, limit: Limit = 50, cursor: str | None = None) -> NoticePage:
    """What you are told, in person or through a group, newest first."""
    return notices(session, asking, cursor, limit)


@router.get("/artifacts/{kind}/{name}/queue")
def queue(kind: str, name: str, _asking: Asking, session: Reading) -> list[QueuePlace]:
    """The open changes of an artifact in the order of their release."""
    return list(release_queue(session, f"{kind}/{name}"))
