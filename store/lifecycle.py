"""Where a change stands in its lifecycle: what comes next, who or what it waits for, and when time acts (D1, D9).

The workflow sleeps by this and the page shows it, so both tell the same story.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session, col

from domain.approval import ApprovalFacts, Verdict, gate, timers
from domain.change import ChangeState
from domain.model import Model
from store import changes, requests
from store.subjects import CHANGE, SUBJECTS, Subject, subject_kind
from store.tables.artifact import VersionRow
from store.tables.change import ChangeRow
from store.tables.columns import table_of
from store.tables.release import DeliveryRow

S = ChangeState
DELIVERIES = table_of(DeliveryRow)
OWED = (
    select(DELIVERIES.c.change)
    .where(DELIVERIES.c.change == bindparam("change"), DELIVERIES.c.state != "confirmed")
    .limit(1)
)
DIRECT = {S.SUBMITTED: "assess", S.ASSESSING: "assess", S.SIMULATING: "simulate", S.APPROVED: "schedule"}


class Lifecycle(Model):
    """The next action (`wait` where there is none now), when time does the next thing, for whom or what it waits.

    affected_quotes: how many open quotes the change was found to move; emergency: None for what is no change.
    """

    change: str
    state: ChangeState
    revision: int
    kind: str
    owner: str
    tier: int | None
    version: int
    seen_version: int
    noted_deadline: datetime | None
    affected_quotes: int = 0
    emergency: bool | None = None
    now: datetime
    action: str = "wait"
    due_at: datetime | None = None
    waiting_for: str = ""

    @property
    def seconds(self) -> float | None:
        """Seconds until time does the next thing; None when only a person or a system can."""
        return None if self.due_at is None else max((self.due_at - self.now).total_seconds(), 0.0)


def lifecycle_of(session: Session, change: str, now: datetime) -> Lifecycle:
    """Where a change or a request stands. Raises NotFound("unknown_change_request", "unknown_approval_request")."""
    return standing_of(session, _row(session, change), now)


def standing_of(session: Session, row: Subject, now: datetime, facts: ApprovalFacts | None = None) -> Lifecycle:
    """Where the subject of a row stands. facts: those of its approval, where they have been loaded already."""
    state = S(row.state)
    action, due_at, waiting_for = _next(session, row, state, now, facts)
    return Lifecycle(
        change=row.id,
        state=state,
        revision=row.revision,
        kind=row.kind,
        owner=row.owner_group,
        tier=row.tier,
        version=row.version,
        seen_version=row.seen_version,
        noted_deadline=row.deadline_at,
        affected_quotes=row.affected_quotes if isinstance(row, ChangeRow) else 0,
        emergency=row.emergency if isinstance(row, ChangeRow) else None,
        now=now,
        action=action,
        due_at=due_at,
        waiting_for=waiting_for,
    )


def _row(session: Session, subject: str) -> Subject:
    return changes.change(session, subject) if subject_kind(subject) is CHANGE else requests.request(session, subject)


def _next(
    session: Session, row: Any, state: ChangeState, now: datetime, facts: ApprovalFacts | None
) -> tuple[str, datetime | None, str]:
    match state:
        case S.AWAITING_APPROVAL:
            return _approval(facts or subject_kind(row.id).facts(session, row, now, None), now)
        case S.SCHEDULED | S.RELEASING:
            return _release(session, row, state, now)
        case S.MONITORING:
            return _monitoring(session, row, now)
        case S.ROLLING_BACK:
            return _rollback(session, row)
        case S.NEEDS_REVISION:
            return "wait", None, f"a new revision by {row.owner_group} or the requester"
        case S.DRAFT:
            return "wait", None, "the requester to submit it"
        case _:
            return DIRECT.get(state, "wait"), None, ""


def _approval(facts: ApprovalFacts, now: datetime) -> tuple[str, datetime | None, str]:
    standing = gate(facts)
    ahead = timers(facts)
    missing = [slot for stage in standing.open_stages for slot in stage.slots if slot.person is None]
    groups = sorted({group for slot in missing for group in slot.groups})
    if standing.verdict is not Verdict.WAITING or (ahead and ahead[0].at <= now):
        return "advance", None, ""
    return "wait", ahead[0].at if ahead else None, f"approval by {', '.join(groups)}"


def _release(session: Session, row: ChangeRow, state: ChangeState, now: datetime) -> tuple[str, datetime | None, str]:
    waiting = [plan for plan in changes.planned(session, row.id, row.revision) if plan.activated_at is None]
    if any(plan.due_at <= now for plan in waiting):
        return "release", None, ""
    if state is S.RELEASING and _owed(session, row.id):
        return "deliver", None, "target systems"
    if waiting:
        return "wait", waiting[0].due_at, f"effective time in {', '.join(plan.market for plan in waiting)}"
    return "monitor", None, ""


def _monitoring(session: Session, row: ChangeRow, now: datetime) -> tuple[str, datetime | None, str]:
    content = changes.content(session, row.id, row.revision)
    until = row.state_since + timedelta(seconds=content.monitoring.seconds)
    if until > now:
        return "wait", until, "the end of monitoring"
    return ("deliver", None, "target systems") if _owed(session, row.id) else ("complete", None, "")


def _rollback(session: Session, row: ChangeRow) -> tuple[str, datetime | None, str]:
    parts = changes.content(session, row.id, row.revision).parts
    published = session.execute(select(col(VersionRow.number)).where(col(VersionRow.change) == row.id)).all()
    if len(published) < 2 * len(parts):
        return "restore", None, ""
    return ("deliver", None, "target systems") if _owed(session, row.id) else ("finish", None, "")


def _owed(session: Session, change: str) -> bool:
    return session.execute(OWED, {"change": change}).first() is not None


def seconds_to_next_deadline(session: Session, now: datetime) -> float | None:
    """Seconds until time acts on the next open change or request (0 or less: it is due); None: nothing waits for it."""
    deadlines = [
        session.execute(
            select(func.min(kind.table.deadline_at)).where(
                col(kind.table.closed).is_(False), col(kind.table.deadline_at).is_not(None)
            )
        ).scalar()
        for kind in SUBJECTS
    ]
    found = [at for at in deadlines if at is not None]
    return (min(found) - now).total_seconds() if found else None
