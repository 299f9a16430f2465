"""Reading changes for people and machines: lists, the whole page of one change, its timeline (R-4.9, R-7.1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select
from sqlmodel import Session, col

from domain.approval import Plan, Standing, Timer, gate, root_digest, timers
from domain.canonical import parse
from domain.change import ChangeContent
from domain.errors import Invalid
from domain.impact import Confirmation, Impact
from domain.kinds import kind_of, kind_of_artifact
from domain.model import Model
from domain.simulation import Simulation
from queries.lifecycle import Lifecycle, lifecycle_of
from store import changes
from store.directory import names
from store.files import FileStore
from store.tables.approval import CommentRow, DecisionRow
from store.tables.artifact import ActivationRow
from store.tables.audit import AuditRow
from store.tables.change import CaseRow, ChangeRow, EvidenceRow, RevisionRow
from store.tables.release import DeliveryRow, PlannedActivationRow


class ChangeSummary(Model):
    """A change in a list."""

    id: str
    kind: str
    title: str
    state: str
    revision: int
    tier: int | None
    owner_group: str
    requester: str
    created_at: datetime
    version: int


class ChangePage(Model):
    """A page of changes, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[ChangeSummary, ...]
    next: str | None


class DecisionView(Model):
    """A decision as people read it; `counts` is False with the reason when its inputs moved or its right is gone."""

    id: str
    revision: int
    stage: str
    person: str
    name: str
    choice: str
    comment: str
    at: datetime
    counts: bool
    reason: str


class CaseView(Model):
    """A step that waits for somebody."""

    id: str
    step: str
    code: str
    message: str
    owner_group: str
    attempts: int
    opened_at: datetime
    closed_at: datetime | None


class DeliveryView(Model):
    """What is known of one delivery to a target system."""

    target: str
    artifact: str
    version: int
    market: str
    state: str
    attempts: int
    detail: str
    updated_at: datetime


class MarketRelease(Model):
    """A market of a change: when it was due, when it became live, and which versions."""

    market: str
    due_at: datetime
    activated_at: datetime | None
    versions: dict[str, int]


class ChangeView(Model):
    """Everything about a change. `seen` is the root digest that a decision on this revision has to name (R-7.6)."""

    summary: ChangeSummary
    lifecycle: Lifecycle
    content: ChangeContent
    words: tuple[str, ...]
    revision_digest: str
    author: str
    impact: Impact | None
    simulation: Simulation | None
    plan: Plan | None
    standing: Standing
    timers: tuple[Timer, ...]
    inputs: dict[str, str]
    seen: str
    decisions: tuple[DecisionView, ...]
    confirmation: Confirmation | None
    releases: tuple[MarketRelease, ...]
    deliveries: tuple[DeliveryView, ...]
    cases: tuple[CaseView, ...]
    names: dict[str, str]
    rollback_plan: str


def list_changes(
    session: Session, cursor: str | None, limit: int, state: str | None = None, kind: str | None = None
) -> ChangePage:
    """Changes newest first. Raises Invalid("bad_cursor")."""
    query = select(ChangeRow).order_by(col(ChangeRow.created_at).desc(), col(ChangeRow.id).desc()).limit(limit + 1)
    if state:
        query = query.where(col(ChangeRow.state) == state)
    if kind:
        query = query.where(col(ChangeRow.kind) == kind)
    if cursor:
        at, last = _cursor(cursor)
        query = query.where(
            or_(col(ChangeRow.created_at) < at, and_(col(ChangeRow.created_at) == at, col(ChangeRow.id) < last))
        )
    rows = list(session.execute(query).scalars())
    shown = rows[:limit]
    following = f"{shown[-1].created_at.isoformat()}|{shown[-1].id}" if len(rows) > limit else None
    return ChangePage(items=tuple(summary(row) for row in shown), next=following)


def _cursor(cursor: str) -> tuple[datetime, str]:
    at, _, last = cursor.partition("|")
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.") from None
    if moment.tzinfo is None or not last:
        raise Invalid("bad_cursor", "This cursor was not given out by this list.")
    return moment, last


def summary(row: ChangeRow) -> ChangeSummary:
    """A change as a list shows it."""
    return ChangeSummary(**{name: getattr(row, name) for name in ChangeSummary.model_fields})


