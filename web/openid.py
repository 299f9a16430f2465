"""Signing in with the organisation: OpenID Connect code flow with PKCE (D15)."""

import json
import secrets
from typing import Any

import httpx
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import OAuth2Client
from fastapi import APIRouter, Request, Response

from api.identity import OpenIdIssuer
from api.parts import InstallationParts
from domain.errors import Refused, Unauthenticated, Unavailable
from store.settings import Settings
from web.lookups import actor_of_identity
from web.rendering import local_path, render, see
from web.sign_in import begin_session, served_securely

router = APIRouter(prefix="/sign-in/openid")
FLOW_COOKIE = "mandate_sign_in"
FLOW_SECONDS = 600
TIMEOUT = 5.0


@router.get("")
def begin(installation: InstallationParts, next: str = "/") -> Response:
    """Send the visitor to the issuer; what has to come back is remembered in this browser only."""
    flow = {"verifier": generate_token(48), "nonce": generate_token(32), "next": local_path(next)}
    url, state = _client(installation.settings).create_authorization_url(
        _metadata(installation.settings)["authorization_endpoint"], code_verifier=flow["verifier"], nonce=flow["nonce"]
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
    """Exchange the code, check the ID token, and open a session for the account that is bound to it."""
    flow = _remembered(request)
    try:
        claims = _claims(installation.settings, str(request.url), flow)
        with installation.gateway.database.reading() as session:
            actor = actor_of_identity(session, claims["iss"], claims["sub"])
    except Unauthenticated as error:
        return render(request, "not_let_in.html", 403, problem=error)
    response = begin_session(installation, actor, flow["next"])
    response.delete_cookie(FLOW_COOKIE, path=router.prefix)
    return response


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
    assert settings.oidc_issuer
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
