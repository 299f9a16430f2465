"""What people do about an approval besides deciding: take back, hand on, ask and answer, declare an interest (R-7.10).

The same for a change and for a request; afterwards the page of the subject is looked at again.
"""

from collections.abc import Callable
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from pydantic import Field

from api.parts import InstallationParts, Reading
from commands.approvals import recall_decision
from commands.discussion import Handing, Interest, Remark, declare_interest, hand_on, say
from domain.errors import Conflict, Invalid, NotFound, Refused
from web.change import change_page
from web.rendering import see
from web.request import request_page
from web.visitor import FormCall, PageForm, Visiting, as_typed

router = APIRouter(prefix="/approvals/{subject}")
Long = Annotated[str, Field(max_length=20_000)]
Short = Annotated[str, Field(max_length=400)]


class RecallForm(PageForm):
    """The decision that is taken back."""

    decision: Short


class HandingForm(PageForm):
    """To whom a decision is handed on, and why."""

    to: Short = ""
    handing: Long = ""


class RemarkForm(PageForm):
    """What somebody says; `about` is the question that it answers."""

    kind: Literal["comment", "question", "answer"] = "comment"
    text: Long = ""
    about: Short = ""


class InterestForm(PageForm):
    """Who has an interest in the outcome."""

    person: Short
    role: Literal["beneficiary", "contributor", "simulator"] = "beneficiary"


class Talking:
    """Runs a command about a subject: afterwards its page is looked at again, or shown at once with the refusal."""

    def __init__(self, request: Request, subject: str, visitor: Visiting, session: Reading, call: FormCall) -> None:
        self.request, self.subject, self.visitor, self.session, self.call = request, subject, visitor, session, call

    def __call__(self, work: Callable[[], object], **kept: str) -> Response:
        try:
            work()
        except (Conflict, Refused, Invalid, NotFound) as error:
            if self.subject.startswith("CR-"):
                return change_page(self.request, self.visitor, self.session, self.subject, error, kept)
            return request_page(self.request, self.visitor, self.session, self.subject, error, kept)
        return see(page_of(self.subject))


def page_of(subject: str) -> str:
    """The page of a subject of an approval."""
    return f"/{'changes' if subject.startswith('CR-') else 'requests'}/{subject}"


TalkingHere = Annotated[Talking, Depends(Talking)]


@router.post("/recall")
def recall(
    subject: str, installation: InstallationParts, talking: TalkingHere, form: Annotated[RecallForm, Form()]
) -> Response:
    """Take an own decision back."""
    return talking(lambda: recall_decision(installation.gateway, talking.call, subject, form.decision))


@router.post("/hand-on")
def pass_on(
    subject: str, installation: InstallationParts, talking: TalkingHere, form: Annotated[HandingForm, Form()]
) -> Response:
    """Pass the decision to a colleague."""
    return talking(lambda: hand_on(installation.gateway, talking.call, subject, _handing(form)), handing=form.handing)


@router.post("/remarks")
def remark(
    subject: str, installation: InstallationParts, talking: TalkingHere, form: Annotated[RemarkForm, Form()]
) -> Response:
    """Comment, ask, or answer."""
    return talking(lambda: say(installation.gateway, talking.call, subject, _remark(form)), text=form.text)


@router.post("/interests")
def interest(
    subject: str, installation: InstallationParts, talking: TalkingHere, form: Annotated[InterestForm, Form()]
) -> Response:
    """Say that somebody has an interest and does not decide."""

    def work() -> object:
        return declare_interest(
            installation.gateway, talking.call, subject, Interest(person=form.person, role=form.role)
        )

    return talking(work)


def _handing(form: HandingForm) -> Handing:
    """The form as a command takes it. Raises Invalid("bad_form")."""
    with as_typed():
        return Handing(to=form.to, reason=form.handing.strip())


def _remark(form: RemarkForm) -> Remark:
    """The form as a command takes it. Raises Invalid("bad_form")."""
    with as_typed():
        return Remark(kind=form.kind, text=form.text.strip(), about=form.about or None)
