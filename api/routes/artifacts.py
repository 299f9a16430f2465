"""Artifacts, their versions, and version-addressed prices (chapter 9)."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from api.parts import Asking, InstallationParts, Limit, Now, Reading, Whole, Writing
from commands.certification import certify
from commands.imports import Import, Imported, import_content
from domain.certification import Certification, RuleCertification
from domain.given import Instant
from domain.model import Model
from queries import artifacts as reading
from queries.artifacts import ArtifactView, DifferenceView, PriceAnswer, VersionView

router = APIRouter(prefix="/api", tags=["artifacts"])


class Entries(Model):
    """A page of entries of a version, each with its `key`, and the key after which the next page begins."""

    items: list[dict[str, Any]]
    next: str | None


@router.get("/artifacts")
def list_artifacts(_asking: Asking, session: Reading) -> list[ArtifactView]:
    """Every artifact with its latest version."""
    return list(reading.artifact_list(session))


@router.post("/artifacts/{kind}/{name}/certification", status_code=201)
def certify_artifact(kind: str, name: str, installation: InstallationParts, call: Writing) -> Certification:
    """Answer by name for an artifact and every rule in it, as it is now; for the group that owns it."""
    return certify(installation.gateway, call, f"{kind}/{name}")


@router.get("/artifacts/{kind}/{name}/rules")
def rules(kind: str, name: str, _asking: Asking, session: Reading, now: Now) -> list[RuleCertification]:
    """Every rule with who answers for it, until when, and what is wrong with that today."""
    return list(reading.rules(session, f"{kind}/{name}", now))


@router.get("/artifacts/{kind}/{name}/versions")
def versions(
    kind: str, name: str, _asking: Asking, session: Reading, limit: Limit = 50, before: Whole | None = None
) -> list[VersionView]:
    """Versions, newest first, with where each became live."""
    return list(reading.versions(session, f"{kind}/{name}", before, limit))


@router.get("/artifacts/{kind}/{name}/versions/{version}/entries")
def entries(
    kind: str,
    name: str,
    version: Whole,
    _asking: Asking,
    session: Reading,
    limit: Limit = 50,
    contains: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[str, Query(max_length=400)] = "",
) -> Entries:
    """Entries of a version by key."""
    found = reading.entries(session, f"{kind}/{name}", version, contains, after, limit)
    return Entries(
        items=[{**entry, "key": key} for key, entry in found], next=found[-1][0] if len(found) == limit else None
    )


@router.get("/artifacts/{kind}/{name}/difference")
def difference(kind: str, name: str, old: Whole, new: Whole, _asking: Asking, session: Reading) -> DifferenceView:
    """What leads from one version to another, in business words."""
    return reading.version_difference(session, f"{kind}/{name}", old, new)


@router.get("/prices")
def price(
    offering: str,
    selling_model: str,
    market: str,
    channel: str,
    currency: str,
    _asking: Asking,
    session: Reading,
    now: Now,
    at: Instant | None = None,
) -> PriceAnswer:
    """The price of an offering at a place and an instant, and which version and activation say so."""
    return reading.price_at(session, offering, selling_model, market, channel, currency, at or now)


@router.post("/imports", status_code=201)
def import_artifacts(installation: InstallationParts, call: Writing, given: Import) -> Imported:
    """Import a catalog and prices into an empty store, without approval and audited as such.

    Empty is a store in which nothing was published since the set-up. The same content again changes nothing.
    """
    return import_content(installation.gateway, call, given, installation.settings.targets)
