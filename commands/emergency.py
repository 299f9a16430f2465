"""Commands of the emergency path: break-glass windows, and the reviews that emergencies have to end in (R-4.7)."""

import secrets
from datetime import timedelta

from sqlalchemy import select
from sqlmodel import col

from commands.command import Authority, Control, command
from commands.step import require_system, set_case
from domain.approval import GOVERNANCE_BOARD
from domain.change import ChangeState
from domain.emergency import (
    BREAK_GLASS,
    BREAK_GLASS_REVIEW,
    EMERGENCY,
    LONGEST_BREAK_GLASS,
    NEVER_TIER,
    Findings,
    Reason,
    require_second_person,
)
from domain.errors import Conflict, Invalid, Refused
from domain.given import WrittenNumber
from domain.model import Model
from store.directory import same_persons
from store.tables.approval import DecisionRow
from store.tables.change import ChangeRow, RevisionRow
from store.tables.emergency import BreakGlassRow, ReviewRow
from store.unit_of_work import Transaction

MAY_REVIEW = GOVERNANCE_BOARD
HELD_BACK = (ChangeState.SCHEDULED, ChangeState.RELEASING)


class Window(Model):
    """For how many minutes freezes do not hold, and why."""

    minutes: WrittenNumber
    reason: Reason


class ReviewReceipt(Model):
    """The review that has to take place, and until when (ISO instant)."""

    review: str
    due_at: str


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def break_glass(tx: Transaction, change: str, window: Window) -> ReviewReceipt:
    """Let an approved emergency change pass freezes, for at most four hours; a second person reviews within a day.

    It replaces no approval: the gate asks for the emergency's own quorum as ever. Raises Refused("machine_may_not",
    "not_yours", "not_an_emergency", "never_tier_4"), Invalid("too_long"), Conflict("nothing_to_pass").
    """
    person = tx.actor.as_person()
    row = tx.lock(ChangeRow, change)
    if row.owner_group not in tx.actor.groups:
        raise Refused("not_yours", f"Only {row.owner_group} breaks the glass for this change.", change=change)
    if not row.emergency:
        raise Refused("not_an_emergency", "Only an emergency change passes a freeze this way.", change=change)
    if row.tier is None or row.tier >= NEVER_TIER:
        raise Refused("never_tier_4", "Break-glass is never for a change of tier 4.", change=change, tier=row.tier)
    if timedelta(minutes=window.minutes) > LONGEST_BREAK_GLASS:
        raise Invalid("too_long", "Break-glass is for at most four hours.", minutes=window.minutes)
    if row.state not in HELD_BACK:
        raise Conflict("nothing_to_pass", f"{change} is {row.state.replace('_', ' ')}; nothing is held back.")
    until = tx.now + timedelta(minutes=window.minutes)
    glass = BreakGlassRow(
        id=f"glass-{secrets.token_hex(6)}", change=change, opened_by=person, opened_at=tx.now, until_at=until
    )
    tx.add(glass)
    review = _open(tx, row, BREAK_GLASS, glass.id, person, window.reason, BREAK_GLASS_REVIEW)
    tx.wake(change, "break-glass")
    tx.record("emergency.glass_broken", change, until=until.isoformat(), review=review.id, tier=row.tier)
    return ReviewReceipt(review=review.id, due_at=review.due_at.isoformat())


def open_review(tx: Transaction, row: ChangeRow, reason: str, within: int | None) -> None:
    """An emergency that has taken effect has to be reviewed; once for a change. Part of the command that records it."""
    if row.emergency and within is not None and tx.session.get(ReviewRow, f"{EMERGENCY}/{row.id}") is None:
        _open(tx, row, EMERGENCY, row.id, row.requester, reason, timedelta(seconds=within))


def _open(
    tx: Transaction, row: ChangeRow, what: str, name: str, person: str, reason: str, within: timedelta
) -> ReviewRow:
    review = ReviewRow(
        id=f"{what}/{name}",
        subject=row.id,
        what=what,
        opened_by=person,
        reason=reason,
        owner_group=row.owner_group,
        opened_at=tx.now,
        due_at=tx.now + within,
    )
    tx.add(review)
    return review


@command(control=Control.OPERATION)
def review_emergency(tx: Transaction, review: str, found: Findings) -> ReviewReceipt:
    """Keep what a second person found. Whether it was sound is judged; what took effect is taken back by a rollback.

    Raises NotFound("unknown_review"), Conflict("reviewed_already"), Refused("machine_may_not", "not_a_reviewer",
    "not_a_second_person").
    """
    person = tx.actor.as_person()
    row = tx.lock(ReviewRow, review)
    if row.reviewed_at is not None:
        raise Conflict("reviewed_already", f"{review} has been reviewed by {row.reviewed_by}.")
    if not tx.actor.groups & {row.owner_group, MAY_REVIEW}:
        raise Refused("not_a_reviewer", f"Reviewing is for {row.owner_group} and {MAY_REVIEW}.", review=review)
    require_second_person(person, _involved(tx, row))
    row.reviewed_at, row.reviewed_by, row.sound, row.findings = tx.now, person, found.sound, found.findings
    set_case(tx, row.subject, f"review {row.what}", row.owner_group, None, "")
    tx.record("emergency.reviewed", row.subject, "sound" if found.sound else "unsound", review=review)
    return ReviewReceipt(review=review, due_at=row.due_at.isoformat())


def _involved(tx: Transaction, row: ReviewRow) -> frozenset[str]:
    """Whoever asked for the change, wrote a revision, decided on it, or opened the window; through any account."""
    authors = tx.session.execute(select(col(RevisionRow.author)).where(col(RevisionRow.change) == row.subject))
    deciders = tx.session.execute(select(col(DecisionRow.person)).where(col(DecisionRow.subject) == row.subject))
    change = tx.session.get_one(ChangeRow, row.subject)
    return same_persons(tx.session, {row.opened_by, change.requester, *authors.scalars(), *deciders.scalars()})


@command(control=Control.OPERATION)
def raise_overdue_reviews(tx: Transaction) -> int:
    """Open a case for every review that has not taken place in time; how many there were (R-4.7)."""
    require_system(tx)
    late = tx.find(
        ReviewRow,
        col(ReviewRow.reviewed_at).is_(None),
        col(ReviewRow.due_at) < tx.now,
        col(ReviewRow.overdue).is_(False),
    )
    for row in late:
        row.overdue = True
        what = row.what.replace("_", " ")
        message = f"The review of {what} {row.subject} was due on {row.due_at:%Y-%m-%d %H:%M} UTC."
        set_case(tx, row.subject, f"review {row.what}", row.owner_group, "review_overdue", message)
    tx.record("emergency.reviews_overdue", "installation", reviews=[row.id for row in late])
    return len(late)
