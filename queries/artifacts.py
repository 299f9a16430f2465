"""Reading artifacts: versions, differences, and version-addressed answers such as the price of an offering (R-9.1)."""

from datetime import datetime
from typing import Any

from sqlalchemy import desc, select
from sqlmodel import Session, col

from domain.artifact import Operation, difference
from domain.certification import Certification, RuleCertification
from domain.errors import NotFound
from domain.kinds import kind_of_artifact
from domain.model import Model
from domain.money import unit_price
from domain.pricing import PriceBook
from store import artifacts
from store.certification import certifications, rule_certifications
from store.tables.artifact import ActivationRow, ArtifactRow, VersionRow


class ArtifactView(Model):
    """An artifact, its latest version, and who answers for it until when (None: it has no version or no owner yet)."""

    id: str
    kind: str
    title: str
    latest: int
    certification: Certification | None


class VersionView(Model):
    """A published version and where it became live."""

    artifact: str
    number: int
    digest: str
    change: str
    published_at: datetime
    operations: int
    activations: tuple["ActivationView", ...]


class ActivationView(Model):
    """A version is live in a market from an instant on; `late_seconds` is how long after its planned instant."""

    market: str
    channel: str
    from_at: datetime
    planned_at: datetime | None
    late_seconds: int | None


class DifferenceView(Model):
    """What leads from one version to another, in business words and as operations."""

    artifact: str
    old: int
    new: int
    words: tuple[str, ...]
    operations: tuple[Operation, ...]


class PriceAnswer(Model):
    """The price of an offering at a place and an instant, and which version and activation say so.

    `unit_price` is decimal text.
    """

    offering: str
    selling_model: str
    market: str
    channel: str
    currency: str
    at: datetime
    unit_price: str
    tiers: tuple[dict[str, Any], ...]
    entry: str
    version: int
    version_digest: str
    activation: str
    live_since: datetime
    change: str


def artifact_list(session: Session) -> tuple[ArtifactView, ...]:
    """Every artifact."""
    rows = session.execute(select(ArtifactRow).order_by(col(ArtifactRow.id))).scalars()
    certified = certifications(session)
    return tuple(
        ArtifactView(id=row.id, kind=row.kind, title=row.title, latest=row.latest, certification=certified.get(row.id))
        for row in rows
    )


def versions(session: Session, artifact: str, before: int | None, limit: int) -> tuple[VersionView, ...]:
    """The versions of an artifact, newest first, below a number. Raises NotFound("unknown_artifact")."""
    artifacts.latest(session, artifact)
    query = (
        select(VersionRow)
        .where(col(VersionRow.artifact) == artifact)
        .order_by(desc(col(VersionRow.number)))
        .limit(limit)
    )
    if before is not None:
        query = query.where(col(VersionRow.number) < before)
    return tuple(_version(session, row) for row in session.execute(query).scalars())


def _version(session: Session, row: VersionRow) -> VersionView:
    found = session.execute(
        select(ActivationRow)
        .where(col(ActivationRow.artifact) == row.artifact, col(ActivationRow.version) == row.number)
        .order_by(col(ActivationRow.from_at), col(ActivationRow.market))
    ).scalars()
    return VersionView(
        artifact=row.artifact,
        number=row.number,
        digest=row.digest,
        change=row.change,
        published_at=row.published_at,
        operations=row.operations.count(b'"entry"'),
        activations=tuple(
            ActivationView(
                market=a.market,
                channel=a.channel,
                from_at=a.from_at,
                planned_at=a.planned_at,
                late_seconds=None if a.planned_at is None else int((a.from_at - a.planned_at).total_seconds()),
            )
            for a in found
        ),
    )


def version_difference(session: Session, artifact: str, old: int, new: int) -> DifferenceView:
    """What leads from one version to another. Raises NotFound("unknown_version")."""
    kind = kind_of_artifact(artifact)
    operations = difference(artifacts.content(session, artifact, old), artifacts.content(session, artifact, new))
    return DifferenceView(
        artifact=artifact, old=old, new=new, words=tuple(kind.describe(op) for op in operations), operations=operations
    )


def price_at(
    session: Session,
    offering: str,
    selling_model: str,
    market: str,
    channel: str,
    currency: str,
    at: datetime,
    artifact: str = "pricing/standard",
) -> PriceAnswer:
    """The list price of an offering at a place and an instant. Raises NotFound("nothing_live", "no_price")."""
    live = artifacts.live(session, artifact, market, channel, at)
    if live is None:
        raise NotFound("nothing_live", f"No price book was live in {market} at {at.isoformat()}.")
    book = PriceBook(artifacts.content(session, artifact, live.version))
    key = book.find(offering, selling_model, market, channel, currency)
    if key is None:
        raise NotFound("no_price", f"{offering} has no {selling_model} price in {currency} in {market}, {channel}.")
    entry = book.entries[key]
    return PriceAnswer(
        offering=offering,
        selling_model=selling_model,
        market=market,
        channel=channel,
        currency=currency,
        at=at,
        unit_price=f"{unit_price(entry['unit_price_micros']):f}",
        tiers=tuple(entry["tiers"]),
        entry=key,
        version=live.version,
        version_digest=live.digest,
        activation=live.activation,
        live_since=live.since,
        change=live.change,
    )


def entries(
    session: Session, artifact: str, version: int, contains: str, after: str, limit: int
) -> list[tuple[str, dict[str, Any]]]:
    """Entries of a version by key after a cursor, those whose key contains a text."""
    content = artifacts.content(session, artifact, version)
    wanted = sorted(key for key in content if key > after and contains.lower() in key.lower())[:limit]
    return [(key, dict(content[key])) for key in wanted]


def rules(session: Session, artifact: str, now: datetime) -> tuple[RuleCertification, ...]:
    """Every rule of an artifact with who answers for it and until when. Raises NotFound("unknown_artifact")."""
    artifacts.latest(session, artifact)
    return tuple(one for one in rule_certifications(session, now) if one.artifact == artifact)
