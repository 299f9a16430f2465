"""Loading who answers by name for which artifact, and which of them have to be certified again (R-2.5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.artifact import Content, entry_id
from domain.certification import (
    USUAL_DAYS,
    Certification,
    RuleCertification,
    certification_of_rule,
    due,
    overdue,
)
from domain.kinds import kind_of
from domain.ownership import accountable_for
from store import ownership
from store.artifacts import latest_of
from store.directory import holders
from store.tables.artifact import CertificationRow, VersionRow

TOLD = 10
"""Reasons that a case names; the others are counted."""
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
    since = row.certified_at if row else published
    return Certification(
        artifact=artifact,
        owner_group=accountable_for(owned, kind),
        business_owner=domain.get("business_owner", ""),
        person=row.person if row else None,
        version=row.version if row else None,
        since=since,
        due_at=due(since, days),
    )


def rule_certifications(session: Session, now: datetime) -> tuple[RuleCertification, ...]:
    """Who answers for each rule of every artifact, by artifact and id of the rule."""
    certified, latest = certifications(session), latest_of(session)
    rules = [
        (key, entry, certified[artifact])
        for artifact in sorted(certified)
        for key, entry in kind_of(latest[artifact].kind).rules_in(latest[artifact].content)
    ]
    named = {entry["answered_by"] for _, entry, _ in rules if "answered_by" in entry}
    held = _groups(session, named)
    return tuple(
        certification_of_rule(key, entry, of, of.owner_group in held.get(entry.get("answered_by", ""), ()), now)
        for key, entry, of in rules
    )


def _groups(session: Session, persons: set[str]) -> Mapping[str, frozenset[str]]:
    """The groups of each of these persons who is active."""
    return holders(session, frozenset(), frozenset(persons)).groups if persons else {}


def uncertified(session: Session, now: datetime) -> Mapping[str, str]:
    """The artifacts that have to be certified again, themselves or in some of their rules, and why."""
    found = certifications(session)
    held = _groups(session, {one.person for one in found.values() if one.person})
    reasons: dict[str, list[str]] = {}
    for artifact, one in found.items():
        if why := overdue(one, one.owner_group in held.get(one.person or "", ()), now):
            reasons.setdefault(artifact, []).append(why)
    for rule in rule_certifications(session, now):
        if rule.why:
            reasons.setdefault(rule.artifact, []).append(f"{rule.rule}: {rule.why}")
    return {artifact: _sentence(told) for artifact, told in sorted(reasons.items())}


def _sentence(reasons: Sequence[str]) -> str:
    more = f" And {len(reasons) - TOLD} more." if len(reasons) > TOLD else ""
    return " ".join(reasons[:TOLD]) + more


def unfit_to_answer(session: Session, kind: str, persons: set[str]) -> list[str]:
    """Those of these persons who are no active members of the group that owns a kind."""
    owner = accountable_for(ownership.table(session), kind)
    held = _groups(session, persons)
    return sorted(person for person in persons if owner not in held.get(person, ()))
