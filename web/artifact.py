"""Artifacts: versions with where each became live and by which change, what two versions differ in, entries."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request, Response
from sqlmodel import Session

from api.parts import Counted, InstallationParts, Reading, Whole
from commands.certification import certify
from domain.artifact import EVERYWHERE
from domain.errors import NotFound
from queries import artifacts as reading
from queries.simulation import version_today
from store import artifacts, changes
from store.artifacts import Live
from store.certification import certifications
from store.directory import names
from store.tables.artifact import ArtifactRow
from web.rendering import render, see
from web.simulation import unrecorded
from web.visitor import FormCall, PageForm, Visiting, Visitor

router = APIRouter(prefix="/artifacts")
VERSIONS, ENTRIES = 25, 50


@router.get("")
def list_page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """Every artifact."""
    found = reading.artifact_list(session)
    people = {one.certification.person for one in found if one.certification and one.certification.person}
    return render(request, "artifacts.html", visitor=visitor, artifacts=found, names=names(session, people))


@router.get("/{kind}/{name}/versions/{version}/today")
def version_page(
    request: Request,
    kind: str,
    name: str,
    version: Whole,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
) -> Response:
    """What it would do to the quotes of today if this version were live instead of the latest one."""
    artifact = f"{kind}/{name}"
    found = version_today(session, installation.files, artifact, version, installation.wide)
    return unrecorded(
        request,
        visitor,
        found,
        heading=f"What would version {version} of {artifact} do today?",
        note="Run just now on the quotes of today, against the latest version. Nothing is recorded.",
        back=f"/artifacts/{artifact}",
    )


@router.get("/{kind}/{name}")
def page(
    request: Request,
    kind: str,
    name: str,
    visitor: Visiting,
    session: Reading,
    old: Whole | None = None,
    new: Counted | None = None,
    version: Counted | None = None,
    before: Whole | None = None,
    contains: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Response:
    """One artifact: its versions, a difference, entries of a version."""
    artifact = f"{kind}/{name}"
    latest = artifacts.latest(session, artifact)
    shown, to = version or latest, new or latest
    since = max(to - 1, 0) if old is None else old
    certification = certifications(session).get(artifact)
    found = reading.entries(session, artifact, shown, contains, after, ENTRIES)
    return render(
        request,
        "artifact.html",
        visitor=visitor,
        artifact=_artifact(session, artifact),
        certification=certification,
        names=names(session, {certification.person} if certification and certification.person else set()),
        live=_live(visitor, session, artifact),
        versions=reading.versions(session, artifact, before, VERSIONS),
        difference=reading.version_difference(session, artifact, since, to),
        entries=found,
        more=found[-1][0] if len(found) == ENTRIES else None,
        version=shown,
        contains=contains,
        before=before,
    )


@router.post("/{kind}/{name}/certification")
def certify_here(
    kind: str, name: str, installation: InstallationParts, call: FormCall, _form: Annotated[PageForm, Form()]
) -> Response:
    """Answer by name for what the page shows."""
    certify(installation.gateway, call, f"{kind}/{name}")
    return see(f"/artifacts/{kind}/{name}")


def _artifact(session: Session, artifact: str) -> ArtifactRow:
    row = session.get(ArtifactRow, artifact)
    if row is None:
        raise NotFound("unknown_artifact", f"There is no artifact {artifact!r}.")
    return row


def _live(visitor: Visitor, session: Session, artifact: str) -> Iterable[tuple[str, Live | None]]:
    """What is live in each market at business time."""
    for market in changes.zones(session, (EVERYWHERE,)):
        yield market, artifacts.live(session, artifact, market, EVERYWHERE, visitor.now)
