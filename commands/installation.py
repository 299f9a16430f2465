"""Commands that set an installation up: people, markets, artifacts; in development, the business clock (D9, D13)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import col

from commands.command import Authority, Control, command
from domain.canonical import digest
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from domain.party import WORKER
from store.tables.artifact import ArtifactRow
from store.tables.directory import AccountRow, GroupRow, MembershipRow, PersonRow
from store.tables.installation import InstallationRow, MarketRow
from store.unit_of_work import Transaction

STANDARD_ARTIFACTS = {
    "approval/standard": "Approval policy",
    "catalog/standard": "Product catalog",
    "pricing/standard": "Price book",
}
MAX_TRAVEL_SECONDS = 400 * 86_400


class PersonEntry(Model):
    """A person with accounts and groups."""

    id: str
    name: str
    accounts: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


class MarketEntry(Model):
    """A market with its currency and IANA time zone."""

    code: str
    name: str
    currency: str
    zone: str


class Setup(Model):
    """Who and where: what an installation needs before its first content."""

    persons: tuple[PersonEntry, ...]
    groups: tuple[tuple[str, str], ...]
    machines: tuple[str, ...] = ()
    markets: tuple[MarketEntry, ...] = ()


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def set_up_installation(tx: Transaction, setup: Setup) -> bool:
    """Write people, groups, markets and the standard artifacts into an empty installation; False if already set up."""
    if tx.session.execute(select(col(PersonRow.id)).limit(1)).first() is not None:
        tx.record("installation.set_up", "installation", "unchanged")
        return False
    rows: list[Any] = [GroupRow(id=key, name=name) for key, name in setup.groups]
    rows += [AccountRow(id=machine) for machine in (WORKER, *setup.machines)]
    rows += [MarketRow(**market.model_dump()) for market in setup.markets]
    rows += [ArtifactRow(id=key, kind=key.partition("/")[0], title=title) for key, title in STANDARD_ARTIFACTS.items()]
    tx.session.add_all(rows)
    tx.session.flush()
    _add_persons(tx, setup.persons)
    tx.record("installation.set_up", "installation", persons=len(setup.persons), markets=len(setup.markets))
    return True


def _add_persons(tx: Transaction, persons: Sequence[PersonEntry]) -> None:
    for person in persons:
        tx.add(PersonRow(id=person.id, name=person.name))
        tx.session.add_all([AccountRow(id=account, person=person.id, subject=account) for account in person.accounts])
        tx.session.add_all([MembershipRow(party_group=group, person=person.id) for group in person.groups])
    tx.session.flush()


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def set_membership(tx: Transaction, person: str, group: str, holds: bool) -> None:
    """Give a group to a person or take it away. Raises Refused("may_not_administer"), NotFound."""
    _administrator(tx)
    tx.lock(PersonRow, person)
    tx.lock(GroupRow, group)
    found = tx.session.get(MembershipRow, (group, person))
    if holds and found is None:
        tx.add(MembershipRow(party_group=group, person=person))
    if not holds and found is not None:
        tx.session.delete(found)
    tx.record("directory.membership", f"person/{person}", group=group, holds=holds)


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def set_active(tx: Transaction, person: str, active: bool) -> None:
    """Let a person in or shut a person out; sessions of somebody shut out end at once. Raises Refused, NotFound."""
    _administrator(tx)
    tx.lock(PersonRow, person).active = active
    tx.record("directory.active", f"person/{person}", active=active)


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def bind_account(tx: Transaction, account: str, issuer: str, subject: str) -> None:
    """Bind an account to an identity of an OpenID issuer by its immutable subject, never by a name or a mail address.

    Raises Refused("may_not_administer"), NotFound, Conflict("identity_taken").
    """
    _administrator(tx)
    row = tx.lock(AccountRow, account)
    taken = tx.find(AccountRow, AccountRow.issuer == issuer, AccountRow.subject == subject, AccountRow.id != account)
    if taken:
        raise Conflict("identity_taken", "Another account is bound to this identity.")
    row.issuer, row.subject = issuer, subject
    tx.record("directory.account_bound", f"account/{account}", issuer=issuer, subject_digest=digest(subject))


def _administrator(tx: Transaction) -> None:
    tx.actor.as_person()
    if "administrators" not in tx.actor.groups:
        raise Refused("may_not_administer", "Only administrators change who holds what.")


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def travel(tx: Transaction, seconds: int, development: bool) -> int:
    """Move business time ahead and return the offset in seconds; development mode only (D9).

    Raises Refused, Invalid.
    """
    if not development:
        raise Refused("development_only", "Business time moves by itself; only development mode can travel.")
    if not 0 < seconds <= MAX_TRAVEL_SECONDS:
        raise Invalid("bad_travel", "Travel forward, at most 400 days at a time.")
    row = tx.find(InstallationRow)[0]
    if row is None:
        raise Conflict("not_installed", "The installation is not set up.")
    row.offset_seconds += seconds
    tx.record("installation.travelled", "installation", seconds=seconds)
    return row.offset_seconds
