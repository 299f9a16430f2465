"""Who is asking (D15): a session of this installation or an OIDC access token; both lead to an account.

What a request's body says about its sender is never believed.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from sqlalchemy import bindparam, select
from sqlmodel import col

from commands.bookkeeping import token_digest
from domain.errors import Unauthenticated, Unavailable
from domain.party import Actor
from store.database import Database
from store.directory import actor_of
from store.settings import Settings
from store.tables.columns import table_of
from store.tables.directory import AccountRow, SessionRow

ALGORITHMS = ["RS256", "RS384", "RS512", "ES256", "ES384", "PS256", "EdDSA"]
KEYS_FOR_SECONDS = 300
LATEST = 2**33
"""Seconds since 1970; beyond, a claim is no instant."""
SESSIONS = table_of(SessionRow)
SESSION = select(SESSIONS.c.account, SESSIONS.c.csrf, SESSIONS.c.expires_at).where(
    SESSIONS.c.token_digest == bindparam("digest")
)


class Identity:
    """Resolves bearer tokens."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._issuer = OpenIdIssuer(settings.oidc_issuer, settings.audience or "") if settings.oidc_issuer else None

    def actor(self, authorization: str | None) -> Actor:
        """The actor of an Authorization header. Raises Unauthenticated("no_token", "bad_token", "unknown_account")."""
        scheme, _, token = (authorization or "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Unauthenticated("no_token", "Send a bearer token in the Authorization header.")
        if token.count(".") == 2 and self._issuer is not None:
            return self._account_of(self._issuer.claims(token))
        return self.session(token).actor

    def authenticated_at(self, authorization: str | None) -> datetime | None:
        """When the holder of an organisation's token was authenticated; None for a session, or if it does not say.

        Raises Unauthenticated("bad_token").
        """
        token = (authorization or "").partition(" ")[2]
        if token.count(".") != 2 or self._issuer is None:
            return None
        return auth_time(self._issuer.claims(token))

    def session(self, token: str) -> "SignedInSession":
        """The session of a token. Raises Unauthenticated("bad_token", "unknown_account")."""
        with self._database.reading() as session:
            row = session.execute(SESSION, {"digest": token_digest(token)}).first()
            if row is None or row.expires_at <= self._database.wall(session):
                raise Unauthenticated("bad_token", "This session is not known or has ended.")
            return SignedInSession(actor_of(session, row.account), row.csrf)

    def _account_of(self, claims: dict[str, Any]) -> Actor:
        """The account bound to this issuer and subject; names and mail addresses prove nothing."""
        with self._database.reading() as session:
            account = session.execute(
                select(col(AccountRow.id)).where(
                    col(AccountRow.issuer) == claims["iss"], col(AccountRow.subject) == claims["sub"]
                )
            ).scalar()
            if account is None:
                raise Unauthenticated("unknown_account", "No account is bound to this identity.")
            return actor_of(session, account)


def auth_time(claims: Mapping[str, Any]) -> datetime | None:
    """The claim `auth_time`: when the issuer authenticated the person itself, however old its session is by now."""
    at = claims.get("auth_time")
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int) and 0 < at < LATEST else None


class SignedInSession:
    """A session's actor and its CSRF token."""

    def __init__(self, actor: Actor, csrf: str) -> None:
        self.actor = actor
        self.csrf = csrf


class OpenIdIssuer:
    """Validates access and ID tokens that one OpenID issuer gave out for one audience, with its published keys."""

    def __init__(self, issuer: str, audience: str) -> None:
        self._issuer = issuer.rstrip("/")
        self._audience = audience
        self._keys: KeySet | None = None
        self._fetched = datetime.min.replace(tzinfo=UTC)

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a valid token. Raises Unauthenticated("bad_token"), Unavailable("issuer_unavailable")."""
        registry = jwt.JWTClaimsRegistry(
            iss={"essential": True, "values": [self._issuer, self._issuer + "/"]},
            sub={"essential": True},
            exp={"essential": True},
            aud={"essential": True, "value": self._audience},
        )
        try:
            decoded = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)
            registry.validate(decoded.claims)
        except (JoseError, ValueError) as error:
            raise Unauthenticated("bad_token", f"The token is not valid: {error}.") from None
        return dict(decoded.claims)

    def _key_set(self) -> KeySet:
        age = (datetime.now(UTC) - self._fetched).total_seconds()
        if self._keys is None or age > KEYS_FOR_SECONDS:
            try:
                metadata = (
                    httpx.get(f"{self._issuer}/.well-known/openid-configuration", timeout=5).raise_for_status().json()
                )
                keys = httpx.get(metadata["jwks_uri"], timeout=5).raise_for_status().json()
            except httpx.HTTPError as error:
                raise Unavailable("issuer_unavailable", "The OpenID issuer does not answer.") from error
            self._keys, self._fetched = KeySet.import_key_set(keys), datetime.now(UTC)
        return self._keys
