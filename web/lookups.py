"""What only pages ask of the store: accounts to sign in as, a person's own changes, open cases, offerings by name."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select
from sqlmodel import Session, col

from domain.artifact import Content
from domain.errors import Unauthenticated
from domain.impact import Impact
from domain.kinds import kinds
from domain.model import Model
from domain.party import WORKER, Actor
from queries.changes import CaseView, ChangeSummary, summary
from store import artifacts, changes
from store.directory import actor_of
from store.tables.change import CaseRow, ChangeRow
from store.tables.directory import AccountRow, MembershipRow, PersonRow
from store.tables.installation import MarketRow

CATALOG = "catalog/standard"
PRICING = "pricing/standard"
MOST = 50
PEOPLE = 200


class AccountView(Model):
    """An account with the person behind it (None: a machine) and the groups that this person holds."""

    id: str
    name: str | None
    groups: tuple[str, ...]


class OpenCase(Model):
    """An open case, what it is about, and the page of that (empty: it has none)."""

    case: CaseView
    subject: str
    title: str
    page: str


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


def active_persons(session: Session) -> tuple[tuple[str, str], ...]:
    """Active persons by name, id and name, the first two hundred."""
    rows = session.execute(
        select(PersonRow).where(PersonRow.active).order_by(PersonRow.name).limit(PEOPLE)  # type: ignore[arg-type]
    ).scalars()
    return tuple((row.id, row.name) for row in rows)


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
    """What stopped and waits for somebody, of changes, requests and artifacts, oldest first (R-7.7)."""
    rows = session.execute(
        select(CaseRow, col(ChangeRow.title))
        .outerjoin(ChangeRow, col(ChangeRow.id) == col(CaseRow.subject))
        .where(col(CaseRow.closed_at).is_(None))
        .order_by(col(CaseRow.opened_at))
        .limit(MOST)
    )
    return tuple(
        OpenCase(
            case=CaseView(**{name: getattr(case, name) for name in CaseView.model_fields}),
            subject=case.subject,
            title=title or case.subject,
            page=_page_of(case.subject),
        )
        for case, title in rows
    )


def _page_of(subject: str) -> str:
    """Where people look at what a case is about."""
    if subject.startswith("CR-"):
        return f"/changes/{subject}#cases"
    if subject.startswith("AR-"):
        return f"/requests/{subject}"
    kind = subject.partition("/")[0]
    return f"/{'policies' if kind == 'approval' else 'artifacts'}/{subject}" if kind in kinds() else ""


def impact_of(session: Session, change: str, revision: int) -> Impact | None:
    """The impact found for a revision."""
    return changes.evidence_model(changes.evidence(session, change, revision, changes.IMPACT), Impact)


def latest_content(session: Session, artifact: str) -> Content:
    """The content of the latest version of an artifact."""
    return artifacts.content(session, artifact, artifacts.latest(session, artifact))


def markets(session: Session) -> Mapping[str, Mapping[str, str]]:
    """Currency and time zone of every market, by its code."""
    rows = session.execute(select(MarketRow).order_by(MarketRow.code)).scalars()
    return {row.code: {"currency": row.currency, "zone": row.zone} for row in rows}


def offering_names(session: Session) -> Mapping[str, str]:
    """Names of offerings by id, from the latest catalog."""
    return {e["id"]: e["name"] for e in latest_content(session, CATALOG).values() if e["type"] == "offering"}


def offerings_like(session: Session, text: str) -> Sequence[tuple[str, str]]:
    """Id and name of the offerings whose id or name contains a text, by name."""
    wanted = text.casefold()
    found = [(key, name) for key, name in offering_names(session).items() if wanted in f"{key} {name}".casefold()]
    return sorted(found, key=lambda pair: pair[1])[:MOST]
