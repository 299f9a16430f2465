"""What waits for a person: changes in whose open stage they can fill a slot (R-25.3)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.approval import gate, timers
from domain.model import Model
from queries.changes import ChangeSummary, summary
from store import changes
from store.tables.change import ChangeRow

MOST = 200


class InboxItem(Model):
    """A change that waits for this person, in which stage, and when time acts on it next."""

    change: ChangeSummary
    stage: str
    next_timer: str
    due_at: datetime | None


def inbox(session: Session, person: str) -> tuple[InboxItem, ...]:
    """What a person can decide now, soonest deadline first, at most 200."""
    rows = session.execute(
        select(ChangeRow).where(col(ChangeRow.state) == "awaiting_approval").order_by(col(ChangeRow.created_at))
    ).scalars()
    found: list[InboxItem] = []
    for row in rows:
        if (item := _item(session, row, person)) is not None:
            found.append(item)
        if len(found) == MOST:
            break
    return tuple(sorted(found, key=lambda item: (item.due_at is None, item.due_at, item.change.id)))


def _item(session: Session, row: ChangeRow, person: str) -> InboxItem | None:
    facts = changes.approval_facts(session, row)
    stage = gate(facts).open_stage
    if stage is None or not any(person in slot.candidates for slot in stage.slots):
        return None
    ahead = timers(facts)
    return InboxItem(
        change=summary(row),
        stage=stage.title,
        next_timer=ahead[0].what if ahead else "",
        due_at=ahead[0].at if ahead else None,
    )
