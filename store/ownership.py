"""Loading who owns what: from the latest version of the ownership table, each time that it is needed (R-2.2)."""

from sqlmodel import Session

from domain.artifact import Content
from domain.ownership import Ownership, accountable_for, ownership_of
from store import artifacts
from store.directory import holders

OWNERSHIP = "security/ownership"


def table(session: Session) -> Content:
    """The entries of the ownership table as it is in force."""
    return artifacts.latest_of(session, OWNERSHIP)[OWNERSHIP].content


def orphans(session: Session) -> dict[str, str]:
    """The artifacts for which nobody answers today, and why: no accountable group, or no active person in it (R-2.5).

    Nothing is said before there is an ownership table.
    """
    latest = artifacts.latest_of(session)
    if OWNERSHIP not in latest or not latest[OWNERSHIP].number:
        return {}
    owned = latest[OWNERSHIP].content
    groups = {name: accountable_for(owned, now.kind) for name, now in latest.items() if now.number}
    held = holders(session, frozenset(groups.values()) - {""}).groups
    manned = {group for person in held.values() for group in person}
    return {
        name: f"No active person of {group} is there to answer for it." if group else "No group is accountable for it."
        for name, group in groups.items()
        if group not in manned
    }


def owner_of(session: Session, kind: str) -> Ownership:
    """Who owns a kind of change. Raises Refused("no_accountable_group")."""
    return ownership_of(table(session), kind)
