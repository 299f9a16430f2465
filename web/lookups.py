"""What only pages ask of the store: accounts to sign in as, a person's own changes, open cases, offerings by name."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlmodel import Session

from domain.artifact import Content
from domain.errors import Unauthenticated
from domain.impact import Impact
from domain.model import Model
from domain.party import WORKER, Actor
from queries.changes import CaseView, ChangeSummary, summary
from store import artifacts, changes
from store.directory import actor_of
from store.tables.change import CaseRow, ChangeRow
from store.tables.directory import AccountRow, MembershipRow, PersonRow

CATALOG = "catalog/standard"
PRICING = "pricing/standard"
MOST = 50


class AccountView(Model):
    """An account with the person behind it (None: a machine) and the groups that this person holds."""

    id: str
    name: str | None
    groups: tuple[str, ...]


class OpenCase(Model):
    """An open case and the change that it stops."""

    case: CaseView
    change: ChangeSummary


def accounts(session: Session) -> tuple[AccountView, ...]:
    """Active accounts that somebody can sign in as, persons by name first, then machines."""
    held: dict[str, list[str]] = {}
    for row in session.execute(select(MembershipRow).order_by(MembershipRow.party_group)).scalars():
        held.setdefault(row.person, []).append(row.party_group)
    rows = session.execute(
        select(AccountRow, PersonRow)
        .outerjoin(PersonRow, PersonRow.id == AccountRow.person)  # type: ignore[arg-type]
        .where(AccountRow.active, AccountRow.id != WORKER)  # type: ignore[arg-type]
    )
    found = [
        AccountView(id=account.id, name=person.name if person else None, groups=tuple(held.get(account.person, ())))
        for account, person in rows
        if person is None or person.active
    ]
    return tuple(sorted(found, key=lambda account: (account.name is None, account.name or "", account.id)))


def actor_of_identity(session: Session, issuer: str, subject: str) -> Actor:
    """The actor bound to an OpenID identity. Raises Unauthenticated("unknown_account")."""
    account = session.execute(
        select(AccountRow.id).where(AccountRow.issuer == issuer, AccountRow.subject == subject)  # type: ignore[call-overload]
    ).scalar()
    if account is None:
        raise Unauthenticated("unknown_account", "No account is bound to this identity.")
    return actor_of(session, account)


def proposed_by(session: Session, party: str) -> tuple[ChangeSummary, ...]:
    """The latest changes that a person or machine requested, newest first."""
    rows = session.execute(
        select(ChangeRow).where(ChangeRow.requester == party).order_by(ChangeRow.created_at.desc()).limit(MOST)  # type: ignore[attr-defined, arg-type]
    ).scalars()
    return tuple(summary(row) for row in rows)


def open_cases(session: Session) -> tuple[OpenCase, ...]:
    """What stopped and waits for somebody, oldest first."""
    rows = session.execute(
        select(CaseRow, ChangeRow)
        .join(ChangeRow, ChangeRow.id == CaseRow.subject)  # type: ignore[arg-type]
        .where(CaseRow.closed_at.is_(None))  # type: ignore[union-attr]
        .order_by(CaseRow.opened_at)  # type: ignore[arg-type]
        .limit(MOST)
    )
    return tuple(
        OpenCase(case=CaseView(**{name: getattr(case, name) for name in CaseView.model_fields}), change=summary(change))
        for case, change in rows
    )


def impact_of(session: Session, change: str, revision: int) -> Impact | None:
    """The impact found for a revision."""
    return changes.evidence_model(changes.evidence(session, change, revision, changes.IMPACT), Impact)


def latest_content(session: Session, artifact: str) -> Content:
    """The content of the latest version of an artifact."""
    return artifacts.content(session, artifact, artifacts.latest(session, artifact))


def offering_names(session: Session) -> Mapping[str, str]:
    """Names of offerings by id, from the latest catalog."""
    return {e["id"]: e["name"] for e in latest_content(session, CATALOG).values() if e["type"] == "offering"}


def offerings_like(session: Session, text: str) -> Sequence[tuple[str, str]]:
    """Id and name of the offerings whose id or name contains a text, by name."""
    wanted = text.casefold()
    found = [(key, name) for key, name in offering_names(session).items() if wanted in f"{key} {name}".casefold()]
    return sorted(found, key=lambda pair: pair[1])[:MOST]
