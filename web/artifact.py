"""Artifacts: versions with where each became live and by which change, what two versions differ in, entries."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from sqlmodel import Session

from api.parts import Reading
from domain.artifact import EVERYWHERE
from domain.errors import NotFound
from queries import artifacts as reading
from store import artifacts, changes
from store.artifacts import Live
from store.tables.artifact import ArtifactRow
from web.rendering import render
from web.visitor import Visiting, Visitor

router = APIRouter(prefix="/artifacts")
VERSIONS, ENTRIES = 25, 50


@router.get("")
def list_page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """Every artifact."""
    return render(request, "artifacts.html", visitor=visitor, artifacts=reading.artifact_list(session))


@router.get("/{kind}/{name}")
def page(
    request: Request,
    kind: str,
    name: str,
    visitor: Visiting,
    session: Reading,
    old: Annotated[int | None, Query(ge=0)] = None,
    new: Annotated[int | None, Query(ge=1)] = None,
    version: Annotated[int | None, Query(ge=1)] = None,
    before: int | None = None,
    contains: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """One artifact: its versions, a difference, entries of a version."""
    artifact = f"{kind}/{name}"
    latest = artifacts.latest(session, artifact)
    shown, to = version or latest, new or latest
    since = max(to - 1, 0) if old is None else old
    found = reading.entries(session, artifact, shown, contains, after, ENTRIES)
    return render(
        request,
        "artifact.html",
        visitor=visitor,
        artifact=_artifact(session, artifact),
        live=_live(visitor, session, artifact),
        versions=reading.versions(session, artifact, before, VERSIONS),
        difference=reading.version_difference(session, artifact, since, to),
        entries=found,
        more=found[-1][0] if len(found) == ENTRIES else None,
        version=shown,
        contains=contains,
        before=before,
    )


def _artifact(session: Session, artifact: str) -> ArtifactRow:
    row = session.get(ArtifactRow, artifact)
    if row is None:
        raise NotFound("unknown_artifact", f"There is no artifact {artifact!r}.")
    return row


def _live(visitor: Visitor, session: Session, artifact: str) -> Iterable[tuple[str, Live | None]]:
    """What is live in each market at business time."""
    for market in changes.zones(session, (EVERYWHERE,)):
        yield market, artifacts.live(session, artifact, market, EVERYWHERE, visitor.now)
