"""The page of a request that is no change: who has decided, who is missing, what time does next (R-7.11)."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from sqlmodel import Session

from api.parts import InstallationParts, Reading
from commands.approvals import decide, withdraw_request
from domain.errors import Conflict, Invalid, MandateError, Refused
from queries.requests import request_view
from web.approval_parts import NOTHING_TYPED, talk_of
from web.change_actions import DecisionForm, ballot_of
from web.rendering import render, see
from web.step_up import proven
from web.visitor import FormCall, Visiting, Visitor

router = APIRouter(prefix="/requests/{request_id}")


@router.get("")
def page(request: Request, request_id: str, visitor: Visiting, session: Reading) -> Response:
    """Everything about one request."""
    return request_page(request, visitor, session, request_id)


@router.post("/decisions")
def decide_on(
    request: Request,
    request_id: str,
    installation: InstallationParts,
    visitor: Visiting,
    session: Reading,
    call: FormCall,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Decide, bound to what the page showed."""
    try:
        decide(installation.gateway, call, request_id, ballot_of(form))
    except (Conflict, Refused, Invalid) as error:
        return request_page(request, visitor, session, request_id, error, {"comment": form.comment})
    return see(f"/requests/{request_id}")


@router.post("/withdraw")
def withdraw(
    request: Request,
    request_id: str,
    installation: InstallationParts,
    visitor: Visiting,
    session: Reading,
    call: FormCall,
) -> Response:
    """Take back what one asked for."""
    try:
        withdraw_request(installation.gateway, call, request_id)
    except (Conflict, Refused) as error:
        return request_page(request, visitor, session, request_id, error)
    return see(f"/requests/{request_id}")


def request_page(
    request: Request,
    visitor: Visitor,
    session: Session,
    request_id: str,
    problem: MandateError | None = None,
    kept: Mapping[str, str] | None = None,
) -> Response:
    """The page; after a refusal it says why and keeps what was typed."""
    view = request_view(session, request_id, visitor.now, visitor.actor.person)
    status = problem.http_status if problem else 200
    return render(
        request,
        "request.html",
        status,
        visitor=visitor,
        view=view,
        proven=proven(session, visitor, request_id, view.summary.revision),
        problem=problem,
        kept={**NOTHING_TYPED, **(kept or {})},
        talk=talk_of(visitor.actor, view),
    )
