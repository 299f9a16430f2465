"""Reading approval policies: a version with all that is found in it, differences, and a draft before it is proposed."""

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from analysis.policies import check_policy, policy_at
from domain.errors import Invalid, NotFound
from domain.model import Model
from policies.analysis import Finding
from policies.checks import Weakness
from policies.content import SEEDED, document_of, edits_between, policy_in, seed_policy
from policies.difference import CellDifference, policy_difference
from policies.scenario import ScenarioResult, run_scenarios
from policies.table import ApprovalPolicy
from store import artifacts
from store.tables.artifact import ActivationRow, ArtifactRow, VersionRow

KIND = "approval"


class PolicySummary(Model):
    """An approval policy: its latest version, its owner, since when it holds, and when it retires by itself."""

    artifact: str
    title: str
    version: int
    owner: str
    effective_from: datetime | None
    retires_at: datetime | None


class PolicyView(Model):
    """A version of a policy as people write it, with what is found in it today."""

    summary: PolicySummary
    change: str
    digest: str
    document: dict[str, Any]
    findings: tuple[Finding, ...]
    weaknesses: tuple[Weakness, ...]
    scenarios: tuple[ScenarioResult, ...]
    from_shipped: tuple[CellDifference, ...]
    """How it differs from the file of this release, which is shown and never applied (D6b)."""


class Draft(Model):
    """A policy before it is proposed: what refuses it, what is found, and how it differs from the live version.

    unreadable: why it is no policy at all, with table row and column where they are known; then nothing else is said.
    """

    live: int
    unreadable: dict[str, Any] | None = None
    findings: tuple[Finding, ...] = ()
    weaknesses: tuple[Weakness, ...] = ()
    scenarios: tuple[ScenarioResult, ...] = ()
    difference: tuple[CellDifference, ...] = ()
    edits: tuple[dict[str, Any], ...] = ()
    refused: bool


def policies(session: Session) -> tuple[PolicySummary, ...]:
    """Every approval policy with its latest version."""
    rows = session.execute(select(ArtifactRow).where(col(ArtifactRow.kind) == KIND, col(ArtifactRow.latest) > 0))
    return tuple(_summary(session, row, row.latest) for row in rows.scalars())


def policy_view(session: Session, artifact: str, version: int | None) -> PolicyView:
    """A version of a policy, the latest by default. Raises NotFound("unknown_policy", "unknown_version")."""
    row = _artifact(session, artifact)
    number = row.latest if version is None else version
    policy = policy_at(session, artifact, number)
    check = check_policy(session, policy)
    stored = session.get_one(VersionRow, (artifact, number))
    return PolicyView(
        summary=_summary(session, row, number),
        change=stored.change,
        digest=stored.digest,
        document=document_of(policy),
        findings=check.findings,
        weaknesses=check.weaknesses,
        scenarios=run_scenarios(policy),
        from_shipped=policy_difference(seed_policy(), policy) if artifact == SEEDED else (),
    )


def difference(session: Session, artifact: str, old: int, new: int) -> tuple[CellDifference, ...]:
    """Two versions cell by cell. Raises NotFound("unknown_policy", "unknown_version")."""
    _artifact(session, artifact)
    return policy_difference(policy_at(session, artifact, old), policy_at(session, artifact, new))


def examine(session: Session, artifact: str, document: Any) -> Draft:
    """A document against the live version, as saving it would judge it. Raises NotFound("unknown_policy")."""
    live = _artifact(session, artifact).latest
    try:
        policy = policy_in(document)
    except Invalid as error:
        return Draft(live=live, unreadable={"code": error.code, "detail": error.detail, **error.facts}, refused=True)
    check = check_policy(session, policy)
    content, before = artifacts.content(session, artifact, live), policy_at(session, artifact, live)
    return Draft(
        live=live,
        findings=check.findings,
        weaknesses=check.weaknesses,
        scenarios=run_scenarios(policy, before),
        difference=policy_difference(before, policy),
        edits=tuple(edits_between(content, policy)),
        refused=bool(check.refusals),
    )


def edits_to(session: Session, artifact: str, document: Any) -> list[dict[str, Any]]:
    """The edits that make the live version what a document says. Raises NotFound, Invalid("nothing_changes")."""
    live = _artifact(session, artifact).latest
    edits = edits_between(artifacts.content(session, artifact, live), policy_in(document))
    if not edits:
        raise Invalid("nothing_changes", f"This is what version {live} of {artifact} says already.")
    return edits


def _artifact(session: Session, artifact: str) -> ArtifactRow:
    row = session.get(ArtifactRow, artifact)
    if row is None or row.kind != KIND or not row.latest:
        raise NotFound("unknown_policy", f"There is no approval policy {artifact!r}.", artifact=artifact)
    return row


def _summary(session: Session, row: ArtifactRow, version: int) -> PolicySummary:
    policy: ApprovalPolicy = policy_at(session, row.id, version)
    since = session.execute(
        select(col(ActivationRow.from_at))
        .where(col(ActivationRow.artifact) == row.id, col(ActivationRow.version) == version)
        .order_by(col(ActivationRow.from_at))
    ).scalar()
    return PolicySummary(
        artifact=row.id,
        title=row.title,
        version=version,
        owner=policy.owner,
        effective_from=since,
        retires_at=policy.retires_at,
    )
