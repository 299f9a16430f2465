"""The page of what is kept about people: ask for access, see who has it, end it, read (R-7.11, R-24.4)."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.parts import InstallationParts, Reading
from commands.command import Call
from commands.data_access import MAY_END, AccessRequest, ask_access, end_access, read_personal_data
from domain.errors import Conflict, Invalid, MandateError, NotFound, Refused
from queries.data_access import data_access_list
from web.lookups import active_persons
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor, as_typed, typed_number

router = APIRouter(prefix="/data-access")
Text = Annotated[str, Field(max_length=400)]


class AccessForm(PageForm):
    """The form as it was filled in."""

    about: Text = ""
    days: Text = "1"
    reason: Text = ""


class ReadForm(PageForm):
    """About whom to read."""

    about: Text = ""


EMPTY = AccessForm(csrf="", key="")
PROBLEMS = (Conflict, Refused, Invalid, NotFound)


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """Who has access to what is kept about whom."""
    return _page(request, visitor, session, EMPTY)


@router.post("")
def ask(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[AccessForm, Form()],
) -> Response:
    """Ask for access."""
    try:
        with as_typed():
            asked = AccessRequest.model_validate(
                {"about": form.about.strip(), "days": typed_number(form.days), "reason": form.reason.strip()}
            )
        receipt = ask_access(installation.gateway, call, asked)
    except PROBLEMS as error:
        return _page(request, visitor, session, form, error)
    return see(f"/requests/{receipt.request}")


@router.post("/read")
def read(
    request: Request,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
    form: Annotated[ReadForm, Form()],
) -> Response:
    """What is kept about a person; a form, because each reading stays on record, and is never kept as an answer."""
    try:
        data = read_personal_data(installation.gateway, Call(call.actor, "", call.request), form.about.strip())
    except PROBLEMS as error:
        return _page(request, visitor, session, EMPTY, error)
    return render(request, "personal_data.html", visitor=visitor, data=data)


@router.post("/{access}/end")
def end(
    request: Request,
    access: str,
    visitor: Visiting,
    installation: InstallationParts,
    session: Reading,
    call: FormCall,
) -> Response:
    """End an access at once."""
    try:
        end_access(installation.gateway, call, access)
    except PROBLEMS as error:
        return _page(request, visitor, session, EMPTY, error)
    return see("/data-access")


def _page(
    request: Request, visitor: Visitor, session: Session, form: AccessForm, problem: MandateError | None = None
) -> Response:
    return render(
        request,
        "data_access.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        accesses=data_access_list(session, visitor.now),
        people=active_persons(session),
        may_end=bool(visitor.actor.groups & MAY_END),
        form=form,
        problem=problem,
    )
