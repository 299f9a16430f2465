"""Re-certification: a named person of the owner group says anew that governed content is right (R-2.5)."""

from datetime import datetime, timedelta

from domain.model import Model

USUAL_DAYS = 365
"""Days for which a certification holds, where the domain says nothing else."""


class Certification(Model):
    """Who answers by name for an artifact and every rule in it, and until when that holds.

    owner_group: the accountable group; business_owner: in words; person: who certified last, None where nobody has yet
    and the group answers since the first publication; version: the one that was certified; due_at: when it is due
    again.
    """

    artifact: str
    owner_group: str
    business_owner: str
    person: str | None
    version: int | None
    due_at: datetime


def due(since: datetime, days: int) -> datetime:
    """When what was certified, or first published, at an instant has to be certified again."""
    return since + timedelta(days=days)


def overdue(found: Certification, present: bool, now: datetime) -> str:
    """Why an artifact has to be certified again; empty while its certification holds.

    present: whether the one who certified is still an active member of the owner group.
    """
    if found.person is not None and not present:
        return f"{found.person}, who answers for it by name, is no longer in {found.owner_group}."
    return f"It had to be certified again by {found.due_at:%Y-%m-%d}." if found.due_at <= now else ""
