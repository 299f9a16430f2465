"""The page of delegations and requests: lend a right, end that, and what others have to agree to (R-7.4, R-7.11)."""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.parts import InstallationParts, Reading
from commands.delegations import DelegationProposal, delegate, revoke_delegation
from commands.subjects import ENDINGS
from domain.artifact import EVERYWHERE
from domain.delegation import LONGEST
from domain.errors import Conflict, Invalid, MandateError, NotFound, Refused
from domain.kinds import kinds
from domain.money import micros, rounded
from queries.delegations import delegations_of
from queries.requests import request_list
from web.lookups import active_persons
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor, as_typed, typed_number

router = APIRouter(prefix="/delegations")
Text = Annotated[str, Field(max_length=400)]
PAGE = 100
DAYS = re.compile("[0-9]{1,3}")
Several = Annotated[list[Text], Field(max_length=50)]


class DelegationForm(PageForm):
    """The form as it was filled in; nothing of it has to make sense. No group or kind named: all of them."""

    delegate: Text = ""
    group: Several = []
    kind: Several = []
    max_tier: Text = "2"
    days: Text = "7"
    amount: Text = ""
    currency: Text = ""
    reason: Text = ""


EMPTY = DelegationForm(csrf="", key="")


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading, cursor: str = "") -> Response:
    """What I have lent, what was lent to me, and a page of the requests."""
    return _page(request, visitor, session, EMPTY, cursor=cursor)


@router.post("")
def give(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[DelegationForm, Form()],
) -> Response:
    """Lend rights from now on; above the policy's bound others have to agree first."""
    try:
        delegate(installation.gateway, call, _proposal(form, visitor))
    except (Conflict, Refused, Invalid, NotFound) as error:
        return _page(request, visitor, session, form, error)
    return see("/delegations")


@router.post("/{delegation}/revoke")
def end(
    request: Request,
    delegation: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
) -> Response:
    """End a delegation at once."""
    try:
        revoke_delegation(installation.gateway, call, delegation)
    except (Conflict, Refused) as error:
        return _page(request, visitor, session, EMPTY, error)
    return see("/delegations")


def _page(
    request: Request,
    visitor: Visitor,
    session: Session,
    form: DelegationForm,
    problem: MandateError | None = None,
    cursor: str = "",
) -> Response:
    person = visitor.actor.person
    return render(
        request,
        "delegations.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        delegations=delegations_of(session, person, visitor.now) if person else (),
        requests=request_list(session, cursor or None, PAGE),
        first=not cursor,
        people=active_persons(session),
        groups=sorted(visitor.actor.groups),
        kinds=[*kinds(), *ENDINGS],
        longest=LONGEST.days,
        form=form,
        problem=problem,
    )


def _proposal(form: DelegationForm, visitor: Visitor) -> DelegationProposal:
    """What the form asks for. Raises Invalid("bad_form")."""
    if not DAYS.fullmatch(form.days):
        raise Invalid("bad_form", "Say for how many days, in a whole number.")
    with as_typed():
        return DelegationProposal.model_validate(
            {
                "delegate": form.delegate.strip(),
                "groups": form.group or [EVERYWHERE],
                "kinds": form.kind or [EVERYWHERE],
                "max_tier": typed_number(form.max_tier),
                "until_at": visitor.now + timedelta(days=int(form.days)),
                "reason": form.reason.strip(),
                **_limit(form),
            }
        )


def _limit(form: DelegationForm) -> Mapping[str, Any]:
    """Up to which amount, in minor units; nothing without one."""
    currency = form.currency.strip().upper()
    if not form.amount.strip():
        return {}
    return {"currency": currency, "most_minor": rounded(micros(form.amount.strip()), currency)}
