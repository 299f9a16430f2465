"""Loading what is known of a change: revision, evidence, and the facts that the gate decides over (D2, D4)."""

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import TypeVar

from sqlalchemy import bindparam, desc, or_, select
from sqlmodel import Session, col

from domain.approval import ApprovalFacts, Choice, Decision, Fired, Plan
from domain.artifact import EVERYWHERE, Part, conflicts
from domain.canonical import parse
from domain.change import ChangeContent, ChangeState, content_inputs
from domain.errors import NotFound
from domain.model import Model
from store import artifacts
from store.directory import holders
from store.tables.approval import DecisionRow, FiredTimerRow
from store.tables.calendar import FreezeRow
from store.tables.change import CaseRow, ChangeRow, EvidenceRow, RevisionRow
from store.tables.installation import MarketRow
from store.tables.release import PlannedActivationRow

M = TypeVar("M", bound=Model)
PLAN, IMPACT, SIMULATION, CONFIRMATION = "plan", "impact", "simulation", "confirmation"


# Statements of the hot path are built once: building one costs more than running it.
EVIDENCE = (
    select(EvidenceRow)
    .where(
        col(EvidenceRow.change) == bindparam("change"),
        col(EvidenceRow.revision) == bindparam("revision"),
        col(EvidenceRow.control) == bindparam("control"),
    )
    .order_by(desc(col(EvidenceRow.number)))
    .limit(1)
)
DIGESTS = (
    select(col(EvidenceRow.control), col(EvidenceRow.digest))
    .where(col(EvidenceRow.change) == bindparam("change"), col(EvidenceRow.revision) == bindparam("revision"))
    .order_by(col(EvidenceRow.number))
)
DECISIONS = (
    select(DecisionRow)
    .where(col(DecisionRow.subject) == bindparam("subject"))
    .order_by(col(DecisionRow.decided_at), col(DecisionRow.id))
)
FIRED = select(FiredTimerRow).where(
    col(FiredTimerRow.subject) == bindparam("subject"), col(FiredTimerRow.revision) == bindparam("revision")
)
PLANNED = (
    select(PlannedActivationRow)
    .where(
        col(PlannedActivationRow.change) == bindparam("change"),
        col(PlannedActivationRow.revision) == bindparam("revision"),
    )
    .order_by(col(PlannedActivationRow.due_at), col(PlannedActivationRow.market))
)


def change(session: Session, change_id: str) -> ChangeRow:
    """A change request. Raises NotFound("unknown_change_request")."""
    row = session.get(ChangeRow, change_id)
    if row is None:
        raise NotFound("unknown_change_request", f"There is no change request {change_id!r}.", change=change_id)
    return row


def revision(session: Session, change_id: str, number: int) -> RevisionRow:
    """A revision of a change. Raises NotFound("unknown_revision")."""
    row = session.get(RevisionRow, (change_id, number))
    if row is None:
        raise NotFound("unknown_revision", f"{change_id} has no revision {number}.", change=change_id, revision=number)
    return row


def revision_content(row: RevisionRow) -> ChangeContent:
    """The content of a revision, from the stored bytes (D4)."""
    return _content(row.content)


@lru_cache(maxsize=2_000)
def _content(stored: bytes) -> ChangeContent:
    document = parse(stored)
    document.pop("schema")
    return ChangeContent.model_validate(document)


@lru_cache(maxsize=2_000)
def _inputs(stored: bytes) -> Mapping[str, str]:
    return content_inputs(_content(stored))


def evidence(session: Session, change_id: str, number: int, control: str) -> EvidenceRow | None:
    """The latest evidence of a control for a revision."""
    return session.execute(EVIDENCE, {"change": change_id, "revision": number, "control": control}).scalar()


def evidence_model(row: EvidenceRow | None, model: type[M]) -> M | None:
    """Evidence as its model, None if there is none."""
    return None if row is None else _parsed(model, row.body)


@lru_cache(maxsize=2_000)
def _parsed(model: type[M], body: bytes) -> M:
    # Evidence is immutable, so what its bytes say never changes.
    return model.model_validate_json(body)


def latest_evidence(session: Session, change_id: str, number: int) -> dict[str, EvidenceRow]:
    """The latest evidence of each control for a revision."""
    rows = session.execute(
        select(EvidenceRow)
        .where(col(EvidenceRow.change) == change_id, col(EvidenceRow.revision) == number)
        .order_by(col(EvidenceRow.number))
    ).scalars()
    return {row.control: row for row in rows}


