"""What changes touch: who collides with whom, and what recent and open changes have moved already (R-3.3, R-4.5)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from sqlalchemy import and_, bindparam, func, or_, select
from sqlmodel import Session, col

from domain.change import ChangeContent
from domain.kinds import kind_of_artifact
from domain.model import Model
from domain.risk import PAST_FAILURES
from domain.tiering import SUMMED_OVER, Earlier
from store.tables.change import ChangeRow, TouchRow
from store.tables.columns import table_of

ARTIFACT, ENTRY, OFFERING = "artifact:", "entry:", "offering:"
ALL = "all:"
"""Of an artifact as a whole: its entries that name no offering may decide about every other one."""
UNDECIDED = ("draft", "needs_revision")
FAILED = ("rolling_back", "rolled_back", "failed")
AT_ONCE = 1_000
"""Subjects that one statement asks about."""

OTHERS = (
    select(col(TouchRow.subject), col(TouchRow.start_micros), ChangeRow)
    .join(ChangeRow, col(ChangeRow.id) == col(TouchRow.change))
    .where(
        col(TouchRow.subject).in_(bindparam("subjects", expanding=True)),
        col(TouchRow.change) != bindparam("own"),
        col(ChangeRow.state).not_in(UNDECIDED),
        or_(
            col(ChangeRow.closed).is_(False),
            and_(
                col(TouchRow.start_micros).is_not(None),
                col(ChangeRow.state) == "completed",
                col(ChangeRow.state_since) > bindparam("since"),
            ),
        ),
    )
    .order_by(col(ChangeRow.created_at), col(ChangeRow.id))
)
CHANGES = table_of(ChangeRow)
QUOTES = select(func.coalesce(func.sum(CHANGES.c.affected_quotes), 0)).where(
    CHANGES.c.requester == bindparam("requester"),
    CHANGES.c.created_at > bindparam("since"),
    CHANGES.c.id != bindparam("own"),
)
FAILURES = select(func.count()).where(
    CHANGES.c.state.in_(FAILED),
    CHANGES.c.kind == bindparam("kind"),
    CHANGES.c.owner_group == bindparam("owner"),
    CHANGES.c.state_since > bindparam("since"),
    CHANGES.c.id != bindparam("own"),
)

Other: TypeAlias = tuple[str, int | None, ChangeRow]
"""What another change touches too: the subject, a list price as it was, the change."""


class Collision(Model):
    """An open change that touches the same, and what."""

    change: str
    revision: int
    state: str
    requester: str
    owner_group: str
    subjects: tuple[str, ...]


class Surroundings(Model):
    """What goes on around a change: collisions, what earlier changes have moved, how many of its like failed lately."""

    collisions: tuple[Collision, ...]
    earlier: Earlier
    failures: int


def touches(content: ChangeContent) -> dict[str, int | None]:
    """What a change touches by subject, with the list price that an entry had."""
    found: dict[str, int | None] = {}
    for part in content.parts:
        kind = kind_of_artifact(part.artifact)
        if part.operations:
            found[f"{ARTIFACT}{part.artifact}"] = None
        for op in part.operations:
            found[f"{ENTRY}{part.artifact}/{op.entry}"] = (op.before or {}).get("unit_price_micros")
            offerings = [f"{OFFERING}{touched.offering}" for touched in kind.touched(op)]
            found.update(dict.fromkeys(offerings or [f"{ALL}{part.artifact}"]))
    return found


def _meeting(content: ChangeContent) -> list[str]:
    """The subjects by which others collide with a change: what it touches, and what touches all of its artifacts."""
    own = touches(content)
    whole = [ARTIFACT if f"{ALL}{part.artifact}" in own else ALL for part in content.parts]
    others = [f"{which}{part.artifact}" for which, part in zip(whole, content.parts, strict=True)]
    return [name for name in own if not name.startswith((ARTIFACT, ALL))] + others


def surroundings(
    session: Session, content: ChangeContent, own: str, requester: str, owner_group: str, now: datetime
) -> Surroundings:
    """What goes on around a change (`own` is its id, empty in a dry run)."""
    rows = _others(session, _meeting(content), own, now)
    return Surroundings(
        collisions=_collisions(rows),
        earlier=Earlier(prices=_starts(rows), quotes=_quotes(session, own, requester, now)),
        failures=_failures(session, content.kind, owner_group, own, now),
    )


def collisions(session: Session, content: ChangeContent, own: str, now: datetime) -> tuple[Collision, ...]:
    """The open changes that touch an entry or offering that this one touches, or all of its artifact."""
    return _collisions(_others(session, _meeting(content), own, now))


def _others(session: Session, subjects: Sequence[str], own: str, now: datetime) -> list[Other]:
    """Open changes on these subjects, and those of the summed period that moved a price there, oldest first."""
    found: list[Other] = []
    for start in range(0, len(subjects), AT_ONCE):
        asked = {"subjects": subjects[start : start + AT_ONCE], "own": own, "since": now - SUMMED_OVER}
        found += [(row[0], row[1], row[2]) for row in session.execute(OTHERS, asked)]
    return found


def _collisions(rows: Sequence[Other]) -> tuple[Collision, ...]:
    by_change: dict[str, tuple[ChangeRow, list[str]]] = {}
    for subject, _, row in rows:
        if not row.closed:
            by_change.setdefault(row.id, (row, []))[1].append(subject)
    return tuple(
        Collision(
            change=row.id,
            revision=row.revision,
            state=row.state,
            requester=row.requester,
            owner_group=row.owner_group,
            subjects=tuple(sorted(subjects)),
        )
        for row, subjects in by_change.values()
    )


def _starts(rows: Sequence[Other]) -> Mapping[str, int]:
    """By entry, its price before the earliest of the changes; rows are oldest first."""
    found: dict[str, int] = {}
    for subject, micros, _ in rows:
        if micros is not None:
            found.setdefault(
                subject.removeprefix(ENTRY).split("/", 2)[2], micros
            )  # after kind and name of the artifact
    return found


def _quotes(session: Session, own: str, requester: str, now: datetime) -> int:
    asked = {"requester": requester, "since": now - SUMMED_OVER, "own": own}
    return int(session.execute(QUOTES, asked).scalar_one())


def _failures(session: Session, kind: str, owner_group: str, own: str, now: datetime) -> int:
    asked = {"kind": kind, "owner": owner_group, "since": now - PAST_FAILURES, "own": own}
    return int(session.execute(FAILURES, asked).scalar_one())