def change_view(session: Session, change: str, now: datetime) -> ChangeView:
    """Everything about a change. Raises NotFound("unknown_change_request")."""
    row = changes.change(session, change)
    revision = changes.revision(session, change, row.revision)
    content = changes.revision_content(revision)
    evidence = changes.latest_evidence(session, change, row.revision)
    facts = changes.approval_facts(session, row)
    standing = gate(facts)
    people = {row.requester, revision.author, *facts.groups, *(d.person for d in facts.decisions)}
    known = names(session, people)
    return ChangeView(
        summary=summary(row),
        lifecycle=lifecycle_of(session, change, now),
        content=content,
        words=words(content),
        revision_digest=revision.digest,
        author=revision.author,
        impact=changes.evidence_model(evidence.get(changes.IMPACT), Impact),
        simulation=changes.evidence_model(evidence.get(changes.SIMULATION), Simulation),
        plan=facts.plan,
        standing=standing,
        timers=timers(facts) if row.state == "awaiting_approval" else (),
        inputs=dict(facts.inputs),
        seen=root_digest(row.revision, facts.inputs),
        decisions=_decisions(session, change, standing, known),
        confirmation=changes.evidence_model(evidence.get(changes.CONFIRMATION), Confirmation),
        releases=_releases(session, change, row.revision),
        deliveries=_rows(session, DeliveryRow, DeliveryView, col(DeliveryRow.change) == change),
        cases=_rows(session, CaseRow, CaseView, col(CaseRow.subject) == change),
        names=dict(known),
        rollback_plan=kind_of(row.kind).rollback,
    )


def words(content: ChangeContent) -> tuple[str, ...]:
    """What the change does, one business sentence an operation."""
    return tuple(kind_of_artifact(part.artifact).describe(op) for part in content.parts for op in part.operations)


def _decisions(session: Session, change: str, standing: Standing, known: Mapping[str, str]) -> tuple[DecisionView, ...]:
    rows = session.execute(
        select(DecisionRow, col(CommentRow.text))
        .outerjoin(CommentRow, col(CommentRow.decision) == col(DecisionRow.id))
        .where(col(DecisionRow.subject) == change)
        .order_by(col(DecisionRow.decided_at), col(DecisionRow.id))
    )
    return tuple(
        DecisionView(
            id=row.id,
            revision=row.revision,
            stage=row.stage,
            person=row.person,
            name=known.get(row.person, row.person),
            choice=row.choice,
            comment=text or "",
            at=row.decided_at,
            counts=row.id in standing.counted,
            reason=standing.withdrawn.get(row.id, ""),
        )
        for row, text in rows
    )


def _releases(session: Session, change: str, revision: int) -> tuple[MarketRelease, ...]:
    live: dict[str, dict[str, int]] = {}
    for row in session.execute(select(ActivationRow).where(col(ActivationRow.change) == change)).scalars():
        live.setdefault(row.market, {})[row.artifact] = row.version
    planned = session.execute(
        select(PlannedActivationRow).where(
            col(PlannedActivationRow.change) == change, col(PlannedActivationRow.revision) == revision
        )
    ).scalars()
    return tuple(
        MarketRelease(market=p.market, due_at=p.due_at, activated_at=p.activated_at, versions=live.get(p.market, {}))
        for p in sorted(planned, key=lambda p: (p.due_at, p.market))
    )


def _rows(session: Session, table: Any, model: Any, condition: Any) -> tuple[Any, ...]:
    rows = session.execute(select(table).where(condition)).scalars()
    return tuple(model(**{name: getattr(row, name) for name in model.model_fields}) for row in rows)


class TimelineEntry(Model):
    """One audit record of a subject."""

    sequence: int
    at: datetime
    action: str
    actor: str
    person: str | None
    outcome: str
    digest: str
    details: dict[str, Any]


def timeline(session: Session, subject: str) -> tuple[TimelineEntry, ...]:
    """The audit chain of a subject, oldest first."""
    rows = session.execute(
        select(AuditRow).where(col(AuditRow.subject) == subject).order_by(col(AuditRow.sequence))
    ).scalars()
    return tuple(_entry(row) for row in rows)


def _entry(row: AuditRow) -> TimelineEntry:
    body = parse(row.body)
    return TimelineEntry(
        sequence=row.sequence,
        at=row.at,
        action=row.action,
        actor=row.actor,
        person=body["person"],
        outcome=row.outcome,
        digest=row.digest,
        details=body["details"],
    )


def evidence_list(session: Session, files: FileStore, change: str, control: str) -> list[Any]:
    """The long list behind the latest evidence of a control: affected quote ids, or simulated cases."""
    row = changes.change(session, change)
    found: EvidenceRow | None = changes.evidence(session, change, row.revision, control)
    if found is None or found.file is None:
        return []
    return list(parse(files.get(found.file)))


def revisions(session: Session, change: str) -> tuple[RevisionRow, ...]:
    """The revisions of a change, first to last."""
    query = select(RevisionRow).where(col(RevisionRow.change) == change).order_by(col(RevisionRow.number))
    return tuple(session.execute(query).scalars())
