"""Access to what is kept about a person: asked for with a reason, agreed to, read on record (R-7.11, R-24.4)."""

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field, StrictInt

from analysis.policies import agreed_plan_at
from commands.command import Authority, Control, command
from commands.requests import RequestReceipt, not_twice, open_request
from domain.change import visible
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from policies.requests import RequestFacts
from store import data_access, requests
from store.data_access import PersonalData
from store.tables.data_access import DataAccessRow
from store.tables.directory import PersonRow
from store.tables.request import RequestRow
from store.unit_of_work import Transaction

KIND = data_access.KIND
TIER = 3
MAY_END = frozenset({"security-compliance", "administrators"})


class AccessRequest(Model):
    """About whom one wants to read, for how many days, and why."""

    about: Annotated[str, Field(min_length=1, max_length=120)]
    days: Annotated[StrictInt, Field(ge=1, le=30)] = 1
    reason: Annotated[str, Field(min_length=3, max_length=400), AfterValidator(visible)]


@command(control=Control.NONE)
def ask_access(tx: Transaction, asked: AccessRequest) -> RequestReceipt:
    """Ask to read what is kept about a person. Nothing can be read before the people of the plan have agreed.

    The person does not decide on it (R-7.3). Raises NotFound("unknown_person"), Refused("machine_may_not"),
    Invalid("own_data", "no_request_rule"), Conflict("already_asked").
    """
    reader = tx.actor.as_person()
    tx.lock(PersonRow, asked.about)
    if asked.about == reader:
        raise Invalid("own_data", "What is kept about yourself you read without asking.")
    not_twice(tx, KIND, reader=reader, about=asked.about)
    facts = RequestFacts(subject=KIND, tier=TIER, days=asked.days)
    plan = agreed_plan_at(tx.session, facts, tx.now, reader)
    content = {"about": asked.about, "reader": reader, "days": asked.days, "reason": asked.reason}
    request = open_request(tx, KIND, f"Read what is kept about {asked.about}", content, plan, (asked.about,))
    tx.record("data.access_asked", request, about=asked.about, days=asked.days)
    return RequestReceipt(request=request)


def grant(tx: Transaction, row: RequestRow) -> None:
    """The access is in force, from now for so many days."""
    content = requests.request_content(row)
    tx.add(
        DataAccessRow(
            request=row.id,
            person=content["reader"],
            about=content["about"],
            granted_at=tx.now,
            until_at=tx.now + timedelta(days=content["days"]),
        )
    )


@command(control=Control.OPERATION, authority=Authority.EXCLUSIVE)
def end_access(tx: Transaction, request: str) -> str:
    """End an access at once: by who has it, security and compliance, or an administrator.

    Raises NotFound("unknown_data_access"), Refused("not_yours"), Conflict("already_ended").
    """
    person = tx.actor.as_person()
    row = tx.lock(DataAccessRow, request)
    if person != row.person and not tx.actor.groups & MAY_END:
        raise Refused("not_yours", "Who has the access, security and compliance and administrators end it.")
    if row.ended_at is not None or row.until_at <= tx.now:
        raise Conflict("already_ended", f"The access by {request} holds no longer.", request=request)
    row.ended_at, row.ended_by = tx.now, person
    tx.record("data.access_ended", request, about=row.about, by=person)
    return request


@command(control=Control.OPERATION)
def read_personal_data(tx: Transaction, person: str) -> PersonalData:
    """What is kept about a person, for themselves or by an access in force; that it was read stays on record.

    Raises NotFound("unknown_person"), Refused("machine_may_not", "no_access").
    """
    reader = tx.actor.as_person()
    row = tx.lock(PersonRow, person)
    access = data_access.access_in_force(tx.session, reader, person, tx.now)
    if access is None and reader != person:
        raise Refused("no_access", f"You have no access to what is kept about {person}; ask for it.", about=person)
    tx.record("data.read", f"person/{person}", by=reader, access=access.request if access else None)
    return data_access.personal_data(tx.session, row)
