"""Confirming who one is right before a decision, in a tab of its own: what was typed waits in the other (E2)."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form, Path, Request, Response
from pydantic import Field
from sqlmodel import Session

from api.development import development_confirmed
from api.parts import Counted, InstallationParts
from commands.step_up import step_up
from store.step_up import fresh_proof
from web.rendering import render, see
from web.visitor import FormCall, PageForm, Visiting, Visitor

router = APIRouter(prefix="/step-up/{subject}")
Subject = Annotated[str, Path(max_length=60)]


class ConfirmForm(PageForm):
    """The revision that is decided on, and in development mode the own account, typed once more."""

    revision: Counted
    account: Annotated[str, Field(max_length=120)] = ""


@router.get("")
def page(
    request: Request,
    subject: Subject,
    visitor: Visiting,
    installation: InstallationParts,
    revision: Counted,
) -> Response:
    """The ways to confirm; with nothing but an organisation's sign-in, straight there."""
    settings = installation.settings
    again = f"/sign-in/openid/again?subject={quote(subject)}&revision={revision}"
    organisation = bool(settings.oidc_issuer and settings.oidc_client_id)
    if organisation and not installation.development:
        return see(again)
    ways = {"again": again if organisation else "", "development": installation.development}
    return render(request, "step_up.html", visitor=visitor, subject=subject, revision=revision, done=False, **ways)


@router.post("")
def confirm(
    request: Request,
    subject: Subject,
    visitor: Visiting,
    installation: InstallationParts,
    call: FormCall,
    form: Annotated[ConfirmForm, Form()],
) -> Response:
    """Confirm by the development login."""
    authentication = development_confirmed(request, installation, visitor.actor, form.account)
    step_up(installation.gateway, call, subject, form.revision, authentication)
    return confirmed(request, visitor, subject, form.revision)


def confirmed(request: Request, visitor: Visitor, subject: str, revision: int) -> Response:
    """The end of it: go back to the tab in which the decision waits."""
    return render(request, "step_up.html", visitor=visitor, subject=subject, revision=revision, done=True)


def proven(session: Session, visitor: Visitor, subject: str, revision: int) -> bool:
    """Whether this visitor has a proof for this revision that still holds."""
    wall = visitor.parts.gateway.database.wall(session)
    return fresh_proof(session, visitor.actor.account, subject, revision, wall) is not None
