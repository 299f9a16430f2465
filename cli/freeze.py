"""`mandate freeze declare|list|lift`: times in which no change takes effect."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import instant, moment, say, table, waits

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Times in which no change takes effect.")
app.add_typer(group, name="freeze")


def _instant(text: str) -> str:
    """An instant with an offset; a local time without one would mean another instant on another machine."""
    if instant(text).tzinfo is None:
        raise ValueError(f"{text} has no offset; write for example 2026-12-24T00:00+01:00 or 2026-12-24T00:00Z")
    return text


@group.command()
@calls_api
def declare(
    here: Here,
    begin: Annotated[str, typer.Option("--from", parser=_instant, metavar="INSTANT", help="2026-12-24T00:00Z")],
    end: Annotated[str, typer.Option("--until", parser=_instant, metavar="INSTANT", help="2027-01-02T00:00Z")],
    reason: Annotated[str, typer.Option(help="Why.")],
    kind: Annotated[str, typer.Option(help="Only changes of this kind.")] = "*",
    market: Annotated[str, typer.Option(help="Only in this market.")] = "*",
) -> None:
    """Forbid effects between two instants; drafting, simulating and approving go on."""
    body = {"kind": kind, "market": market, "reason": reason, "from_at": begin, "until_at": end}
    here.show(here.api.post("/api/freezes", body), lambda answer: say(f"Declared {answer['freeze']}."))


@group.command("list")
@calls_api
def list_all(here: Here) -> None:
    """Every freeze, latest first."""
    here.show(here.api.get("/api/freezes"), _people)


@group.command("except")
@calls_api
def ask_exception(
    here: Here,
    freeze: Annotated[str, typer.Argument(help="Id of the freeze.")],
    change: Annotated[str, typer.Option(help="The change that has to go out; * is every change.")],
    until: Annotated[str, typer.Option(parser=_instant, metavar="INSTANT", help="Until when the exception holds.")],
    reason: Annotated[str, typer.Option(help="Why.")],
) -> None:
    """Ask for an exception; it holds when the people of its plan have agreed."""
    body = {"change": change, "until_at": until, "reason": reason}
    asked = here.api.post(f"/api/freezes/{freeze}/exceptions", body)
    here.show(asked, waits)


@group.command()
@calls_api
def lift(here: Here, freeze: Annotated[str, typer.Argument(help="Id of the freeze.")]) -> None:
    """Take back a freeze that you declared and that has not begun; one that holds takes `except --change "*"`."""
    here.show(here.api.post(f"/api/freezes/{freeze}/lift"), lambda answer: say(f"Lifted {answer['freeze']}."))


def _people(freezes: Any) -> None:
    columns = ("Freeze", "Kind", "Market", "From", "Until", "Lifted", "By", "Reason")
    if not freezes:
        say("There is no freeze.")
        return
    table(columns, [_row(freeze) for freeze in freezes])


def _row(freeze: Any) -> tuple[object, ...]:
    times = (moment(freeze["from_at"]), moment(freeze["until_at"]), moment(freeze["lifted_at"]))
    return (freeze["id"], freeze["kind"], freeze["market"], *times, freeze["declared_by"], freeze["reason"])
