"""Which pairs are due to be compared by themselves, from their declarations and the runs that there were (R-18.2)."""

from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlmodel import Session, col

from domain.kinds.workflow import closing
from domain.reconciliation import OVER, Pair
from policies.reconciliation import pairs
from store import artifacts
from store.tables.reconciliation import ReconciliationRunRow

WORKFLOW = "workflow/standard"


def due_pairs(session: Session, now: datetime) -> tuple[str, ...]:
    """The pairs whose last run was asked for too long ago, or never; one with a run under way is not due."""
    asked = select(col(ReconciliationRunRow.pair), func.max(col(ReconciliationRunRow.created_at)))
    rows = session.execute(asked.group_by(col(ReconciliationRunRow.pair)))
    latest: dict[str, datetime] = {row[0]: row[1] for row in rows}
    busy = under_way(session)
    sensitive = closing(artifacts.latest_of(session, WORKFLOW)[WORKFLOW].content, now.date())
    return tuple(
        name
        for name, found in pairs().items()
        if name not in busy and (name not in latest or now - latest[name] >= _every(found, sensitive))
    )


def _every(pair: Pair, sensitive: bool) -> timedelta:
    return timedelta(hours=pair.runs.closing_every_hours if sensitive else pair.runs.every_hours)


def under_way(session: Session) -> frozenset[str]:
    """The pairs that have a run that is not over."""
    running = select(col(ReconciliationRunRow.pair)).where(col(ReconciliationRunRow.state).not_in(tuple(OVER)))
    return frozenset(session.execute(running).scalars())


def waiting(session: Session) -> frozenset[str]:
    """The pairs that have a run that nobody has begun: it will see whatever happens until then."""
    asked = select(col(ReconciliationRunRow.pair)).where(col(ReconciliationRunRow.started_at).is_(None))
    return frozenset(session.execute(asked.where(col(ReconciliationRunRow.state).not_in(tuple(OVER)))).scalars())
