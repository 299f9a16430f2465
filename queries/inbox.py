"""What waits for a person: changes and requests in whose open stages they can decide, also for others (R-25.3)."""

from datetime import UTC, datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.approval import BULK_TIER, root_digest, timers
from domain.change import ChangeState
from domain.errors import Invalid
from domain.model import Model
from queries.approval import yours
from queries.changes import ChangeSummary, summary
from queries.requests import RequestSummary, request_summary
from store.delegations import could_speak_for
from store.subjects import SUBJECTS, Subject, SubjectKind, asks_people
from store.tables.change import ChangeRow

ASKING = (ChangeState.AWAITING_APPROVAL, ChangeState.RELEASING)
Place = tuple[bool, str, str]
"""Where an item stands: without a deadline last, then the deadline (ISO, UTC), then the subject."""


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


class InboxPage(Model):
    """A page of the inbox, how many wait in all, and the cursor of the next page (None at the end)."""

    items: tuple[InboxItem, ...]
    total: int
    next: str | None


def inbox_page(session: Session, person: str | None, now: datetime, cursor: str | None, limit: int) -> InboxPage:
    """A page of what a person can decide now, soonest deadline first; nothing waits for a machine (person None).

    Raises Invalid("bad_cursor").
    """
    after = _after(cursor) if cursor else None
    waiting = inbox(session, person, now) if person else ()
    rest = [item for item in waiting if after is None or _place(item) > after]
    shown = rest[:limit]
    following = _cursor(shown[-1]) if len(rest) > limit else None
    return InboxPage(items=tuple(shown), total=len(waiting), next=following)


def inbox(session: Session, person: str, now: datetime) -> tuple[InboxItem, ...]:
    """Everything that a person can decide now, soonest deadline first.

    Who can decide, and when time acts, is arithmetic over the facts of each subject: no column knows it, so every
    subject that waits is looked at, or the most urgent could be missing. What asks none of the groups for which this
    person could speak is left out by its plan alone.
    """
    heard = could_speak_for(session, person, now)
    found = [
        item
        for kind in SUBJECTS
        for row in session.execute(select(kind.table).where(col(kind.table.state).in_(ASKING))).scalars()
        if asks_people(session, row)
        and (plan := kind.plan(session, row)) is not None
        and not heard.isdisjoint(plan.groups())
        and (item := _item(session, kind, row, person, now)) is not None
    ]
    return tuple(sorted(found, key=_place))


def _place(item: InboxItem) -> Place:
    return item.due_at is None, "" if item.due_at is None else item.due_at.astimezone(UTC).isoformat(), item.subject


def _cursor(item: InboxItem) -> str:
    _, due, subject = _place(item)
    return f"{due}|{subject}"


def _after(cursor: str) -> Place:
    due, between, subject = cursor.partition("|")
    try:
        known = not due or datetime.fromisoformat(due).tzinfo is not None
    except ValueError:
        known = False
    if not (known and between and subject):
        raise Invalid("bad_cursor", "This cursor was not given out by this list.")
    return not due, due, subject


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
