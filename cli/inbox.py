"""Who you are and what waits for you: `mandate login`, `mandate whoami`, `mandate inbox`."""

from typing import Annotated, Any

import typer

from cli import tokens
from cli.client import Api
from cli.here import Here, calls_api
from cli.present import moment, say, table, words

app = typer.Typer()
PAGE = 200


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
def inbox(here: Here, limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50) -> None:
    """What waits for your decision, soonest deadline first, and how many there are in all."""
    found = here.api.get("/api/me/inbox", limit=min(limit, PAGE))
    if found["next"] and limit > PAGE:
        found["items"] += here.api.pages("/api/me/inbox", limit - PAGE, cursor=found["next"])
    here.show({"items": found["items"], "total": found["total"]}, show_inbox)


def show_inbox(found: Any) -> None:
    """The inbox as a table, and how much of it that is."""
    if not found["total"]:
        say("Nothing waits for you.")
        return
    columns = ("Change", "Title", "Tier", "Asked by", "Stage", "Next", "Due")
    table(columns, [_row(item) for item in found["items"]])
    if len(found["items"]) < found["total"]:
        say(f"These are the most urgent {len(found['items'])} of {found['total']}; --limit shows more.")


def _row(item: Any) -> tuple[object, ...]:
    about = item["change"] or item["request"]
    who = (item["subject"], about["title"], about["tier"], about["requester"])
    stage = f"{item['stage']}, for {item['represents']}" if item["represents"] else item["stage"]
    return (*who, stage, words(item["next_timer"]), moment(item["due_at"]))
