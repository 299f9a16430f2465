"""What runs of the platform, and so what a delivery pipeline may deploy (R-3.6)."""

from typing import Annotated

from fastapi import APIRouter, Query

from api.parts import Asking, Now, Reading
from queries.platform_release import RunningRelease, running_releases

router = APIRouter(prefix="/api/platform-releases", tags=["changes"])


@router.get("")
def running(
    _asking: Asking, session: Reading, now: Now, component: Annotated[str, Query(max_length=60)] = ""
) -> list[RunningRelease]:
    """The release of each component that is live: where, since when, by which change. A pipeline deploys this alone."""
    return list(running_releases(session, now, component))
