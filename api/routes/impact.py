"""The impact of a change: the ten answers, their lists page by page or whole, the dependency graph (chapter 5)."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from analysis.graph import Graph
from api.parts import Asking, Cursor, InstallationParts, Limit, Reading
from queries import impact
from queries.impact import Format, ImpactView, ListPage

router = APIRouter(prefix="/api/changes/{change}", tags=["impact"])
MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}


@router.get("/impact")
def read(change: str, _asking: Asking, session: Reading) -> ImpactView:
    """The ten answers with counts and money, how they were found, and what was found again before the release."""
    return impact.impact_view(session, change)


@router.get("/impact/{answer}")
def listed(
    change: str,
    answer: str,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    cursor: Cursor = "",
) -> ListPage:
    """What is behind an answer, ordered by id: documents (quotes, orders, assets, renewals) or entries of artifacts."""
    return impact.listed(session, installation.files, change, answer, cursor, limit)


@router.get("/impact/{answer}/export", response_class=Response)
def export(
    change: str,
    answer: str,
    installation: InstallationParts,
    _asking: Asking,
    session: Reading,
    wanted: Annotated[Format, Query(alias="format")] = "csv",
) -> Response:
    """The whole list behind an answer as CSV or Parquet."""
    return download(impact.exported(session, installation.files, change, answer, wanted), f"{change}-{answer}", wanted)


@router.get("/graph")
def graph(change: str, _asking: Asking, session: Reading) -> Graph:
    """What the changed entries depend on and what depends on them."""
    return impact.graph(session, change)


def download(data: bytes, name: str, wanted: Format) -> Response:
    """A file to be kept. The name is made of ids."""
    disposition = f'attachment; filename="{name}.{wanted}"'
    return Response(data, media_type=MEDIA[wanted], headers={"Content-Disposition": disposition})
