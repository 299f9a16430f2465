"""Commands that set an installation up: people, markets, artifacts; in development, the business clock (D9, D13)."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlmodel import SQLModel, col

from commands.command import Authority, Control, command
from commands.requests import note_participation
from commands.working_time import CalendarEntry, put_calendar
from domain.canonical import digest
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from domain.party import WORKER
from store.directory import PERSON, SAME_PERSON
from store.tables.approval import CommentRow, DecisionRow, ParticipationRow, RemarkRow, RemarkTextRow
from store.tables.artifact import ArtifactRow
from store.tables.delegation import DelegationRow
from store.tables.directory import AccountRow, GroupRow, MembershipRow, PersonRow
from store.tables.installation import InstallationRow, MarketRow
from store.tables.reconciliation import ReconciliationRunRow
from store.unit_of_work import Transaction

ADMINISTRATORS = "administrators"
STANDARD_ARTIFACTS = {
    "approval/standard": "Approval policy",
    "catalog/standard": "Product catalog",
    "content/standard": "Texts of offerings",
    "document/standard": "Proposal templates and clause library",
    "eligibility/standard": "Eligibility policy",
    "integration/standard": "Integration contracts",
    "order_mapping/standard": "Fulfillment mapping",
    "platform/standard": "Releases of the platform",
    "pricing/standard": "Price book",
    "promotion/standard": "Promotions",
    "security/access": "Access policy",
    "security/ownership": "Ownership and RACI table",
    "security/standard-changes": "Standard changes",
    "workflow/standard": "State machines and retry policies",
}
ERASED = "(erased)"
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
    calendars: tuple[CalendarEntry, ...] = ()


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def set_up_installation(tx: Transaction, setup: Setup) -> bool:
    """Write people, groups, markets and the standard artifacts into an empty installation; False if already set up.

    Groups and artifacts that a later release has added are added then; nothing else is touched.
    """
    if tx.session.execute(select(col(PersonRow.id)).limit(1)).first() is not None:
        added = _complete(tx, setup)
        tx.record("installation.set_up", "installation", "completed" if added else "unchanged", added=added)
        return False
    rows: list[Any] = [GroupRow(id=key, name=name) for key, name in setup.groups]
    rows += [AccountRow(id=machine) for machine in (WORKER, *setup.machines)]
    rows += [MarketRow(**market.model_dump()) for market in setup.markets]
    rows += [ArtifactRow(id=key, kind=key.partition("/")[0], title=title) for key, title in STANDARD_ARTIFACTS.items()]
    tx.session.add_all(rows)
    tx.session.flush()
    _add_persons(tx, setup.persons)
    for calendar in setup.calendars:
        put_calendar(tx, calendar)
    tx.record("installation.set_up", "installation", persons=len(setup.persons), markets=len(setup.markets))
    return True


def _complete(tx: Transaction, setup: Setup) -> list[str]:
    """Add the groups and standard artifacts that are not there yet; their ids."""
    missing: list[GroupRow | ArtifactRow] = [
        GroupRow(id=key, name=name) for key, name in setup.groups if tx.session.get(GroupRow, key) is None
    ]
    missing += [
        ArtifactRow(id=key, kind=key.partition("/")[0], title=title)
        for key, title in STANDARD_ARTIFACTS.items()
        if tx.session.get(ArtifactRow, key) is None
    ]
    tx.session.add_all(missing)
    return [row.id for row in missing]


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
def erase_person(tx: Transaction, person: str) -> int:
    """Erase the name, the comments and the reasons of somebody who was shut out; the chains still verify (R-24.4).

    Returns how many texts were erased. Raises Refused("may_not_administer"), NotFound, Conflict("still_active").
    """
    _administrator(tx)
    row = tx.lock(PersonRow, person)
    if row.active:
        raise Conflict("still_active", "Shut this person out first; somebody who can sign in is not erased.")
    row.name = ERASED
    said = select(col(DecisionRow.id)).where(col(DecisionRow.person) == person)
    remarks = select(col(RemarkRow.id)).where(col(RemarkRow.person) == person)
    comments: list[SQLModel] = [*tx.find(CommentRow, col(CommentRow.decision).in_(said))]
    comments += tx.find(RemarkTextRow, col(RemarkTextRow.remark).in_(remarks))
    for comment in comments:
        tx.session.delete(comment)
    given = _reasons(tx, person)
    for found in given:
        found.reason = ""
    erased = len(comments) + len(given)
    tx.record("directory.erased", f"person/{person}", comments=erased)
    return erased


def _reasons(tx: Transaction, person: str) -> list[DelegationRow | ReconciliationRunRow]:
    """What the person gave as the reason of a delegation or of a run."""
    lent = tx.find(DelegationRow, col(DelegationRow.delegator) == person, col(DelegationRow.reason) != "")
    asked = col(ReconciliationRunRow.requested_by) == person
    return [*lent, *tx.find(ReconciliationRunRow, asked, col(ReconciliationRunRow.reason) != "")]


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def bind_account(tx: Transaction, account: str, issuer: str, subject: str) -> None:
    """Bind an account to an identity of an OpenID issuer by its immutable subject, never by a name or a mail address.

    Raises Refused("may_not_administer"), NotFound, Conflict("identity_taken").
    """
    _administrator(tx)
    _bind(tx, account, issuer, subject)


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def bind_first_administrator(tx: Transaction, account: str, issuer: str, subject: str) -> None:
    """Let the first administrator of an installation in, who then binds everybody else; for operators, once.

    Raises Refused("administrator_exists", "may_not_administer"), NotFound, Conflict("identity_taken").
    """
    holders = select(col(MembershipRow.person)).where(col(MembershipRow.party_group) == ADMINISTRATORS)
    accounts = tx.find(AccountRow, col(AccountRow.person).in_(holders))
    if any(row.issuer for row in accounts):
        raise Refused("administrator_exists", "An administrator can sign in already, and binds the other accounts.")
    if tx.lock(AccountRow, account).id not in {row.id for row in accounts}:
        raise Refused("may_not_administer", f"{account} is no account of an administrator.")
    _bind(tx, account, issuer, subject)


def _bind(tx: Transaction, account: str, issuer: str, subject: str) -> None:
    row = tx.lock(AccountRow, account)
    taken = tx.find(AccountRow, AccountRow.issuer == issuer, AccountRow.subject == subject, AccountRow.id != account)
    if taken:
        raise Conflict("identity_taken", "Another account is bound to this identity.")
    row.issuer, row.subject = issuer, subject
    tx.record("directory.account_bound", f"account/{account}", issuer=issuer, subject_digest=digest(subject))


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def link_account(tx: Transaction, account: str, person: str) -> None:
    """Say whose account it is; what it has decided counts as that person's from now on, once (D3).

    Whatever kept its former person from deciding keeps this one from it, too (B6).

    Raises Refused("may_not_administer"), NotFound, Invalid("machine_account").
    """
    _administrator(tx)
    row = tx.lock(AccountRow, account)
    tx.lock(PersonRow, person)
    if row.person is None:
        raise Invalid("machine_account", "The account of a machine does not become a person's.")
    was, row.person = row.person, person
    _same_person(tx, was, person)
    tx.record("directory.account_linked", f"account/{account}", was=was, person=person)


def _same_person(tx: Transaction, was: str, person: str) -> None:
    """Keep that an account of one person is another's now, and so of everybody whose account became theirs before."""
    noted = tx.find(ParticipationRow, col(ParticipationRow.role) == SAME_PERSON)
    earlier = {row.subject for row in noted if row.person == was} | {PERSON + was}
    known = {row.subject for row in noted if row.person == person} | {PERSON + person}
    for subject in sorted(earlier - known):
        note_participation(tx, subject, person, SAME_PERSON)


