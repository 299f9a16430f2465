"""Loading who answers by name for which artifact, and which of them have to be certified again (R-2.5)."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.artifact import Content, entry_id
from domain.certification import USUAL_DAYS, Certification, due, overdue
from domain.ownership import accountable_for
from store import ownership
from store.artifacts import latest_of
from store.directory import holders
from store.tables.artifact import CertificationRow, VersionRow

FIRST = select(col(VersionRow.artifact), col(VersionRow.published_at)).where(col(VersionRow.number) == 1)


def certifications(session: Session) -> Mapping[str, Certification]:
    """The certification of every artifact that has a version; nothing before there is an ownership table."""
    latest = latest_of(session)
    if ownership.OWNERSHIP not in latest or not latest[ownership.OWNERSHIP].number:
        return {}
    owned = latest[ownership.OWNERSHIP].content
    rows = session.execute(select(CertificationRow).order_by(col(CertificationRow.certified_at))).scalars()
    last = {row.artifact: row for row in rows}
    return {
        artifact: _certification(owned, latest[artifact].kind, artifact, published, last.get(artifact))
        for artifact, published in session.execute(FIRST)
    }


def _certification(
    owned: Content, kind: str, artifact: str, published: datetime, row: CertificationRow | None
) -> Certification:
    domain = owned.get(entry_id("domain", owned.get(entry_id("kind", kind), {}).get("domain", "")), {})
    days = domain.get("certify_every_days", USUAL_DAYS)
    return Certification(
        artifact=artifact,
        owner_group=accountable_for(owned, kind),
        business_owner=domain.get("business_owner", ""),
        person=row.person if row else None,
        version=row.version if row else None,
        due_at=due(row.certified_at if row else published, days),
    )


def uncertified(session: Session, now: datetime) -> Mapping[str, str]:
    """The artifacts that have to be certified again, and why."""
    found = certifications(session)
    named = frozenset(one.person for one in found.values() if one.person)
    held = holders(session, frozenset(), named).groups if named else {}
    reasons = {
        artifact: overdue(one, one.owner_group in held.get(one.person or "", ()), now)
        for artifact, one in found.items()
    }
    return {artifact: why for artifact, why in reasons.items() if why}
