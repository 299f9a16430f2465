"""Exceptions to a freeze: asked for with a reason and an end, in force when the people of the plan agree (R-12.3)."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field
from sqlmodel import col

from analysis.policies import agreed_plan_at
from commands.command import Control, command
from commands.requests import RequestReceipt, not_twice, open_request
from domain.artifact import EVERYWHERE
from domain.change import ChangeState, visible
from domain.errors import Conflict, Invalid
from domain.given import Instant
from domain.model import Model
from policies.requests import RequestFacts
from store import requests
from store.tables.calendar import FreezeRow
from store.tables.change import ChangeRow
from store.tables.request import FreezeExceptionRow, RequestRow
from store.unit_of_work import Transaction

KIND = "freeze_exception"
HELD_BACK = (ChangeState.SCHEDULED, ChangeState.RELEASING, ChangeState.ROLLING_BACK)
STRICTEST = 4


class ExceptionRequest(Model):
    """For which change (`*`: every one, which lifts the freeze), until when, and why."""

    change: str
    until_at: Instant
    reason: Annotated[str, Field(min_length=3, max_length=400), AfterValidator(visible)]


@command(control=Control.NONE)
def ask_freeze_exception(tx: Transaction, freeze: str, asked: ExceptionRequest) -> RequestReceipt:
    """Ask for an exception to a freeze. Nothing is excepted before the people of the plan have agreed.

    Raises NotFound("unknown_freeze", "unknown_change_request"), Invalid("bad_window", "no_request_rule"),
    Conflict("freeze_over", "already_over", "already_asked").
    """
    tx.actor.as_person()
    row = tx.lock(FreezeRow, freeze)
    change = None if asked.change == EVERYWHERE else tx.lock(ChangeRow, asked.change)
    if row.lifted_at is not None or row.until_at <= tx.now:
        raise Conflict("freeze_over", f"{freeze} holds nothing back any more.")
    if change is not None and change.closed:
        raise Conflict("already_over", f"{change.id} is over; nothing of it waits for an exception.")
    if not tx.now < asked.until_at <= row.until_at:
        raise Invalid("bad_window", "An exception ends after now and not after the freeze.")
    content = {"freeze": freeze, **asked.model_dump(mode="json")}
    not_twice(tx, KIND, freeze=freeze, change=asked.change)
    tier = STRICTEST if change is None or change.tier is None else change.tier
    facts = RequestFacts(subject=KIND, tier=tier, days=(asked.until_at - tx.now).days)
    plan = agreed_plan_at(tx.session, facts, tx.now, tx.actor.party)
    title = f"Exception to {freeze} for {'every change' if change is None else asked.change}"
    request = open_request(tx, KIND, title, content, plan, _who_benefits(change))
    tx.record("freeze.exception_asked", request, freeze=freeze, change=asked.change, until=content["until_at"])
    return RequestReceipt(request=request)


def _who_benefits(change: ChangeRow | None) -> tuple[str, ...]:
    """Whoever wants the change out gets what the freeze forbids, so that is not who allows it."""
    return () if change is None else (change.requester,)


def grant(tx: Transaction, row: RequestRow) -> None:
    """The exception is in force until its instant; what waited for it is woken."""
    content = requests.request_content(row)
    tx.add(
        FreezeExceptionRow(
            request=row.id,
            freeze=content["freeze"],
            change=content["change"],
            until_at=datetime.fromisoformat(content["until_at"]),
            granted_at=tx.now,
        )
    )
    for change in tx.find(ChangeRow, col(ChangeRow.state).in_(HELD_BACK)):
        if content["change"] in (EVERYWHERE, change.id):
            tx.wake(change.id, "freeze exception")
