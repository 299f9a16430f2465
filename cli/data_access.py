"""`mandate data ask|list|read|end`: what is kept about a person (R-7.11, R-24.4)."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, say, table, waits, words

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Read what is kept about a person: ask for access, read, end it.")
app.add_typer(group, name="data")
Person = Annotated[str, typer.Argument(help="Id of the person, for example ines.castellano.")]


@group.command()
@calls_api
def ask(
    here: Here,
    person: Person,
    reason: Annotated[str, typer.Option(help="Why.")],
    days: Annotated[int, typer.Option(min=1, max=30, help="For how many days.")] = 1,
) -> None:
    """Ask for access; it holds when the people of its plan have agreed."""
    asked = here.api.post("/api/data-access", {"about": person, "days": days, "reason": reason})
    here.show(asked, waits)


@group.command("list")
@calls_api
def list_all(here: Here) -> None:
    """Who may read what is kept about whom."""
    here.show(here.api.get("/api/data-access"), _list)


@group.command()
@calls_api
def read(here: Here, person: Person) -> None:
    """Read it: about yourself, or with an access in force. That you did stays on record."""
    here.show(here.api.post(f"/api/persons/{person}/disclosures"), _told)


@group.command()
@calls_api
def end(here: Here, request: Annotated[str, typer.Argument(help="The request that gave the access (AR-...).")]) -> None:
    """End an access at once."""
    ended = here.api.post(f"/api/data-access/{request}/end")
    here.show(ended, lambda answer: say(f"The access by {answer['request']} has ended."))


def _list(found: Any) -> None:
    if not found:
        say("Nobody has access to what is kept about others.")
        return
    rows = [(one["request"], one["name"], one["about_name"], moment(one["until_at"]), one["standing"]) for one in found]
    table(("Request", "Who", "About", "Until", "Standing"), rows)


def _told(data: Any) -> None:
    state = "active" if data["active"] else "shut out"
    say(f"{data['name']} ({data['person']}), {state}; groups: {', '.join(data['groups']) or 'none'}")
    for name, rows in data["records"].items():
        if rows:
            table([words(column) for column in rows[0]], [tuple(map(_cell, row.values())) for row in rows], words(name))


def _cell(value: Any) -> str:
    return "–" if value is None else str(value)
