"""Reading changes for people and machines: lists, the whole page of one change, its timeline (R-4.9, R-7.1)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from analysis.simulation import cases_of
from domain.approval import Fired, Plan, Standing, Timer, gate, root_digest, timers
from domain.canonical import parse
from domain.change import ChangeContent, ChangeState
from domain.evidence import Judgement
from domain.impact import Confirmation, Impact
from domain.judging import Judged, judged
from domain.kinds import kind_of, kind_of_artifact
from domain.model import Model
from domain.residual_risk import ResidualRisk, open_checks
from domain.risk import RiskScore
from domain.simulation import Simulation
from domain.total_effect import TotalEffect, total_effect
from queries.approval import (
    DecisionView,
    RemarkView,
    Yours,
    decision_views,
    people_of,
    remarks,
    speakers,
    texts_of,
    yours,
)
from queries.collisions import QueuePlace, Together, collisions_of, combined_of, queues_of
from queries.emergency import BoardRecord, ReviewView, board_records, reviews, window_until
from queries.newest import newest
from store import changes
from store.directory import names
from store.files import FileStore
from store.lifecycle import Lifecycle, standing_of
from store.subjects import asks_people
from store.tables.artifact import ActivationRow
from store.tables.audit import AuditRow
from store.tables.change import CaseRow, ChangeRow
from store.tables.release import DeliveryRow, PlannedActivationRow
from store.touches import Collision

LIVE = (ChangeState.MONITORING, ChangeState.COMPLETED, ChangeState.ROLLING_BACK, ChangeState.ROLLED_BACK)


class ChangeSummary(Model):
    """A change in a list."""

    id: str
    kind: str
    title: str
    state: str
    closed: bool
    revision: int
    tier: int | None
    owner_group: str
    requester: str
    authored: str
    created_at: datetime
    version: int


class ChangePage(Model):
    """A page of changes, newest first, and the cursor of the next one (None at the end)."""

    items: tuple[ChangeSummary, ...]
    next: str | None


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
    """Everything about a change. `seen` is the root digest that a decision on this revision has to name (R-7.6).

    standing: as of now, until the change is live; from then on as the gate found it at `standing_at`, when it opened.
    asked: whether people can decide now, also to replace who has left between two markets.
    """

    summary: ChangeSummary
    lifecycle: Lifecycle
    content: ChangeContent
    words: tuple[str, ...]
    revision_digest: str
    author: str
    impact: Impact | None
    risk: RiskScore | None
    residual_risk: ResidualRisk | None
    open_checks: tuple[str, ...]
    collisions: tuple[Collision, ...]
    combined: tuple[Together, ...]
    queue: tuple[QueuePlace, ...]
    reviews: tuple[ReviewView, ...]
    glass_until: datetime | None
    board: tuple[BoardRecord, ...]
    simulation: Simulation | None
    effect: TotalEffect | None
    judged: tuple[Judged, ...]
    held: tuple[str, ...]
    plan: Plan | None
    standing: Standing
    standing_at: datetime | None
    asked: bool
    timers: tuple[Timer, ...]
    fired: tuple[Fired, ...]
    inputs: dict[str, str]
    seen: str
    decisions: tuple[DecisionView, ...]
    yours: Yours
    remarks: tuple[RemarkView, ...]
    confirmation: Confirmation | None
    releases: tuple[MarketRelease, ...]
    deliveries: tuple[DeliveryView, ...]
    cases: tuple[CaseView, ...]
    names: dict[str, str]
    rollback_plan: str

    @property
    def imported(self) -> bool:
        """Whether it is an import into an empty store, of which nobody was asked (D5b)."""
        return self.plan is None and any(release.activated_at for release in self.releases)


def list_changes(session: Session, cursor: str | None, limit: int, **only: str | None) -> ChangePage:
    """Changes newest first; only: the state, kind or authored that they have, where one is given.

    Raises Invalid("bad_cursor").
    """
    query = select(ChangeRow).filter_by(**{name: value for name, value in only.items() if value})
    rows, following = newest(session, query, ChangeRow, cursor, limit)
    return ChangePage(items=tuple(summary(row) for row in rows), next=following)


def summary(row: ChangeRow) -> ChangeSummary:
    """A change as a list shows it."""
    return ChangeSummary(**{name: getattr(row, name) for name in ChangeSummary.model_fields})


def change_view(session: Session, change: str, now: datetime, asking: str | None = None) -> ChangeView:
    """Everything about a change, and what the person who asks can decide. Raises NotFound("unknown_change_request")."""
    row = changes.change(session, change)
    revision = changes.revision(session, change, row.revision)
    content = changes.content_of(revision.content)
    evidence = changes.latest_evidence(session, change, row.revision)
    facts = changes.approval_facts(session, row, now, asking)
    opened = evidence.get(changes.GATE) if row.state in LIVE else None
    standing = gate(facts) if opened is None else standing_then(opened)
    impact = changes.evidence_model(evidence.get(changes.IMPACT), Impact)
    simulation = changes.evidence_model(evidence.get(changes.SIMULATION), Simulation)
    collisions = collisions_of(session, change, now)
    known = names(session, {row.requester, revision.author} | people_of(facts) | speakers(session, change))
    return ChangeView(
        summary=summary(row),
        lifecycle=standing_of(session, row, now, facts),
        content=content,
        words=words(content),
        revision_digest=revision.digest,
        author=revision.author,
        impact=impact,
        effect=total_effect(impact, simulation, facts.plan),
        residual_risk=changes.evidence_model(evidence.get(changes.RESIDUAL_RISK), ResidualRisk),
        open_checks=open_checks(simulation),
        risk=changes.evidence_model(evidence.get(changes.RISK), RiskScore),
        collisions=collisions,
        combined=combined_of(session, row, evidence.get(changes.COMBINED), collisions),
        queue=queues_of(session, change),
        reviews=reviews(session, now, change),
        glass_until=window_until(session, change, now),
        board=board_records(session, change),
        simulation=simulation,
        judged=judged(simulation, facts.plan.checks if facts.plan else ()),
        held=tuple(changes.held(session, row, facts.plan)),
        plan=facts.plan,
        standing=standing,
        standing_at=None if opened is None else opened.created_at,
        fired=facts.fired,
        asked=asks_people(session, row),
        timers=timers(facts) if row.state == "awaiting_approval" else (),
        inputs=dict(facts.inputs),
        seen=root_digest(row.revision, facts.inputs),
        decisions=decision_views(session, change, standing, known),
        yours=yours(facts, asking),
        remarks=remarks(session, change, known),
        confirmation=changes.evidence_model(evidence.get(changes.CONFIRMATION), Confirmation),
        releases=_releases(session, change, row.revision),
        deliveries=_rows(session, DeliveryRow, DeliveryView, col(DeliveryRow.change) == change),
        cases=_rows(session, CaseRow, CaseView, col(CaseRow.subject) == change),
        names=dict(known),
        rollback_plan=kind_of(row.kind).rollback,
    )


def standing_then(opened: changes.Evidence) -> Standing:
    """The standing on which the gate opened: whoever leaves or ends a loan later takes nothing back (R-7.6)."""
    return Standing.model_validate(Judgement.model_validate_json(opened.body).standing)


def words(content: ChangeContent) -> tuple[str, ...]:
    """What the change does, one business sentence an operation."""
    return tuple(kind_of_artifact(part.artifact).describe(op) for part in content.parts for op in part.operations)


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
    """One audit record of a subject; said: the remark or the reason that it refers to, unless erased."""

    sequence: int
    at: datetime
    action: str
    actor: str
    person: str | None
    outcome: str
    digest: str
    details: dict[str, Any]
    said: str


def timeline(session: Session, subject: str) -> tuple[TimelineEntry, ...]:
    """The audit chain of a subject, oldest first."""
    rows = session.execute(
        select(AuditRow).where(col(AuditRow.subject) == subject).order_by(col(AuditRow.sequence))
    ).scalars()
    said = texts_of(session, subject)
    return tuple(_entry(row, said) for row in rows)


def _entry(row: AuditRow, said: Mapping[str, str]) -> TimelineEntry:
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
        said=said.get(body["details"].get("remark") or "", ""),
    )


def kept_list(session: Session, change: str, control: str) -> str:
    """The digest of the list that a control has found, by its latest evidence; empty before there is one."""
    row = changes.change(session, change)
    found = changes.evidence(session, change, row.revision, control)
    return "" if found is None or found.file is None else found.file


def evidence_list(session: Session, files: FileStore, change: str, control: str) -> list[Any]:
    """The ids of the quotes that a control has found, by its latest evidence."""
    kept = kept_list(session, change, control)
    if not kept:
        return []
    listed = parse(files.get(kept))
    return list(listed["document"] if isinstance(listed, dict) else listed)


def simulated_cases(
    session: Session, files: FileStore, change: str, start: int, limit: int
) -> tuple[list[dict[str, Any]], int]:
    """Some of the affected quotes, old price against new, and how many there are; none before it has run."""
    kept = kept_list(session, change, changes.SIMULATION)
    return cases_of(files.get(kept), start, limit) if kept else ([], 0)
