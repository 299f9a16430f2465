"""Loading what is known of a change: revision, evidence, and the facts that the gate decides over (D2, D4)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import bindparam, desc, select
from sqlmodel import Session, col

from domain.approval_plan import ApprovalFacts, Plan
from domain.artifact import EVERYWHERE, Part, conflicts
from domain.canonical import digest, digest_of, parse
from domain.change import ChangeContent, ChangeState, content_inputs
from domain.errors import NotFound, Unavailable
from domain.impact import Impact
from domain.judging import Consequence, doing, judged
from domain.kinds import authors_of
from domain.model import Model
from domain.residual_risk import ResidualRisk
from domain.simulation import Simulation
from domain.total_effect import TotalEffect, total_effect
from store import artifacts
from store.approval import Asked, facts_of
from store.directory import persons_of
from store.kept import Kept, row_of
from store.tables.change import CaseRow, ChangeRow, EvidenceRow, RevisionRow
from store.tables.columns import table_of
from store.tables.emergency import MeetingRow
from store.tables.installation import MarketRow
from store.tables.release import PlannedActivationRow

M = TypeVar("M", bound=Model)
PLAN, IMPACT, SIMULATION, CONFIRMATION = "plan", "impact", "simulation", "confirmation"
GATE, HISTORY = "gate", "history"
PROVENANCE = "provenance"
"""How the impact was found: kept beside it, so that the same facts found in another way void no approval."""
COMBINED = "combined"
"""The change together with others: no approval depends on it, as it moves with them."""
RISK, RESIDUAL_RISK = "risk", "residual_risk"
MINUTES = "minutes"
"""What a record of a board is beside an item of its agenda."""

PARSED = 256
"""How many contents and pieces of evidence a process keeps parsed: those under way, not one for every open change."""
BY_DIGEST = Kept[Any](PARSED)
"""Parsed evidence by model and digest: a digest stands for its bytes in every database."""


class Revision(NamedTuple):
    """A revision as it is stored for good: its bytes, their digest, who wrote it."""

    change: str
    number: int
    content: bytes
    digest: str
    author: str
    created_at: datetime


class Evidence(NamedTuple):
    """Evidence as it is stored for good; `file` is the digest of its long list in the file store."""

    id: str
    change: str
    revision: int
    control: str
    number: int
    body: bytes
    digest: str
    file: str | None
    created_at: datetime


EVIDENCE_ROWS, REVISION_ROWS = table_of(EvidenceRow), table_of(RevisionRow)
CHANGES, MARKETS = table_of(ChangeRow), table_of(MarketRow)

# Statements of the hot path are built once, because building one costs more than running it, and what only is read
# comes as plain rows, because an object of a session costs as much again.
STANDING = select(CHANGES.c.state, CHANGES.c.revision).where(CHANGES.c.id == bindparam("change"))
CHANGE = select(ChangeRow).where(col(ChangeRow.id) == bindparam("change"))
REVISION = select(*(REVISION_ROWS.c[name] for name in Revision._fields)).where(
    REVISION_ROWS.c.change == bindparam("change"), REVISION_ROWS.c.number == bindparam("revision")
)
OF_CHANGE = select(*(EVIDENCE_ROWS.c[name] for name in Evidence._fields)).where(
    EVIDENCE_ROWS.c.change == bindparam("change")
)
OF_REVISION = OF_CHANGE.where(EVIDENCE_ROWS.c.revision == bindparam("revision"))
EVIDENCE = (
    OF_REVISION.where(EVIDENCE_ROWS.c.control == bindparam("control")).order_by(desc(EVIDENCE_ROWS.c.number)).limit(1)
)
ALL_EVIDENCE = OF_REVISION.order_by(EVIDENCE_ROWS.c.number)
OF_CHANGES = (
    select(*(EVIDENCE_ROWS.c[name] for name in Evidence._fields))
    .where(
        EVIDENCE_ROWS.c.change.in_(bindparam("changes", expanding=True)),
        EVIDENCE_ROWS.c.control == bindparam("control"),
    )
    .order_by(EVIDENCE_ROWS.c.number)
)
FIRST_PLAN = OF_CHANGE.where(EVIDENCE_ROWS.c.control == PLAN).order_by(EVIDENCE_ROWS.c.number).limit(1)
DIGESTS = (
    select(EVIDENCE_ROWS.c.control, EVIDENCE_ROWS.c.digest)
    .where(EVIDENCE_ROWS.c.change == bindparam("change"), EVIDENCE_ROWS.c.revision == bindparam("revision"))
    .order_by(EVIDENCE_ROWS.c.number)
)
BODY = (
    OF_REVISION.with_only_columns(EVIDENCE_ROWS.c.body)
    .where(EVIDENCE_ROWS.c.control == bindparam("control"), EVIDENCE_ROWS.c.digest == bindparam("digest"))
    .limit(1)
)
ZONES = select(MARKETS.c.code, MARKETS.c.zone)
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
    row: ChangeRow | None = session.execute(CHANGE, {"change": change_id}).scalar()
    if row is None:
        raise NotFound("unknown_change_request", f"There is no change request {change_id!r}.", change=change_id)
    return row


def simulates(session: Session, change_id: str, number: int) -> bool:
    """Whether a revision is being simulated now."""
    row = session.execute(STANDING, {"change": change_id}).first()
    return row is not None and (row.state, row.revision) == (ChangeState.SIMULATING, number)


def revision(session: Session, change_id: str, number: int) -> Revision:
    """A revision of a change. Raises NotFound("unknown_revision")."""
    row = row_of(session, (RevisionRow, change_id, number), lambda: _revision(session, change_id, number))
    if row is None:
        raise NotFound("unknown_revision", f"{change_id} has no revision {number}.", change=change_id, revision=number)
    return row


def _revision(session: Session, change_id: str, number: int) -> Revision | None:
    found = session.execute(REVISION, {"change": change_id, "revision": number}).first()
    return None if found is None else Revision(*found)


def content(session: Session, change_id: str, number: int) -> ChangeContent:
    """The content of a revision of a change, from the stored bytes (D4). Raises NotFound("unknown_revision")."""
    return content_of(revision(session, change_id, number).content)


@lru_cache(maxsize=PARSED)
def content_of(stored: bytes) -> ChangeContent:
    """The content of stored bytes; they never change, so they are read once."""
    document = parse(stored)
    document.pop("schema")
    return ChangeContent.model_validate(document)


@lru_cache(maxsize=PARSED)
def _inputs(stored: bytes) -> Mapping[str, str]:
    return content_inputs(content_of(stored))


@lru_cache(maxsize=PARSED)
def _wrote(stored: bytes) -> frozenset[str]:
    """The accounts that wrote elsewhere what a revision brings in."""
    return authors_of(content_of(stored).parts)


def evidence(session: Session, change_id: str, number: int, control: str) -> Evidence | None:
    """The latest evidence of a control for a revision."""
    found = session.execute(EVIDENCE, {"change": change_id, "revision": number, "control": control}).first()
    return None if found is None else Evidence(*found)


def evidence_of_all(session: Session, changes: Sequence[str], control: str) -> list[Evidence]:
    """The evidence of a control for all revisions of some changes, oldest first."""
    return [Evidence(*row) for row in session.execute(OF_CHANGES, {"changes": changes, "control": control})]


def evidence_model(row: Evidence | None, model: type[M]) -> M | None:
    """Evidence as its model, None if there is none."""
    return None if row is None else _parsed(model, row.body)


@lru_cache(maxsize=PARSED)
def _parsed(model: type[M], body: bytes) -> M:
    # Evidence is immutable, so what its bytes say never changes.
    return model.model_validate_json(body)


def started_with(session: Session, change_id: str) -> int | None:
    """The version of the policy by which a change was planned first; None before that (R-8.6)."""
    first = session.execute(FIRST_PLAN, {"change": change_id}).first()
    plan = None if first is None else evidence_model(Evidence(*first), Plan)
    return plan.policy_version if plan else None


def latest_evidence(session: Session, change_id: str, number: int) -> dict[str, Evidence]:
    """The latest evidence of each control for a revision."""
    rows = session.execute(ALL_EVIDENCE, {"change": change_id, "revision": number})
    return {row.control: Evidence(*row) for row in rows}


class Evidences:
    """The latest evidence of a revision by control: their digests are read at once, bodies when they are not known."""

    def __init__(self, session: Session, change_id: str, number: int) -> None:
        self._session = session
        self._named = {"change": change_id, "revision": number}
        self.digests: Mapping[str, str] = {row.control: row.digest for row in session.execute(DIGESTS, self._named)}

    def of(self, control: str, model: type[M]) -> M | None:
        """The latest evidence of a control, None if there is none. Raises Unavailable("evidence_damaged")."""
        digest = self.digests.get(control)
        if digest is None:
            return None
        found: M = BY_DIGEST.of((model, digest), lambda: model.model_validate_json(self._body(control, digest)))
        return found

    def _body(self, control: str, digest: str) -> bytes:
        body: bytes = self._session.execute(BODY, {**self._named, "control": control, "digest": digest}).scalar_one()
        if digest_of(body) != digest:
            raise Unavailable("evidence_damaged", f"Evidence {control} does not match its digest.", **self._named)
        return body


def approval_facts(session: Session, row: ChangeRow, now: datetime, asking: str | None = None) -> ApprovalFacts:
    """The facts of a change's approval at this instant; under lock when the session holds the locks.

    asking: a person whose own groups matter besides those of the people who decided.
    """
    stored = revision(session, row.id, row.revision)
    found = Evidences(session, row.id, row.revision)
    plan = found.of(PLAN, Plan)
    inputs = dict(_inputs(stored.content))
    inputs.update({name: found.digests[name] for name in (IMPACT, SIMULATION) if name in found.digests})
    if plan is not None:
        inputs["policy"] = digest([plan.policy, plan.policy_version])
    asked = Asked(
        subject=row.id,
        kind=row.kind,
        revision=row.revision,
        plan=plan,
        inputs=inputs,
        excluded=_excluded(session, row, stored),
        opened_at=row.opened_at,
        at_stake=lambda: _at_stake(found),
    )
    facts = facts_of(session, asked, now, asking)
    if plan is None or plan.board is None:
        return facts
    return facts.model_copy(
        update={"minutes": _minutes(session, row.id), "risk_accepted": RESIDUAL_RISK in found.digests}
    )


def effect(session: Session, row: ChangeRow) -> TotalEffect | None:
    """The total effect of the current revision, as `decide` requires it; pages show the same of what they have read."""
    found = Evidences(session, row.id, row.revision)
    return total_effect(found.of(IMPACT, Impact), found.of(SIMULATION, Simulation), found.of(PLAN, Plan))


def _minutes(session: Session, change_id: str) -> tuple[int, ...]:
    """The revisions about which a board has kept minutes."""
    query = select(col(MeetingRow.revision)).where(col(MeetingRow.change) == change_id, col(MeetingRow.what) == MINUTES)
    return tuple(sorted(session.execute(query).scalars()))


def held(session: Session, row: ChangeRow, plan: Plan | None) -> list[str]:
    """The checks that hold the release until the owner accepts what remains of the latest simulation (R-4.8, R-6.3)."""
    simulated = evidence(session, row.id, row.revision, SIMULATION)
    outcomes = judged(evidence_model(simulated, Simulation), plan.checks if plan else ())
    names = doing(outcomes, Consequence.HOLD)
    if not names or simulated is None:
        return []
    accepted = evidence_model(evidence(session, row.id, row.revision, RESIDUAL_RISK), ResidualRisk)
    return [] if accepted and accepted.simulation == simulated.digest else [f"held:{name}" for name in names]


def _at_stake(evidence: Evidences) -> Mapping[str, int] | None:
    """The value of the affected quotes per currency, in minor units; None when it has not been found."""
    found = evidence.of(IMPACT, Impact)
    return None if found is None else found.value


def _excluded(session: Session, row: ChangeRow, current: Revision) -> Mapping[str, str]:
    """Who may not decide (R-7.3), as persons: through any account.

    That is whoever wrote a revision or what it brings in from elsewhere, and the requester.
    """
    authors = [current.author, *persons_of(session, _wrote(current.content))]
    if row.revision > 1:
        query = select(col(RevisionRow.author)).where(col(RevisionRow.change) == row.id)
        authors += session.execute(query).scalars()
    found = dict.fromkeys(authors, "you wrote a part of this change")
    found[row.requester] = "you requested this change"
    return found


def planned(session: Session, change_id: str, number: int) -> list[PlannedActivationRow]:
    """The markets of a scheduled revision with their instants, soonest first."""
    return list(session.execute(PLANNED, {"change": change_id, "revision": number}).scalars())


def zones(session: Session, markets: tuple[str, ...]) -> dict[str, str]:
    """The time zone of each market of a scope. An installation without markets has one, everywhere, in UTC."""
    known = {row.code: row.zone for row in session.execute(ZONES)} or {EVERYWHERE: "UTC"}
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


def open_cases_of(session: Session, step: str) -> list[CaseRow]:
    """The cases of a step that still wait for somebody, whatever they are about."""
    waiting = select(CaseRow).where(col(CaseRow.step) == step, col(CaseRow.closed_at).is_(None))
    return list(session.execute(waiting.order_by(col(CaseRow.opened_at))).scalars())


def collisions(session: Session, row: ChangeRow, content: ChangeContent) -> tuple[str, ...]:
    """Entries of the change that moved since it was written against them, as artifact and entry."""
    return tuple(f"{part.artifact}:{entry}" for part in content.parts for entry in _moved(session, part))


def _moved(session: Session, part: Part) -> tuple[str, ...]:
    live = artifacts.content(session, part.artifact, artifacts.latest(session, part.artifact))
    return conflicts(live, part.operations)
