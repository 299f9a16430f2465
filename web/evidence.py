"""Evidence pages: the package of a change and whether it verifies, the audit records, questions with citations."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from api.parts import InstallationParts, Reading
from api.routes.evidence import checkpoints_of, package_key
from domain.errors import Invalid, MandateError
from queries import audit, questions
from queries.audit import Wanted
from queries.changes import change_view
from queries.evidence import change_package
from queries.questions import QUESTIONS, Answer
from store.verification import verify_package
from web.rendering import render
from web.visitor import Visiting

router = APIRouter()
RECORDS = 100


@router.get("/changes/{change}/evidence")
def change_evidence(
    request: Request, change: str, visitor: Visiting, installation: InstallationParts, session: Reading
) -> Response:
    """What the package of a change holds, and what verifying it says."""
    view, key = change_view(session, change, visitor.now), package_key(installation)
    data = change_package(session, installation.files, change, visitor.now, key)
    found = verify_package(data, [key.public_key], checkpoints_of(installation))
    return render(
        request,
        "change_evidence.html",
        visitor=visitor,
        view=view,
        found=found,
        size=len(data),
        key=key.public_key.keyid,
    )


@router.get("/changes/{change}/evidence.zip")
def download(change: str, visitor: Visiting, installation: InstallationParts, session: Reading) -> Response:
    """The package itself."""
    data = change_package(session, installation.files, change, visitor.now, package_key(installation))
    disposition = f'attachment; filename="{change}.evidence.zip"'
    headers = {"Content-Disposition": disposition, "X-Content-Type-Options": "nosniff"}
    return Response(data, media_type="application/zip", headers=headers)


@router.get("/audit")
def audit_page(
    request: Request,
    visitor: Visiting,
    session: Reading,
    subject: Annotated[str, Query(max_length=200)] = "",
    actor: Annotated[str, Query(max_length=200)] = "",
    action: Annotated[str, Query(max_length=100)] = "",
    outcome: Annotated[str, Query(max_length=60)] = "",
    since: str = "",
    cursor: Annotated[str | None, Query(max_length=400)] = None,
) -> Response:
    """Audit records that match, newest first; a subject finds refused attempts on it too."""
    typed = {"subject": subject.strip(), "actor": actor.strip(), "action": action.strip(), "outcome": outcome.strip()}
    wanted = Wanted(**{name: value or None for name, value in typed.items()}, since=_day(since))
    page = audit.search(session, wanted, cursor, RECORDS)
    return render(request, "audit.html", visitor=visitor, page=page, typed={**typed, "since": since})


def _day(text: str) -> datetime | None:
    """A day typed into a form, at its beginning in UTC. Raises Invalid("bad_date")."""
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(f"{text.strip()}T00:00:00+00:00")
    except ValueError:
        raise Invalid("bad_date", f"{text!r} is not a date; write it as 2026-12-31.") from None


@router.get("/questions")
def question_page(
    request: Request,
    visitor: Visiting,
    session: Reading,
    question: Annotated[str, Query(max_length=60)] = "",
    subject: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Ask a question; the answer cites the records that it rests on."""
    answer: Answer | None = None
    problem: MandateError | None = None
    if question and subject.strip():
        try:
            answer = questions.ask(session, question, subject.strip(), visitor.now)
        except MandateError as failure:
            problem = failure
    return render(
        request,
        "questions.html",
        problem.http_status if problem else 200,
        visitor=visitor,
        questions=QUESTIONS,
        chosen=question,
        subject=subject,
        answer=answer,
        problem=problem,
    )
