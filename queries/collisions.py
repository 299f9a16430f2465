"""Reading what changes meet: who touches the same, and the queue in which one artifact's changes release (R-4.5)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, select
from sqlmodel import Session

from domain.change import EFFECTIVE, ChangeState
from domain.combination import Combination, Combinations
from domain.model import Model
from store import changes, touches
from store.tables.change import ChangeRow, TouchRow
from store.tables.columns import table_of
from store.tables.release import PlannedActivationRow
from store.touches import ARTIFACT, Collision

ORDER = {
    state: place
    for place, state in enumerate(
        ("releasing", "scheduled", "approved", "awaiting_approval", "simulating", "assessing", "submitted")
    )
}
CHANGES, TOUCHES, PLANNED = table_of(ChangeRow), table_of(TouchRow), table_of(PlannedActivationRow)
SOONEST = (
    select(func.min(PLANNED.c.due_at))
    .where(
        PLANNED.c.change == CHANGES.c.id,
        PLANNED.c.revision == CHANGES.c.revision,
        PLANNED.c.activated_at.is_(None),
    )
    .scalar_subquery()
)
"""The soonest instant of a scheduled change that is still ahead."""
QUEUED = (
    select(CHANGES.c.id, CHANGES.c.title, CHANGES.c.state, CHANGES.c.created_at, SOONEST.label("due_at"))
    .join(TOUCHES, TOUCHES.c.change == CHANGES.c.id)
    .where(
        CHANGES.c.closed.is_(False),
        TOUCHES.c.subject == bindparam("subject"),
        CHANGES.c.state.in_(tuple(ORDER)),
    )
)


class QueuePlace(Model):
    """A change in the queue of an artifact: its position from 1, when it is due, and those that it waits for."""

    artifact: str
    position: int
    change: str
    title: str
    state: str
    due_at: datetime | None
    waits_for: tuple[str, ...]


class Together(Combination):
    """A combination as one of both changes shows it; outdated: one of them was edited since it was simulated."""

    outdated: bool = False


def combined_of(
    session: Session, row: ChangeRow, own: changes.Evidence | None, collisions: Sequence[Collision]
) -> tuple[Together, ...]:
    """A change together with those that it meets, whichever of both was assessed later and so found it.

    own: the latest evidence of its revision about that, if it found any.
    """
    now = {other.change: other.revision for other in collisions}
    found = {one.change: one for one in _found_by_others(session, row, now)}
    mine = changes.evidence_model(own, Combinations)
    for one in mine.found if mine else ():
        outdated = one.revision != now.get(one.change, one.revision)
        if not outdated or one.change not in found:
            found[one.change] = Together(**one.model_dump(), outdated=outdated)
    return tuple(found[name] for name in sorted(found))


def _found_by_others(session: Session, row: ChangeRow, now: Mapping[str, int]) -> Iterator[Together]:
    """What open changes found of this one, latest last; now: the revision of each."""
    for evidence in changes.evidence_of_all(session, sorted(now), changes.COMBINED) if now else ():
        other, found = evidence.change, changes.evidence_model(evidence, Combinations)
        for one in found.found if found else ():
            if one.change == row.id:
                outdated = (one.revision, evidence.revision) != (row.revision, now[other])
                seen = one.model_dump() | {"change": other, "revision": evidence.revision}
                yield Together(**seen, outdated=outdated)


def collisions_of(session: Session, change: str, now: datetime) -> tuple[Collision, ...]:
    """The open changes that touch what this one touches; none for one that is over or still a draft."""
    row = changes.change(session, change)
    if row.closed or row.state == ChangeState.DRAFT:
        return ()
    content = changes.content(session, change, row.revision)
    return touches.collisions(session, content, change, now)


def release_queue(session: Session, artifact: str) -> tuple[QueuePlace, ...]:
    """The open changes of an artifact in the order of their release: each meets what those before it leave."""
    queue = _queue(session, artifact)
    return tuple(_place(artifact, queue, number) for number in range(len(queue)))


def _queue(session: Session, artifact: str) -> Sequence[Any]:
    rows = session.execute(QUEUED, {"subject": f"{ARTIFACT}{artifact}"})
    return sorted(rows, key=lambda row: (ORDER[row.state], row.due_at is None, row.due_at, row.created_at, row.id))


def _place(artifact: str, queue: Sequence[Any], number: int) -> QueuePlace:
    row = queue[number]
    return QueuePlace(
        artifact=artifact,
        position=number + 1,
        change=row.id,
        title=row.title,
        state=row.state,
        due_at=row.due_at,
        waits_for=tuple(before.id for before in queue[:number]),
    )


def queues_of(session: Session, change: str) -> tuple[QueuePlace, ...]:
    """The places of a change in the queues of the artifacts that it moves."""
    row = changes.change(session, change)
    if row.closed or row.state in {*EFFECTIVE} - {ChangeState.RELEASING}:
        return ()
    content = changes.content(session, change, row.revision)
    return tuple(place for part in content.parts for place in _places(session, part.artifact, change))


def _places(session: Session, artifact: str, change: str) -> Iterator[QueuePlace]:
    queue = _queue(session, artifact)
    return (_place(artifact, queue, number) for number, row in enumerate(queue) if row.id == change)
