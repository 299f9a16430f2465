"""What people do on the page of a change; each calls the command that the API calls."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import Field, ValidationError

from api.parts import InstallationParts, Reading
from commands.approvals import Ballot, decide
from commands.cases import retry_change
from commands.changes import submit_change, withdraw_change
from commands.releases import roll_back_change
from domain.approval import Choice
from domain.errors import Conflict, Invalid, Refused
from domain.kinds.kind import first_error
from web.change import change_page
from web.rendering import see
from web.visitor import FormCall, PageForm, Visiting

router = APIRouter(prefix="/changes/{change}")


class DecisionForm(PageForm):
    """A decision with the revision and the root digest of the evidence that the page showed."""

    choice: Choice
    revision: int
    seen: str
    comment: Annotated[str, Field(max_length=20_000)] = ""


class VersionForm(PageForm):
    """The version of the change that the page showed."""

    version: int


class ReasonForm(VersionForm):
    """Why something is done."""

    reason: Annotated[str, Field(max_length=4000)] = ""


class Acting:
    """Runs a command of a page: afterwards the change is looked at again, or shown at once with why it was refused."""

    def __init__(self, request: Request, change: str, visitor: Visiting, session: Reading, call: FormCall) -> None:
        self.request, self.change, self.visitor, self.session, self.call = request, change, visitor, session, call

    def __call__(self, work: Callable[[], object], **kept: str) -> Response:
        try:
            work()
        except (Conflict, Refused, Invalid) as error:
            return change_page(self.request, self.visitor, self.session, self.change, error, kept)
        return see(f"/changes/{self.change}")


ActingHere = Annotated[Acting, Depends(Acting)]


@router.post("/decisions")
def decide_on(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[DecisionForm, Form()]
) -> Response:
    """Decide, bound to what the page showed."""

    def work() -> object:
        return decide(installation.gateway, acting.call, change, _ballot(form))

    return acting(work, comment=form.comment)


def _ballot(form: DecisionForm) -> Ballot:
    """The form as a ballot. Raises Invalid("bad_form")."""
    try:
        return Ballot(choice=form.choice, revision=form.revision, seen=form.seen, comment=form.comment)
    except ValidationError as error:
        raise Invalid("bad_form", first_error(error)) from None


@router.post("/submit")
def submit(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[VersionForm, Form()]
) -> Response:
    """Hand a draft in."""
    return acting(lambda: submit_change(installation.gateway, acting.call, change, form.version))


@router.post("/withdraw")
def withdraw(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Take a change back before it has taken effect."""
    return acting(
        lambda: withdraw_change(installation.gateway, acting.call, change, form.reason, form.version),
        reason=form.reason,
    )


@router.post("/rollback")
def roll_back(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[ReasonForm, Form()]
) -> Response:
    """Take a released change back."""
    return acting(
        lambda: roll_back_change(installation.gateway, acting.call, change, form.reason, form.version),
        reason=form.reason,
    )


@router.post("/retry")
def retry(change: str, installation: InstallationParts, acting: ActingHere) -> Response:
    """Try the step that waits again now."""
    return acting(lambda: retry_change(installation.gateway, acting.call, change))
