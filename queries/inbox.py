"""What waits for a person: changes and requests in whose open stages they can decide, also for others (R-25.3)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.approval import BULK_TIER, root_digest, timers
from domain.model import Model
from queries.approval import yours
from queries.changes import ChangeSummary, summary
from queries.requests import RequestSummary, request_summary
from store.subjects import SUBJECTS, Subject, SubjectKind
from store.tables.change import ChangeRow

MOST = 200


class InboxItem(Model):
    """A subject that waits for this person: in which stage, for whom if as a delegate, and when time acts on it next.

    change: set for a change; request: set for everything else that is approved.
    """

    subject: str
    change: ChangeSummary | None = None
    request: RequestSummary | None = None
    stage: str
    represents: str | None = None
    next_timer: str
    due_at: datetime | None
    revision: int
    seen: str
    """The root digest that a decision on this revision has to name (R-7.6)."""
    in_bulk: bool
    """Whether it is of a tier that may be decided together with others (R-7.10)."""


def inbox(session: Session, person: str, now: datetime) -> tuple[InboxItem, ...]:
    """What a person can decide now, soonest deadline first, at most 200."""
    found: list[InboxItem] = []
    for kind in SUBJECTS:
        waiting = select(kind.table).where(col(kind.table.state) == "awaiting_approval")
        for row in session.execute(waiting.order_by(col(kind.table.created_at))).scalars():
            if len(found) < MOST and (item := _item(session, kind, row, person, now)) is not None:
                found.append(item)
    return tuple(sorted(found, key=lambda item: (item.due_at is None, item.due_at, item.subject)))


def _item(session: Session, kind: SubjectKind, row: Subject, person: str, now: datetime) -> InboxItem | None:
    facts = kind.facts(session, row, now, person)
    mine = yours(facts, person)
    stage = facts.plan.stage(mine.stage) if facts.plan and mine.stage and not mine.veto else None
    if stage is None:
        return None
    ahead = timers(facts)
    return InboxItem(
        subject=row.id,
        change=summary(row) if isinstance(row, ChangeRow) else None,
        request=None if isinstance(row, ChangeRow) else request_summary(row),
        stage=stage.title,
        represents=mine.represents,
        next_timer=ahead[0].what if ahead else "",
        due_at=ahead[0].at if ahead else None,
        revision=row.revision,
        seen=root_digest(row.revision, facts.inputs),
        in_bulk=facts.plan is not None and facts.plan.tier <= BULK_TIER,
    )
