"""What people do about an approval besides deciding on one change; the same for every subject (R-7.10, R-7.11)."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import Field

from api.development import development_confirmed
from api.parts import Asking, InstallationParts, Limit, Now, Parts, Reading, Writing
from commands import approvals, discussion
from commands.approvals import Ballot, DecisionReceipt
from commands.changes import Receipt
from commands.command import Call
from commands.discussion import Handing, Interest, Remark
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from commands.requests import RequestReceipt
from commands.step_up import Authentication, StepUp, step_up
from domain.errors import MandateError
from domain.given import WrittenNumber
from domain.model import Model
from queries.requests import RequestPage, RequestView, request_list, request_view

router = APIRouter(prefix="/api", tags=["approvals"])
MOST = 50


class BulkItem(Model):
    """One decision of a list."""

    subject: Annotated[str, Field(min_length=1, max_length=60)]
    ballot: Ballot


class BulkOutcome(Model):
    """What became of one decision of a list: the receipt, or the code and the reason of its refusal."""

    subject: str
    receipt: DecisionReceipt | None = None
    code: str = ""
    detail: str = ""


class Presence(Model):
    """The revision that is decided on; account: in development mode the own account, named once more."""

    revision: WrittenNumber
    account: Annotated[str, Field(max_length=120)] | None = None


class Taking(Model):
    """The decision that is taken back."""

    decision: Annotated[str, Field(min_length=1, max_length=60)]


@router.post("/decisions")
def decide_many(
    installation: InstallationParts,
    call: Writing,
    items: Annotated[list[BulkItem], Field(min_length=1, max_length=MOST)],
) -> list[BulkOutcome]:
    """Decide on several subjects of low tiers; each is checked and recorded by itself, one refusal stops no other."""
    found: list[BulkOutcome] = []
    for number, item in enumerate(items):
        own = Call(call.actor, f"{call.key}/{number}", call.request)
        try:
            receipt = approvals.decide_in_bulk(installation.gateway, own, item.subject, item.ballot)
            found.append(BulkOutcome(subject=item.subject, receipt=receipt))
        except MandateError as refusal:
            found.append(BulkOutcome(subject=item.subject, code=refusal.code, detail=refusal.detail))
    return found


@router.post("/approvals/{subject}/decisions", status_code=201)
def decide_on(
    response: Response, subject: str, installation: InstallationParts, call: Writing, ballot: Ballot
) -> DecisionReceipt:
    """Decide on any subject, bound to the revision and the evidence that was read."""
    receipt = approvals.decide(installation.gateway, call, subject, ballot)
    response.headers["ETag"] = f'"{receipt.change.version}"'
    return receipt


@router.post("/approvals/{subject}/step-up", status_code=201)
def prove(request: Request, subject: str, installation: InstallationParts, call: Writing, body: Presence) -> StepUp:
    """Prove anew who you are, right before deciding where the plan asks for it.

    The proof is your bearer token, whose `auth_time` may be at most five minutes old; in development mode your own
    account, named once more. It holds for this revision of this subject, for five minutes and for one decision.
    """
    return step_up(
        installation.gateway, call, subject, body.revision, _authenticated(request, installation, call, body)
    )


def _authenticated(request: Request, installation: Parts, call: Call, body: Presence) -> Authentication:
    """What the request proves. Raises Refused("development_only")."""
    if body.account is not None:
        return development_confirmed(request, installation, call.actor, body.account)
    at = installation.identity.authenticated_at(request.headers.get("authorization"))
    return Authentication(method="none" if at is None else "token", at=at)


@router.post("/approvals/{subject}/recall")
def recall(subject: str, installation: InstallationParts, call: Writing, body: Taking) -> Receipt:
    """Take your own decision back, while nothing has taken effect; the stage is open again."""
    return approvals.recall_decision(installation.gateway, call, subject, body.decision)


@router.post("/approvals/{subject}/hand-on")
def hand_on(subject: str, installation: InstallationParts, call: Writing, body: Handing) -> dict[str, str]:
    """Pass your decision to a colleague who could make it anyway."""
    return {"stage": discussion.hand_on(installation.gateway, call, subject, body)}


@router.post("/approvals/{subject}/remarks", status_code=201)
def say(subject: str, installation: InstallationParts, call: Writing, body: Remark) -> dict[str, str]:
    """Comment, ask a question, or answer one."""
    return {"remark": discussion.say(installation.gateway, call, subject, body)}


@router.post("/approvals/{subject}/interests", status_code=204)
def declare(subject: str, installation: InstallationParts, call: Writing, body: Interest) -> None:
    """Say that somebody has an interest in the outcome, and so does not decide on it."""
    discussion.declare_interest(installation.gateway, call, subject, body)


@router.post("/freezes/{freeze}/exceptions", status_code=201)
def ask_exception(
    freeze: str, installation: InstallationParts, call: Writing, body: ExceptionRequest
) -> RequestReceipt:
    """Ask for an exception to a freeze; it holds when the people of its plan have agreed (R-12.3)."""
    return ask_freeze_exception(installation.gateway, call, freeze, body)


@router.get("/requests")
def requests(_asking: Asking, session: Reading, limit: Limit = 50, cursor: str | None = None) -> RequestPage:
    """Requests that are no changes, newest first: quotes, corrections, exceptions, delegations, access to data."""
    return request_list(session, cursor, limit)


@router.get("/requests/{request}")
def request(response: Response, request: str, asking: Asking, session: Reading, now: Now) -> RequestView:
    """Everything about a request: plan, decisions, what is missing, what time does next."""
    view = request_view(session, request, now, asking.person)
    response.headers["ETag"] = f'"{view.summary.version}"'
    return view


@router.post("/requests/{request}/withdraw")
def withdraw(request: str, installation: InstallationParts, call: Writing) -> Receipt:
    """Take back what you asked for, while it waits; nothing comes into force."""
    return approvals.withdraw_request(installation.gateway, call, request)
