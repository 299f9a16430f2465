"""`mandate notices` and `mandate queue`: what you are told, and the order in which changes of an artifact release."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, say, table

app = typer.Typer()


@app.command("notices")
@calls_api
def notices(here: Here, limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20) -> None:
    """What you are told, in person or through a group, newest first."""
    here.show(here.api.pages("/api/me/notices", limit), _told)


@app.command("queue")
@calls_api
def queue(here: Here, artifact: Annotated[str, typer.Argument(help="For example pricing/standard.")]) -> None:
    """The open changes of an artifact in the order of their release, and those that each waits for."""
    here.show(here.api.get(f"/api/artifacts/{artifact}/queue"), _places)


def _told(found: Any) -> None:
    if not found:
        say("Nobody has told you anything yet.")
        return
    columns = ("When", "Told to", "What")
    table(columns, [(moment(n["created_at"]), n["party_group"] or "you", n["message"]) for n in found])


def _places(found: Any) -> None:
    if not found:
        say("No open change moves this artifact.")
        return
    table(("Place>", "Change", "State", "Due", "Waits for", "Title"), [_place(place) for place in found])


def _place(place: Any) -> tuple[object, ...]:
    waits = ", ".join(place["waits_for"]) or "nobody"
    return (place["position"], place["change"], place["state"], moment(place["due_at"]), waits, place["title"])
