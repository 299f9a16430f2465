"""Who you are and what waits for you: `mandate login`, `mandate whoami`, `mandate inbox`."""

from typing import Annotated, Any

import typer

from cli import tokens
from cli.client import Api
from cli.here import Here, calls_api
from cli.present import moment, say, table, words

app = typer.Typer()


@app.command()
@calls_api
def login(here: Here, account: Annotated[str, typer.Argument(help="Account to sign in as (development).")]) -> None:
    """Sign in and remember the session for this address; development mode only."""
    with Api(here.url) as anonymous:
        opened = anonymous.sign_in(account)
    tokens.keep(here.url, opened["token"])
    shown = {"url": here.url, "account": opened["account"], "expires_at": opened["expires_at"]}
    here.show(shown, lambda o: say(f"Signed in as {o['account']} at {o['url']} until {moment(o['expires_at'])}."))


@app.command()
@calls_api
def whoami(here: Here) -> None:
    """Say whom the server takes you for."""

    def people(me: Any) -> None:
        kind = "" if me["person"] else " (a machine: it may propose and read, never decide)"
        say(f"{me['name']}, account {me['account']}{kind}; groups: {', '.join(me['groups']) or 'none'}")

    here.show(here.api.get("/api/me"), people)


@app.command()
@calls_api
def inbox(here: Here) -> None:
    """What waits for your decision, soonest deadline first."""

    def people(items: Any) -> None:
        if not items:
            say("Nothing waits for you.")
            return
        columns = ("Change", "Title", "Tier", "Asked by", "Stage", "Next", "Due")
        table(columns, [_row(item) for item in items])

    here.show(here.api.get("/api/me/inbox"), people)


def _row(item: Any) -> tuple[object, ...]:
    about = item["change"] or item["request"]
    who = (item["subject"], about["title"], about["tier"], about["requester"])
    stage = f"{item['stage']}, for {item['represents']}" if item["represents"] else item["stage"]
    return (*who, stage, words(item["next_timer"]), moment(item["due_at"]))
