"""Standard changes as they stand: templates in force, and which lost their status by a failed change (R-3.5)."""

from datetime import datetime

from sqlalchemy import select
from sqlmodel import Session, col

from domain.artifact import Content
from domain.change import ChangeContent
from domain.impact import Impact
from domain.standard import StandardChange, outside, status_key, template_of
from store import artifacts
from store.tables.change import ChangeRow

STANDARDS = "security/standard-changes"
FAILED = ("rolling_back", "rolled_back", "failed")


def failed_change(session: Session, template: StandardChange) -> str | None:
    """A change that failed or was taken back under this template, exactly as it is approved now."""
    query = select(col(ChangeRow.id)).where(
        col(ChangeRow.state).in_(FAILED), col(ChangeRow.standard) == status_key(template)
    )
    return session.execute(query.order_by(col(ChangeRow.id)).limit(1)).scalar()


def standard_standing(
    session: Session,
    templates: Content,
    content: ChangeContent,
    impact: Impact,
    summed: tuple[int, int],
    now: datetime,
) -> tuple[str, tuple[str, ...]]:
    """The key of the template that a change follows, and why it is outside of it; empty reasons: nobody is asked.

    summed: as in `outside`.
    """
    template = template_of(templates, content.standard)
    if template is None:
        return "", (f"there is no template {content.standard!r}",)
    reasons = outside(template, content, impact, now.date(), summed)
    if failed := failed_change(session, template):
        reasons = (*reasons, f"the template lost its status by {failed}")
    return status_key(template), reasons


def lost(session: Session, key: str, name: str, now: datetime) -> bool:
    """Whether a template no longer is what a change was assessed under: changed, taken out, over, or failed since."""
    template = template_of(artifacts.latest_of(session, STANDARDS)[STANDARDS].content, name)
    if template is None or status_key(template) != key or now.date() > template.last_day:
        return True
    return failed_change(session, template) is not None
