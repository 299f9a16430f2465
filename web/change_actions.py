"""What people do on the page of a change; each calls the command that the API calls."""

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import Field

from api.parts import Counted, InstallationParts, Reading, Whole
from commands.approvals import Ballot, decide
from commands.cases import retry_change
from commands.changes import Receipt, submit_change, withdraw_change
from commands.command import Command
from commands.emergency import Window, break_glass
from commands.remarks import Reason
from commands.residual_risk import Statement, accept_residual_risk
from commands.rollbacks import give_up_rollback, roll_back_change
from domain.approval import Choice
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from web.change import change_page
from web.rendering import see
from web.visitor import FormCall, PageForm, Visiting, as_typed

router = APIRouter(prefix="/changes/{change}")


class DecisionForm(PageForm):
    """A decision with the revision and the root digest of the evidence that the page showed.

    effect_currency, effect_amount: the total effect as it was typed again, currency by currency.
    """

    choice: Choice
    revision: Counted
    seen: str
    comment: Annotated[str, Field(max_length=20_000)] = ""
    effect_currency: list[Annotated[str, Field(max_length=3)]] = []
    effect_amount: list[Annotated[str, Field(max_length=40)]] = []


class VersionForm(PageForm):
    """The version of the change that the page showed."""

    version: Whole


class ReasonForm(VersionForm):
    """Why something is done."""

    reason: Annotated[str, Field(max_length=4000)] = ""


class Typed(Model):
    """What people type on the page of a change."""

    comment: Annotated[str, Field(max_length=20_000)] = ""
    reason: Annotated[str, Field(max_length=4000)] = ""
    text: Annotated[str, Field(max_length=20_000)] = ""
    handing: Annotated[str, Field(max_length=20_000)] = ""
    board_text: Annotated[str, Field(max_length=20_000)] = ""


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
        return decide(installation.gateway, acting.call, change, ballot_of(form))

    return acting(work, comment=form.comment)


def ballot_of(form: DecisionForm) -> Ballot:
    """The form as a ballot. Raises Invalid("bad_form")."""
    with as_typed():
        return Ballot(
            choice=form.choice,
            revision=form.revision,
            seen=form.seen,
            comment=form.comment,
            total_effect=dict(zip(form.effect_currency, form.effect_amount, strict=False)),
        )


@router.post("/resume")
def resume(
    request: Request, change: str, visitor: Visiting, session: Reading, form: Annotated[Typed, Form()]
) -> Response:
    """The page with what was typed before the session ended; nothing is done."""
    return change_page(request, visitor, session, change, kept=form.model_dump())


@router.post("/submit")
def submit(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[VersionForm, Form()]
) -> Response:
    """Hand a draft in."""
    return acting(lambda: submit_change(installation.gateway, acting.call, change, form.version))


Explained = Callable[[Command[[str, str, int | None], Receipt]], Response]


async def explained(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[ReasonForm, Form()]
) -> Explained:
    """Runs a command that takes a reason, on the version that the page showed."""

    def why() -> str:
        with as_typed():
            return Reason(reason=form.reason).reason

    return lambda command: acting(
        lambda: command(installation.gateway, acting.call, change, why(), form.version), reason=form.reason
    )


ExplainedHere = Annotated[Explained, Depends(explained)]


@router.post("/withdraw")
def withdraw(explained: ExplainedHere) -> Response:
    """Take a change back before it has taken effect."""
    return explained(withdraw_change)


@router.post("/rollback")
def roll_back(explained: ExplainedHere) -> Response:
    """Take a released change back."""
    return explained(roll_back_change)


@router.post("/give-up")
def give_up(explained: ExplainedHere) -> Response:
    """End a rollback that cannot be done."""
    return explained(give_up_rollback)


@router.post("/retry")
def retry(change: str, installation: InstallationParts, acting: ActingHere) -> Response:
    """Try the step that waits again now."""
    return acting(lambda: retry_change(installation.gateway, acting.call, change))


class GlassForm(PageForm):
    """For how many minutes freezes do not hold, and why."""

    minutes: Whole
    reason: Annotated[str, Field(max_length=4000)] = ""


@router.post("/break-glass")
def break_the_glass(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[GlassForm, Form()]
) -> Response:
    """Let an approved emergency change pass freezes for a while."""
    return acting(lambda: break_glass(installation.gateway, acting.call, change, _window(form)), glass=form.reason)


def _window(form: GlassForm) -> Window:
    """The form as a window. Raises Invalid("bad_form")."""
    with as_typed():
        return Window(minutes=form.minutes, reason=form.reason.strip())


class StatementForm(PageForm):
    """The risk that remains, about the revision that the page showed."""

    revision: Counted
    statement: Annotated[str, Field(max_length=20_000)] = ""


@router.post("/residual-risk")
def accept_risk(
    change: str, installation: InstallationParts, acting: ActingHere, form: Annotated[StatementForm, Form()]
) -> Response:
    """State the risk that remains, and accept it by name."""
    return acting(
        lambda: accept_residual_risk(installation.gateway, acting.call, change, _statement(form)),
        statement=form.statement,
    )


def _statement(form: StatementForm) -> Statement:
    """The form as a statement. Raises Invalid("bad_form")."""
    with as_typed():
        return Statement(statement=form.statement.strip(), revision=form.revision)
