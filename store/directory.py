"""Loading people: the actor behind an account, and who holds which groups now (D3)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, literal, select, union_all
from sqlmodel import Session, col

from domain.errors import Unauthenticated
from domain.model import Model
from domain.party import Actor
from store.tables.approval import ParticipationRow
from store.tables.columns import table_of
from store.tables.directory import AccountRow, GroupRow, MembershipRow, PersonRow

MOST = 200
PERSON, SAME_PERSON = "person/", "same_person"
"""A participation in `person/<id>` of this role: an account of that person turned out to be somebody else's (D3)."""
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
PERSONS = table_of(PersonRow)
BECAME = select(col(ParticipationRow.person)).where(
    col(ParticipationRow.subject).in_(bindparam("subjects", expanding=True)), col(ParticipationRow.role) == SAME_PERSON
)
NAMES = select(PERSONS.c.id, PERSONS.c.name).where(PERSONS.c.id.in_(bindparam("persons", expanding=True)))


def actor_of(session: Session, account_id: str) -> Actor:
    """The actor behind an active account. Raises Unauthenticated("unknown_account")."""
    rows = session.execute(ACTOR, {"account": account_id}).all()
    if not rows or not rows[0].account_active:
        raise Unauthenticated("unknown_account", "This account is not known or not active.", account=account_id)
    person = rows[0].person
    if person is not None and not rows[0].person_active:
        raise Unauthenticated("unknown_account", "The person behind this account is not active.", account=account_id)
    return Actor(account=account_id, person=person, groups=frozenset(row.group for row in rows if row.group))


class People(Model):
    """Active persons with the groups that they hold directly; crowded: groups that more people hold than are listed."""

    groups: Mapping[str, frozenset[str]]
    crowded: frozenset[str]


def holders(session: Session, groups: frozenset[str], persons: frozenset[str] = frozenset()) -> People:
    """Active persons that hold any of these groups, at most 200 a group, and these persons, whatever they hold.

    So many are enough to know who is missing, however many accounts there are; who decides is always among `persons`.
    """
    wanted = sorted(groups)
    values = {f"group{number}": group for number, group in enumerate(wanted)}
    found: dict[str, set[str]] = {}
    listed = Counter[str]()
    rows = session.execute(_holders(len(wanted), bool(persons)), {**values, "persons": sorted(persons)})
    for person, group, listing in rows:
        held = found.setdefault(person, set())
        if group is not None:
            held.add(group)
        listed[group] += listing
    return People(
        groups={person: frozenset(found[person]) for person in sorted(found)},
        crowded=frozenset(group for group in wanted if listed[group] > MOST),
    )


@lru_cache(maxsize=64)
def _holders(groups: int, persons: bool) -> Any:
    """One statement: the first holders of each group by the index, and the groups of certain persons."""
    parts: list[Any] = [
        select(
            select(col(MembershipRow.person), col(MembershipRow.party_group), literal(1).label("listing"))
            .join(PersonRow, col(PersonRow.id) == col(MembershipRow.person))
            .where(col(MembershipRow.party_group) == bindparam(f"group{number}"), col(PersonRow.active))
            .order_by(col(MembershipRow.person))
            .limit(MOST + 1)
            .subquery()
        )
        for number in range(groups)
    ]
    if persons or not parts:
        parts.append(
            select(col(PersonRow.id), col(MembershipRow.party_group), literal(0))
            .outerjoin(MembershipRow, col(MembershipRow.person) == col(PersonRow.id))
            .where(col(PersonRow.id).in_(bindparam("persons", expanding=True)), col(PersonRow.active))
        )
    return union_all(*parts)


def names(session: Session, persons: set[str]) -> Mapping[str, str]:
    """Names of persons by id; accounts of machines and erased persons stand for themselves."""
    found = {row.id: row.name for row in session.execute(NAMES, {"persons": sorted(persons)})}
    return {person: found.get(person, person) for person in persons}


def unknown_groups(session: Session, groups: set[str]) -> set[str]:
    """Those groups that do not exist."""
    known = set(session.execute(select(col(GroupRow.id)).where(col(GroupRow.id).in_(groups))).scalars())
    return groups - known


def persons_of(session: Session, accounts: frozenset[str]) -> frozenset[str]:
    """The persons whose accounts these are now; an account that is a machine's, or gone, stands for itself (D3)."""
    if not accounts:
        return frozenset()
    rows = session.execute(select(col(AccountRow.id), col(AccountRow.person)).where(col(AccountRow.id).in_(accounts)))
    known = {account: person or account for account, person in rows}
    return frozenset(known.get(account, account) for account in accounts)


def same_persons(session: Session, persons: Iterable[str]) -> frozenset[str]:
    """These persons, and those whose accounts some of theirs have turned out to be: who they are now (B6)."""
    was = frozenset(persons)
    return was | frozenset(session.execute(BECAME, {"subjects": [PERSON + person for person in was]}).scalars())


def unknown_accounts(session: Session, accounts: frozenset[str]) -> frozenset[str]:
    """Those accounts that do not exist."""
    if not accounts:
        return frozenset()
    return accounts - set(session.execute(select(col(AccountRow.id)).where(col(AccountRow.id).in_(accounts))).scalars())
