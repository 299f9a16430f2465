"""The person who is asking: who they are, what waits for them; sessions (R-25.3, D15)."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field

from api.development import loopback_only
from api.parts import Asking, InstallationParts, Limit, Now, Reading, Writing
from commands.bookkeeping import SignedIn, sign_in, sign_out
from commands.command import Call
from commands.installation import bind_account, erase_person, link_account, set_active, set_membership
from domain.given import Truth
from domain.model import Model
from queries.inbox import InboxPage, inbox_page
from store.directory import actor_of, names

router = APIRouter(prefix="/api", tags=["people"])


class Me(Model):
    """The acting account, its person and the groups held now."""

    account: str
    person: str | None
    name: str
    groups: list[str]


class Login(Model):
    """The account to sign in as, in development."""

    account: Annotated[str, Field(min_length=1, max_length=120)]


@router.get("/me")
def me(asking: Asking, session: Reading) -> Me:
    """Who the server takes you for."""
    name = names(session, {asking.party})[asking.party]
    return Me(account=asking.account, person=asking.person, name=name, groups=sorted(asking.groups))


@router.get("/me/inbox")
def my_inbox(asking: Asking, session: Reading, now: Now, limit: Limit = 50, cursor: str | None = None) -> InboxPage:
    """What waits for your decision, soonest deadline first, and how many there are in all."""
    return inbox_page(session, asking.person, now, cursor, limit)


@router.post("/sessions/development", status_code=201)
def development_login(request: Request, installation: InstallationParts, login: Login) -> SignedIn:
    """Sign in as any account, in development mode on loopback only; no password because there is no secret here."""
    loopback_only(request, installation)
    with installation.gateway.database.reading() as session:
        actor = actor_of(session, login.account)
    return sign_in(installation.gateway, Call(actor, ""))


@router.delete("/sessions/current", status_code=204)
def end_session(request: Request, installation: InstallationParts, asking: Asking) -> None:
    """End the session of this token."""
    token = request.headers["authorization"].partition(" ")[2]
    sign_out(installation.gateway, Call(asking, ""), token)


class Identification(Model):
    """The identity of an OpenID issuer that an account is bound to."""

    issuer: Annotated[str, Field(min_length=1, max_length=400)]
    subject: Annotated[str, Field(min_length=1, max_length=400)]


class Activity(Model):
    """Whether a person may act."""

    active: Truth


class Erasure(Model):
    """How many comments and reasons were erased."""

    comments: int


@router.put("/groups/{group}/members/{person}", status_code=204)
def give_group(group: str, person: str, installation: InstallationParts, call: Writing) -> None:
    """Give a group to a person; administrators only."""
    set_membership(installation.gateway, call, person, group, True)


@router.delete("/groups/{group}/members/{person}", status_code=204)
def take_group(group: str, person: str, installation: InstallationParts, call: Writing) -> None:
    """Take a group from a person; decisions that rested on it no longer count."""
    set_membership(installation.gateway, call, person, group, False)


@router.put("/persons/{person}/active", status_code=204)
def set_person_active(person: str, installation: InstallationParts, call: Writing, body: Activity) -> None:
    """Let a person in or shut a person out; it holds from the next request on."""
    set_active(installation.gateway, call, person, body.active)


@router.delete("/persons/{person}/personal-data")
def erase(person: str, installation: InstallationParts, call: Writing) -> Erasure:
    """Erase the name, comments and reasons of somebody shut out; evidence still verifies; administrators only."""
    return Erasure(comments=erase_person(installation.gateway, call, person))


@router.put("/accounts/{account}/person/{person}", status_code=204)
def link(account: str, person: str, installation: InstallationParts, call: Writing) -> None:
    """Say whose account it is, when two accounts turn out to be one person's; administrators only."""
    link_account(installation.gateway, call, account, person)


@router.put("/accounts/{account}/identity", status_code=204)
def bind_identity(account: str, installation: InstallationParts, call: Writing, body: Identification) -> None:
    """Bind an account to an identity of an OpenID issuer; administrators only."""
    bind_account(installation.gateway, call, account, body.issuer, body.subject)