def _administrator(tx: Transaction) -> None:
    tx.actor.as_person()
    if ADMINISTRATORS not in tx.actor.groups:
        raise Refused("may_not_administer", "Only administrators change who holds what.")


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def travel(tx: Transaction, seconds: int, development: bool) -> int:
    """Move business time ahead and return the offset in seconds; development mode only (D9).

    Raises Refused("development_only"), Invalid("bad_travel"), Conflict("not_installed").
    """
    row = _traveller(tx, seconds, development)
    row.offset_seconds += seconds
    tx.record("installation.travelled", "installation", seconds=seconds)
    return row.offset_seconds


@command(control=Control.NONE, authority=Authority.FREE, audited=False)
def set_out(tx: Transaction, seconds: int, development: bool) -> int:
    """The offset in seconds at which a journey of several travels ends; under its key it is the same again (D7).

    Raises as `travel` does, which is what moves time and is recorded.
    """
    return _traveller(tx, seconds, development).offset_seconds + seconds


def _traveller(tx: Transaction, seconds: int, development: bool) -> InstallationRow:
    if not development:
        raise Refused("development_only", "Business time moves by itself; only development mode can travel.")
    if not 0 < seconds <= MAX_TRAVEL_SECONDS:
        raise Invalid("bad_travel", "Travel forward, at most 400 days at a time.")
    found = tx.find(InstallationRow)
    if not found:
        raise Conflict("not_installed", "The installation is not set up.")
    return found[0]
