"""What a plan may ask of whoever decides: a fresh proof of who that is, and a large total effect typed again."""

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import typer

from cli.here import Here
from domain.errors import Refused

Confirm = Annotated[
    str | None,
    typer.Option("--confirm", help="Your account once more, where the plan asks who you are.", metavar="ACCOUNT"),
]


Effect = Annotated[
    list[str] | None,
    typer.Option("--total-effect", help="A large total effect typed again, for each currency.", metavar="EUR=1234.50"),
]


def retyped(view: Mapping[str, Any], given: list[str] | None) -> dict[str, str]:
    """The total effect as typed again: by the options, else asked for on a terminal where the plan wants it."""
    typed = {code: amount for code, _, amount in (one.partition("=") for one in given or ())}
    missing = [code for code in (view["effect"] or {"retype": ()})["retype"] if code not in typed]
    if sys.stdin.isatty():
        typed |= {code: typer.prompt(f"Type the total effect in {code} again", err=True) for code in missing}
    return typed


def prove(here: Here, subject: str, view: Mapping[str, Any], account: str | None) -> None:
    """Get the proof that a decision on this view of a subject needs, if it needs one.

    By the token itself if it is fresh enough, else by the account typed once more, as an option or on a terminal.
    Raises Refused("not_confirmed", "authentication_not_recent", "authentication_used").
    """
    plan = view["plan"]
    if plan is None or plan["step_up_from"] is None or plan["tier"] < plan["step_up_from"]:
        return
    path, asked = f"/api/approvals/{subject}/step-up", {"revision": view["summary"]["revision"]}
    try:
        here.api.post(path, {**asked, "account": account})
    except Refused as refusal:
        if refusal.code != "not_confirmed" or account or not sys.stdin.isatty():
            raise
        typed = typer.prompt("A decision of this tier needs it: type your account once more", err=True)
        here.api.post(path, {**asked, "account": typed})
