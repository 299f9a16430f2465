"""Delegations as people read them: given, received, and whether they hold (R-7.4)."""

from datetime import datetime

from sqlmodel import Session

from domain.delegation import holds
from domain.model import Model
from store.delegations import ACTIVE, concerning
from store.directory import names
from store.tables.delegation import DelegationRow

SAME = (
    *("id", "delegator", "delegate", "max_tier", "currency", "most_minor", "reason"),
    *("from_at", "until_at", "revoked_at"),
)


class DelegationView(Model):
    """A delegation. standing: in force, not yet, over, revoked, proposed (waits for approval) or refused."""

    id: str
    delegator: str
    delegator_name: str
    delegate: str
    delegate_name: str
    groups: tuple[str, ...]
    kinds: tuple[str, ...]
    max_tier: int
    currency: str | None
    most_minor: int | None
    reason: str
    from_at: datetime
    until_at: datetime
    revoked_at: datetime | None
    standing: str


def delegations_of(session: Session, person: str, now: datetime) -> tuple[DelegationView, ...]:
    """What a person has lent and was lent, latest first."""
    rows = concerning(session, person)
    known = names(session, {one for row in rows for one in (row.delegator, row.delegate)})
    return tuple(
        DelegationView(
            delegator_name=known[row.delegator],
            delegate_name=known[row.delegate],
            groups=tuple(row.groups.split()),
            kinds=tuple(row.kinds.split()),
            standing=_standing(row, now),
            **{name: getattr(row, name) for name in SAME},
        )
        for row in rows
    )


def _standing(row: DelegationRow, now: datetime) -> str:
    if row.revoked_at is not None:
        return "revoked"
    if row.state != ACTIVE:
        return row.state
    if holds(row.from_at, row.until_at, now):
        return "in force"
    return "over" if row.until_at <= now else "not yet"
