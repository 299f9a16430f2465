"""Loading people: the actor behind an account, and who holds which groups now (D3)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import bindparam, select
from sqlmodel import Session, col

from domain.errors import Unauthenticated
from domain.party import Actor
from store.tables.directory import AccountRow, GroupRow, MembershipRow, PersonRow

ACTOR: Any = (
    select(
        col(AccountRow.active).label("account_active"),
        col(AccountRow.person).label("person"),
        col(PersonRow.active).label("person_active"),
        col(MembershipRow.party_group).label("group"),
    )
    .outerjoin(PersonRow, col(PersonRow.id) == col(AccountRow.person))
    .outerjoin(MembershipRow, col(MembershipRow.person) == col(PersonRow.id))
    .where(col(AccountRow.id) == bindparam("account"))
)


def actor_of(session: Session, account_id: str) -> Actor:
    """The actor behind an active account. Raises Unauthenticated("unknown_account")."""
    rows = session.execute(ACTOR, {"account": account_id}).all()
    if not rows or not rows[0].account_active:
        raise Unauthenticated("unknown_account", "This account is not known or not active.", account=account_id)
    person = rows[0].person
    if person is not None and not rows[0].person_active:
        raise Unauthenticated("unknown_account", "The person behind this account is not active.", account=account_id)
    return Actor(account=account_id, person=person, groups=frozenset(row.group for row in rows if row.group))


def holders(session: Session, groups: frozenset[str]) -> Mapping[str, frozenset[str]]:
    """Active persons that hold any of these groups, with those that they hold."""
    rows = session.execute(
        select(col(MembershipRow.person), col(MembershipRow.party_group))
        .join(PersonRow, col(PersonRow.id) == col(MembershipRow.person))
        .where(col(MembershipRow.party_group).in_(groups), col(PersonRow.active))
    )
    found: dict[str, set[str]] = {}
    for person, group in rows:
        found.setdefault(person, set()).add(group)
    return {person: frozenset(held) for person, held in found.items()}


def names(session: Session, persons: set[str]) -> Mapping[str, str]:
    """Names of persons by id; accounts of machines and erased persons stand for themselves."""
    rows = session.execute(select(PersonRow).where(col(PersonRow.id).in_(persons))).scalars()
    found = {row.id: row.name for row in rows}
    return {person: found.get(person, person) for person in persons}


def unknown_groups(session: Session, groups: set[str]) -> set[str]:
    """Those groups that do not exist."""
    known = set(session.execute(select(col(GroupRow.id)).where(col(GroupRow.id).in_(groups))).scalars())
    return groups - known
