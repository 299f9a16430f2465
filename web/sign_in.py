"""Signing in and out. Sessions are kept on the server; the cookie holds nothing but their token (D15)."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from api.development import loopback_only
from api.parts import InstallationParts, Parts, Reading
from commands.bookkeeping import sign_in, sign_out
from commands.command import Call
from domain.model import Model
from domain.party import Actor
from store.directory import actor_of
from web.lookups import accounts
from web.rendering import local_path, render, see
from web.visitor import SESSION_COOKIE, FormCall, Visiting, same_origin

router = APIRouter()


class DevelopmentLogin(Model):
    """The account to sign in as, and where to go on."""

    account: str
    next: str = "/"


@router.get("/sign-in")
def page(request: Request, installation: InstallationParts, session: Reading, next: str = "/") -> Response:
    """The ways in."""
    settings = installation.settings
    return render(
        request,
        "sign_in.html",
        next=local_path(next),
        development=installation.development,
        organisation=bool(settings.oidc_issuer and settings.oidc_client_id),
        accounts=accounts(session) if installation.development else (),
    )


@router.get("/signed-in")
def done(request: Request, visitor: Visiting) -> Response:
    """Where a sign-in in a tab of its own ends: what was typed waits in the other one."""
    return render(request, "signed_in.html", visitor=visitor)


@router.post("/sign-in/development")
def development_login(
    request: Request, installation: InstallationParts, session: Reading, form: Annotated[DevelopmentLogin, Form()]
) -> Response:
    """Sign in as any account, in development mode on this machine only."""
    loopback_only(request, installation)
    same_origin(request)
    return begin_session(installation, actor_of(session, form.account), form.next)


@router.post("/sign-out")
def leave(request: Request, installation: InstallationParts, call: FormCall) -> Response:
    """End the session, here and on the server."""
    sign_out(installation.gateway, call, request.cookies[SESSION_COOKIE])
    response = see("/sign-in")
    response.delete_cookie(SESSION_COOKIE)
    return response


def begin_session(installation: Parts, actor: Actor, wanted: str) -> Response:
    """Open a session for an actor whose identity has been established, and go on."""
    signed_in = sign_in(installation.gateway, Call(actor, ""))
    response = see(local_path(wanted))
    response.set_cookie(
        SESSION_COOKIE, signed_in.token, httponly=True, samesite="lax", secure=served_securely(installation)
    )
    return response


def served_securely(installation: Parts) -> bool:
    """Whether people reach this installation by https, so that cookies can be confined to it."""
    return installation.settings.public_url.startswith("https:")
