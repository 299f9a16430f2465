"""What is kept about approval policies beside their versions: audit findings, and which version is temporary."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import exists, literal, or_, select
from sqlmodel import Session, col

from domain.artifact import EVERYWHERE, Part, conflicts, invert
from domain.change import ChangeState
from domain.kinds.approval import MOST_WAIT_DAYS
from policies.content import policy_of
from store import artifacts
from store.directory import PERSON, SAME_PERSON
from store.freezes import freezes
from store.tables.approval import ParticipationRow
from store.tables.artifact import ArtifactRow, VersionRow
from store.tables.change import CaseRow, ChangeRow, RevisionRow
from store.tables.columns import table_of

KIND = "approval"
FINDING = "finding/"
"""Of a case that is an audit finding: its step, followed by who recorded it."""


def findings_open(session: Session, policy: str) -> list[CaseRow]:
    """The audit findings against a policy that nobody has answered, oldest first."""
    rows = session.execute(
        select(CaseRow)
        .where(col(CaseRow.subject) == policy, col(CaseRow.closed_at).is_(None), col(CaseRow.step).startswith(FINDING))
        .order_by(col(CaseRow.opened_at), col(CaseRow.id))
    )
    return list(rows.scalars())


def release_blocks(session: Session, parts: Sequence[Part]) -> list[str]:
    """What keeps policies of a change from being released: findings that nobody has answered (R-8.7)."""
    policies = [part.artifact for part in parts if part.artifact.startswith(f"{KIND}/")]
    return [f"finding:{case.id}" for policy in policies for case in findings_open(session, policy)]


def temporary_version(session: Session, policy: str, latest: int, retires_at: datetime) -> VersionRow:
    """The version that set the retirement which the latest one still has."""
    number = latest
    while number > 1 and _retires_at(session, policy, number - 1) == retires_at:
        number -= 1
    return session.get_one(VersionRow, (policy, number))


def retirement_of(session: Session, policy: str, latest: int, version: VersionRow) -> Part:
    """What takes back a temporary version, and nothing else."""
    return Part(artifact=policy, base=latest, operations=invert(artifacts.operations(session, version)))


def retirement_blocks(session: Session, policy: str, now: datetime) -> list[str]:
    """What keeps a policy from retiring when its time has come: a freeze, entries that moved, no change behind it."""
    latest = artifacts.latest(session, policy)
    at = _retires_at(session, policy, latest)
    if at is None:
        return ["not_temporary"]
    version = temporary_version(session, policy, latest, at)
    blocks = [f"frozen:{freeze.id}" for freeze in freezes(session, KIND, (EVERYWHERE,), now)]
    released = session.get(ChangeRow, version.change)
    if released is None or released.state not in (ChangeState.MONITORING, ChangeState.COMPLETED):
        return [*blocks, "not_released_by_a_change"]
    inverse = retirement_of(session, policy, latest, version)
    content = artifacts.content(session, policy, latest)
    return [*blocks, *(f"moved:{entry}" for entry in conflicts(content, inverse.operations))]


def before_own(session: Session, policy: str, party: str, now: datetime) -> set[int]:
    """The versions before those that somebody asked for or wrote a part of, and still has to wait for (R-7.3)."""
    own = (
        select(VersionRow)
        .join(ChangeRow, col(ChangeRow.id) == col(VersionRow.change))
        .join(RevisionRow, col(RevisionRow.change) == col(VersionRow.change))
        .where(col(VersionRow.artifact) == policy, col(VersionRow.number) > 1)
        .where(or_(_is(col(ChangeRow.requester), party), _is(col(RevisionRow.author), party)))
        .where(col(VersionRow.published_at) > now - timedelta(days=MOST_WAIT_DAYS))
    )
    return {row.number - 1 for row in session.execute(own).scalars() if now < _waits_until(session, row)}


def _is(stored: Any, party: str) -> Any:
    """Whether who is stored is this party, or turned out to be (B6)."""
    part = table_of(ParticipationRow)
    turned_out = part.c.subject == literal(PERSON) + stored, part.c.person == party, part.c.role == SAME_PERSON
    return or_(stored == party, exists().where(*turned_out))


def _waits_until(session: Session, version: VersionRow) -> datetime:
    """The version before says for how long, so that a version cannot shorten its own."""
    before = policy_of(artifacts.content(session, version.artifact, version.number - 1))
    return version.published_at + timedelta(days=before.author_waits_days)


def _retires_at(session: Session, policy: str, number: int) -> datetime | None:
    return policy_of(artifacts.content(session, policy, number)).retires_at


def known_policies(session: Session) -> list[str]:
    """Every approval policy that has a version."""
    rows = select(col(ArtifactRow.id)).where(col(ArtifactRow.kind) == KIND, col(ArtifactRow.latest) > 0)
    return list(session.execute(rows).scalars())


def due_policies(session: Session, now: datetime) -> list[str]:
    """The temporary policies whose time has come."""
    found = []
    for policy in known_policies(session):
        at = _retires_at(session, policy, artifacts.latest(session, policy))
        if at is not None and at <= now:
            found.append(policy)
    return found
