"""The page of short ways: standard changes, and the reviews that emergencies end in (R-3.5, R-4.7)."""

from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response

from api.parts import InstallationParts, Reading
from commands.emergency import review_emergency
from domain.emergency import Findings
from domain.errors import Invalid
from queries.emergency import reviews
from queries.standards import standard_changes
from store.directory import names
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting

router = APIRouter(prefix="/emergencies")
SHORTEST = 10


class ReviewForm(PageForm):
    """What a second person found."""

    review: str
    sound: Literal["yes", "no"]
    findings: str


@router.get("")
def page(request: Request, visitor: Visiting, session: Reading) -> Response:
    """Reviews, and what is approved in advance."""
    found = reviews(session, visitor.now)
    people = {person for review in found for person in (review.opened_by, review.reviewed_by)}
    return render(
        request,
        "emergencies.html",
        visitor=visitor,
        reviews=found,
        standards=standard_changes(session, visitor.now),
        names=names(session, people),
    )


@router.post("/review")
def review(installation: InstallationParts, call: FormCall, form: Annotated[ReviewForm, Form()]) -> Response:
    """Keep the findings."""
    if len(form.findings.strip()) < SHORTEST:
        raise Invalid("bad_form", "Say in a sentence what you found.")
    found = Findings(sound=form.sound == "yes", findings=form.findings.strip())
    review_emergency(installation.gateway, call, form.review, found)
    return see("/emergencies")
