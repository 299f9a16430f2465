"""Reading standard changes: the templates in force, their bounds, and whether they still hold (R-3.5)."""

from datetime import datetime

from sqlmodel import Session

from domain.model import Model
from domain.standard import StandardChange
from store.artifacts import latest_of
from store.standards import STANDARDS, failed_change


class StandardView(Model):
    """A template. standing: `active`, `expired` or `lost`; failed: the change by which it lost its status."""

    template: StandardChange
    version: int
    standing: str
    failed: str | None


def standard_changes(session: Session, now: datetime) -> tuple[StandardView, ...]:
    """Every template of the published list, by id."""
    latest = latest_of(session, STANDARDS)[STANDARDS]
    return tuple(
        _view(session, StandardChange.model_validate(latest.content[key]), latest.number, now)
        for key in sorted(latest.content)
    )


def _view(session: Session, template: StandardChange, version: int, now: datetime) -> StandardView:
    failed = failed_change(session, template)
    standing = "lost" if failed else "expired" if now.date() > template.last_day else "active"
    return StandardView(template=template, version=version, standing=standing, failed=failed)