def approval_facts(session: Session, row: ChangeRow) -> ApprovalFacts:
    """The facts of a change's approval as they are in this session; under lock when the session holds the locks."""
    stored = revision(session, row.id, row.revision)
    found = _digests(session, row.id, row.revision)
    plan = evidence_model(evidence(session, row.id, row.revision, PLAN), Plan) if PLAN in found else None
    inputs = dict(_inputs(stored.content))
    inputs.update({name: found[name] for name in (IMPACT, SIMULATION) if name in found})
    return ApprovalFacts(
        revision=row.revision,
        plan=plan,
        inputs=inputs,
        decisions=decisions(session, row.id),
        groups=holders(session, _groups(plan)),
        excluded=_excluded(session, row, stored),
        fired=fired(session, row.id, row.revision) if row.opened_at else (),
        opened_at=row.opened_at,
    )


def _groups(plan: Plan | None) -> frozenset[str]:
    if plan is None:
        return frozenset()
    slots = {group for stage in plan.stages for slot in stage.slots for group in slot.groups}
    return frozenset(slots | {g for stage in plan.stages for level in stage.escalations for g in level.groups})


def _digests(session: Session, change_id: str, number: int) -> dict[str, str]:
    """The digest of the latest evidence of each control, without the bodies."""
    rows = session.execute(DIGESTS, {"change": change_id, "revision": number})
    return {row.control: row.digest for row in rows}


def _excluded(session: Session, row: ChangeRow, current: RevisionRow) -> Mapping[str, str]:
    """Who may not decide (R-7.3): whoever wrote a revision, and the requester, as persons: through any account."""
    authors = [current.author]
    if row.revision > 1:
        query = select(col(RevisionRow.author)).where(col(RevisionRow.change) == row.id)
        authors += session.execute(query).scalars()
    found = dict.fromkeys(authors, "you wrote a part of this change")
    found[row.requester] = "you requested this change"
    return found


def decisions(session: Session, subject: str) -> tuple[Decision, ...]:
    """Every decision on a subject, oldest first."""
    rows = session.execute(DECISIONS, {"subject": subject}).scalars()
    return tuple(decision_of(row) for row in rows)


def decision_of(row: DecisionRow) -> Decision:
    """A recorded decision as the gate sees it."""
    return Decision(
        id=row.id,
        revision=row.revision,
        person=row.person,
        stage=row.stage,
        choice=Choice(row.choice),
        inputs=parse(row.inputs),
        at=row.decided_at,
    )


def fired(session: Session, subject: str, number: int) -> tuple[Fired, ...]:
    """The timers that have fired for a revision."""
    rows = session.execute(FIRED, {"subject": subject, "revision": number}).scalars()
    return tuple(Fired(stage=row.stage, what=row.what, level=row.level, at=row.fired_at) for row in rows)


def planned(session: Session, change_id: str, number: int) -> list[PlannedActivationRow]:
    """The markets of a scheduled revision with their instants, soonest first."""
    return list(session.execute(PLANNED, {"change": change_id, "revision": number}).scalars())


def freezes(session: Session, kind: str, markets: tuple[str, ...], now: datetime) -> list[FreezeRow]:
    """The freezes that forbid an effect of this kind in any of these markets now (R-12.2)."""
    rows = session.execute(
        select(FreezeRow).where(
            col(FreezeRow.from_at) <= now,
            col(FreezeRow.until_at) > now,
            col(FreezeRow.lifted_at).is_(None),
            or_(col(FreezeRow.kind) == kind, col(FreezeRow.kind) == EVERYWHERE),
        )
    ).scalars()
    return [row for row in rows if row.market == EVERYWHERE or EVERYWHERE in markets or row.market in markets]


def zones(session: Session, markets: tuple[str, ...]) -> dict[str, str]:
    """The time zone of each market of a scope. An installation without markets has one, everywhere, in UTC."""
    rows = session.execute(select(MarketRow)).scalars()
    known = {row.code: row.zone for row in rows} or {EVERYWHERE: "UTC"}
    if EVERYWHERE in markets:
        return known
    if unknown := set(markets) - set(known):
        raise NotFound("unknown_market", f"Unknown markets: {', '.join(sorted(unknown))}.", markets=sorted(unknown))
    return {market: known[market] for market in markets}


def open_cases(session: Session, subject: str) -> list[CaseRow]:
    """The cases of a subject that still wait for somebody."""
    return list(
        session.execute(
            select(CaseRow)
            .where(col(CaseRow.subject) == subject, col(CaseRow.closed_at).is_(None))
            .order_by(col(CaseRow.opened_at))
        ).scalars()
    )


def collisions(session: Session, row: ChangeRow, content: ChangeContent) -> tuple[str, ...]:
    """Entries of the change that moved since it was written against them, as artifact and entry."""
    return tuple(f"{part.artifact}:{entry}" for part in content.parts for entry in _moved(session, part))


def _moved(session: Session, part: Part) -> tuple[str, ...]:
    live = artifacts.content(session, part.artifact, artifacts.latest(session, part.artifact))
    return conflicts(live, part.operations)


def state_of(row: ChangeRow) -> ChangeState:
    """The state as its enumeration."""
    return ChangeState(row.state)
