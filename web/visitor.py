"""Who looks at a page, and whether a form was really sent from one of our pages (D15)."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from pydantic import ValidationError

from api.parts import InstallationParts, Parts
from commands.command import Call
from domain.errors import Invalid, Refused, Unauthenticated
from domain.kinds.kind import first_error
from domain.model import Model
from domain.party import Actor
from store.directory import names

WHOLE_NUMBER = re.compile("[0-9]{1,9}")
SESSION_COOKIE = "mandate_session"


class PageForm(Model):
    """What every form of ours carries: the session's CSRF token and a random key, so that a double click acts once."""

    csrf: str
    key: str


@contextmanager
def as_typed() -> Iterator[None]:
    """While a form becomes what a command takes. Raises Invalid("bad_form") naming the first wrong field."""
    try:
        yield
    except ValidationError as error:
        raise Invalid("bad_form", first_error(error)) from None


def typed_number(text: str) -> int | str:
    """A whole number as it was typed; any other text stays as it is, for the command to refuse."""
    return int(text) if WHOLE_NUMBER.fullmatch(text.strip()) else text.strip()


@dataclass(frozen=True)
class Visitor:
    """A signed-in visitor. `now` is business time as this page shows it."""

    actor: Actor
    name: str
    csrf: str
    parts: Parts
    now: datetime

    @property
    def development(self) -> bool:
        return self.parts.development


def visitor(request: Request, installation: InstallationParts) -> Visitor:
    """Whoever the session cookie says. Raises Unauthenticated("no_session", "bad_token", "unknown_account")."""
    token = request.cookies.get(SESSION_COOKIE)
    if not token:
        raise Unauthenticated("no_session", "Sign in first.")
    signed_in = installation.identity.session(token)
    database = installation.gateway.database
    with database.reading() as session:
        name = names(session, {signed_in.actor.party})[signed_in.actor.party]
        return Visitor(signed_in.actor, name, signed_in.csrf, installation, database.now(session))


Visiting = Annotated[Visitor, Depends(visitor)]


async def form_call(request: Request, looking: Visiting) -> Call:
    """The call of a form. Raises Refused("cross_site", "bad_csrf_token"), Invalid("idempotency_key_missing")."""
    same_origin(request)
    form = await request.form()
    if not secrets.compare_digest(str(form.get("csrf", "")).encode(), looking.csrf.encode()):
        raise Refused("bad_csrf_token", "This form was not sent from a page of your session; open the page again.")
    key = str(form.get("key", ""))
    if not 8 <= len(key) <= 200:
        raise Invalid("idempotency_key_missing", "This form carries no key of its own; open the page again.")
    return Call(looking.actor, key, getattr(request.state, "request_id", ""))


FormCall = Annotated[Call, Depends(form_call)]


def same_origin(request: Request) -> None:
    """Raises Refused("cross_site") for a form of another site. Old browsers send no Sec-Fetch-Site but an Origin."""
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = origin is not None and origin.partition("://")[2] != request.headers.get("host")
    if site not in (None, "same-origin", "none") or (site is None and foreign):
        raise Refused("cross_site", "This form was sent from another site.")
