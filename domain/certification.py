"""Re-certification: a named person of the owner group says anew that governed content is right (R-2.5)."""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from datetime import date as LocalDate
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from domain.model import Model

USUAL_DAYS = 365
"""Days for which a certification holds, where the domain says nothing else."""


OWN = ("answered_by", "review_on")
"""What a rule may say for itself."""


class Answered(Model):
    """A rule for which somebody may answer by name, and a day from which it is due to be certified again (R-2.5).

    answered_by: a person of the group that owns the artifact; left out, whoever answers for the artifact does.
    review_on: left out, the date of the artifact holds. What is left out is not stored, so that a rule that says
    neither is stored as it was before there were these fields (D4).
    """

    answered_by: Annotated[str, Field(min_length=1, max_length=120)] | None = None
    review_on: LocalDate | None = None

    @model_serializer(mode="wrap")
    def _said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        found: dict[str, Any] = handler(self)
        return {name: value for name, value in found.items() if name not in OWN or value is not None}


class Certification(Model):
    """Who answers by name for an artifact and every rule in it, and until when that holds.

    owner_group: the accountable group; business_owner: in words; person: who certified last, None where nobody has yet
    and the group answers since the first publication; version: the one that was certified; since: when it was
    certified last, or first published; due_at: when it is due again.
    """

    artifact: str
    owner_group: str
    business_owner: str
    person: str | None
    version: int | None
    since: datetime
    due_at: datetime


class RuleCertification(Model):
    """Who answers for a rule, and until when: what it says itself, else what holds for its artifact (R-2.5).

    rule: the id of its entry; person: None while nobody has certified the artifact and the rule names nobody; why: what
    is wrong with it today, empty if nothing.
    """

    artifact: str
    rule: str
    owner_group: str
    person: str | None
    due_at: datetime
    why: str


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


def certification_of_rule(
    key: str, rule: Mapping[str, Any], found: Certification, present: bool, now: datetime
) -> RuleCertification:
    """Who answers for a rule of an artifact. A certification of the artifact on its day or later covers it.

    present: whether the person whom the rule names is an active member of the owner group.
    """
    named, day = rule.get(OWN[0]), rule.get(OWN[1])
    own = datetime.combine(LocalDate.fromisoformat(day), time(), UTC) if day else None
    waiting = own is not None and found.since < own
    why = []
    if named and not present:
        why.append(f"{named}, who answers for it by name, is not in {found.owner_group}.")
    if own is not None and waiting and own <= now:
        why.append(f"It had to be certified again by {day}.")
    return RuleCertification(
        artifact=found.artifact,
        rule=key,
        owner_group=found.owner_group,
        person=named or found.person,
        due_at=min(own, found.due_at) if own is not None and waiting else found.due_at,
        why=" ".join(why),
    )
