"""Loading delegations: those that hold now and cover a subject, and those that concern a person (R-7.4)."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlmodel import Session, col

from domain.approval_plan import Deputy
from domain.delegation import Limits
from store.tables.delegation import DelegationRow
from store.tables.directory import MembershipRow

ACTIVE, PROPOSED = "active", "proposed"
HOLDING: Any = (
    select(DelegationRow)
    .where(
        col(DelegationRow.until_at) > bindparam("now"),
        col(DelegationRow.from_at) <= bindparam("now"),
        col(DelegationRow.state) == ACTIVE,
        col(DelegationRow.revoked_at).is_(None),
        select(col(MembershipRow.person))
        .where(
            col(MembershipRow.person) == col(DelegationRow.delegator),
            col(MembershipRow.party_group).in_(bindparam("groups", expanding=True)),
        )
        .exists(),
    )
    .order_by(col(DelegationRow.id))
)
"""Delegations in force now by people who hold one of these groups."""

AtStake = Callable[[], Mapping[str, int] | None]


def deputies(
    session: Session, groups: frozenset[str], kind: str, tier: int, at_stake: AtStake, now: datetime
) -> tuple[Deputy, ...]:
    """The delegations that hold now and cover a subject, with those of these groups that each lends.

    at_stake: finds the money of the subject, asked only when a delegation is limited by an amount.
    """
    rows = session.execute(HOLDING, {"now": now, "groups": sorted(groups)}).scalars()
    return tuple(
        Deputy(
            delegation=row.id,
            delegator=row.delegator,
            delegate=row.delegate,
            groups=frozenset(group for group in groups if limits.lends(group)),
        )
        for row in rows
        if (limits := limits_of(row)).cover(kind, tier, at_stake() if limits.most_minor is not None else None)
    )


def could_speak_for(session: Session, person: str, now: datetime) -> frozenset[str]:
    """The groups that a person holds, and those of everybody who lends to them now, whatever the limits of that are."""
    lends = select(col(DelegationRow.delegator)).where(
        col(DelegationRow.delegate) == person, col(DelegationRow.from_at) <= now, col(DelegationRow.until_at) > now
    )
    held = select(col(MembershipRow.party_group)).where(
        or_(col(MembershipRow.person) == person, col(MembershipRow.person).in_(lends))
    )
    return frozenset(session.execute(held).scalars())


def limits_of(row: DelegationRow) -> Limits:
    """The limits of a stored delegation."""
    return Limits(
        groups=tuple(row.groups.split()),
        kinds=tuple(row.kinds.split()),
        max_tier=row.max_tier,
        currency=row.currency,
        most_minor=row.most_minor,
    )


def concerning(session: Session, person: str) -> list[DelegationRow]:
    """The delegations that a person has given or received, latest first."""
    query = (
        select(DelegationRow)
        .where(or_(col(DelegationRow.delegator) == person, col(DelegationRow.delegate) == person))
        .order_by(col(DelegationRow.created_at).desc(), col(DelegationRow.id).desc())
    )
    return list(session.execute(query).scalars())
