"""Signing in with the organisation: OpenID Connect code flow with PKCE (D15)."""

import json
import secrets
from typing import Annotated, Any

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from fastapi import APIRouter, Query, Request, Response

from api.identity import OpenIdIssuer, auth_time
from api.parts import Counted, InstallationParts, Parts
from commands.command import Call
from commands.step_up import Authentication, step_up
from domain.errors import Refused, Unauthenticated, Unavailable
from domain.party import Actor
from store.settings import Settings
from web.lookups import actor_of_identity
from web.rendering import local_path, render, see
from web.sign_in import begin_session, served_securely
from web.step_up import confirmed
from web.visitor import Visiting, visitor

router = APIRouter(prefix="/sign-in/openid")
FLOW_COOKIE = "mandate_sign_in"
FLOW_SECONDS = 600
TIMEOUT = 5.0


@router.get("")
def begin(installation: InstallationParts, next: str = "/") -> Response:
    """Send the visitor to the issuer; what has to come back is remembered in this browser only."""
    return _set_out(installation, {"next": local_path(next)})


@router.get("/again")
def begin_again(
    _visitor: Visiting,
    installation: InstallationParts,
    subject: Annotated[str, Query(max_length=60)],
    revision: Counted,
) -> Response:
    """Send a visitor who is about to decide to the issuer, which asks for the credentials again, session or not."""
    return _set_out(installation, {"subject": subject, "revision": str(revision)}, prompt="login", max_age="0")


def _set_out(installation: Parts, purpose: dict[str, str], **asked: str) -> Response:
    """Off to the issuer; purpose: what the sign-in is for, told again by the browser when it comes back."""
    flow = {"verifier": generate_token(48), "nonce": generate_token(32), **purpose}
    url, state = _client(installation.settings).create_authorization_url(
        _metadata(installation.settings)["authorization_endpoint"],
        code_verifier=flow["verifier"],
        nonce=flow["nonce"],
        **asked,
    )
    response = see(url)
    response.set_cookie(
        FLOW_COOKIE,
        json.dumps({**flow, "state": state}),
        max_age=FLOW_SECONDS,
        path=router.prefix,
        httponly=True,
        samesite="lax",
        secure=served_securely(installation),
    )
    return response


@router.get("/callback")
def finish(request: Request, installation: InstallationParts) -> Response:
    """Exchange the code, check the ID token, and open a session for the account that is bound to it.

    A visitor who was about to decide keeps the session that is open, and gets the proof for that decision instead.
    """
    flow = _remembered(request)
    try:
        claims = _claims(installation.settings, str(request.url), flow)
        with installation.gateway.database.reading() as session:
            actor = actor_of_identity(session, claims["iss"], claims["sub"])
    except Unauthenticated as error:
        return render(request, "not_let_in.html", 403, problem=error)
    if "subject" in flow:
        response = _prove(request, installation, actor, flow, claims)
    else:
        response = begin_session(installation, actor, flow["next"])
    response.delete_cookie(FLOW_COOKIE, path=router.prefix)
    return response


def _prove(
    request: Request, installation: Parts, actor: Actor, flow: dict[str, str], claims: dict[str, Any]
) -> Response:
    """Keep the proof, if the one who signed in is whose session this is, and the issuer says when (`auth_time`)."""
    looking, at = visitor(request, installation), auth_time(claims)
    proves = looking.actor.account == actor.account and at is not None
    call = Call(looking.actor, "", getattr(request.state, "request_id", ""))
    revision = int(flow["revision"])
    authentication = Authentication(method="organisation" if proves else "none", at=at)
    step_up(installation.gateway, call, flow["subject"], revision, authentication)
    return confirmed(request, looking, flow["subject"], revision)


def _remembered(request: Request) -> dict[str, str]:
    """What this browser set out with. Raises Refused("sign_in_not_begun_here")."""
    try:
        flow: dict[str, str] = json.loads(request.cookies.get(FLOW_COOKIE, ""))
        known = secrets.compare_digest(flow["state"], request.query_params.get("state", ""))
    except (ValueError, KeyError, TypeError):
        known, flow = False, {}
    if not known:
        raise Refused("sign_in_not_begun_here", "This sign-in was not begun in this browser, or took too long.")
    return flow


def _claims(settings: Settings, answer: str, flow: dict[str, str]) -> dict[str, Any]:
    """The claims of the ID token that the code gives. Raises Unauthenticated, Unavailable."""
    try:
        token = _client(settings).fetch_token(
            _metadata(settings)["token_endpoint"], authorization_response=answer, code_verifier=flow["verifier"]
        )
    except OAuthError as error:
        raise Unauthenticated("not_signed_in", f"Your organisation did not sign you in: {error.error}.") from None
    except httpx.HTTPError as error:
        raise Unavailable("issuer_unavailable", "Your organisation's sign-in does not answer.") from error
    assert settings.oidc_issuer and settings.oidc_client_id
    claims = OpenIdIssuer(settings.oidc_issuer, settings.oidc_client_id).claims(str(token.get("id_token", "")))
    if claims.get("nonce") != flow["nonce"]:
        raise Unauthenticated("bad_token", "The answer does not belong to this sign-in.")
    return claims


def _client(settings: Settings) -> OAuth2Client:
    return OAuth2Client(
        settings.oidc_client_id,
        settings.oidc_client_secret,
        token_endpoint_auth_method="client_secret_basic" if settings.oidc_client_secret else "none",
        scope="openid",
        redirect_uri=f"{settings.public_url.rstrip('/')}{router.prefix}/callback",
        code_challenge_method="S256",
        timeout=TIMEOUT,
    )


def _metadata(settings: Settings) -> dict[str, Any]:
    """The issuer's own description of itself. Raises Refused("no_organisation_sign_in"), Unavailable."""
    if not (settings.oidc_issuer and settings.oidc_client_id):
        raise Refused("no_organisation_sign_in", "This installation has no sign-in with an organisation.")
    issuer = settings.oidc_issuer.rstrip("/")
    try:
        answer = httpx.get(f"{issuer}/.well-known/openid-configuration", timeout=TIMEOUT).raise_for_status().json()
    except httpx.HTTPError as error:
        raise Unavailable("issuer_unavailable", "Your organisation's sign-in does not answer.") from error
    return dict(answer)
