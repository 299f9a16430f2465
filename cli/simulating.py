"""`mandate simulate ...`: changes together, a simulation run again, a quote old against new, progress (chapter 6)."""

from typing import Annotated, Any

import typer

from cli.change_view import fails_at, margins
from cli.errors import FAILED
from cli.here import Here, calls_api
from cli.present import counted, money, price, say, table, totals, words
from domain.money import unit_price

SHOWN = 3
"""Counter-examples of each kind of difference; `--json` gives all ten."""

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Simulate changes together, run a simulation again, look into one.")
app.add_typer(group, name="simulate")

Change = Annotated[str, typer.Argument(help="Id of the change, CR-2026-0001.")]


@group.command()
@calls_api
def together(here: Here, changes: Annotated[list[str], typer.Argument(help="Ids of open changes.")]) -> None:
    """What open changes do together to every quote that any of them affects; nothing is recorded."""
    here.show(here.api.get("/api/simulations", change=changes), _show_simulation)


@group.command()
@calls_api
def show(here: Here, change: Change) -> None:
    """The simulation that a change is decided on: checks, differences old against new, scenario packs."""
    here.show(here.api.get(f"/api/changes/{change}/simulation"), _show_simulation)


@group.command()
@calls_api
def today(here: Here, change: Change) -> None:
    """What a change would do to the quotes of today; its evidence stays as it is."""
    here.show(here.api.get(f"/api/changes/{change}/simulation/today"), _show_today)


@group.command()
@calls_api
def version(
    here: Here,
    artifact: Annotated[str, typer.Argument(help="Id of the artifact, pricing/standard.")],
    number: Annotated[int, typer.Argument(min=0, help="The version; 0 is empty.")],
) -> None:
    """What it would do to the quotes of today if an old version were live instead of the latest one."""
    here.show(here.api.get("/api/simulations/version", artifact=artifact, version=number), _show_simulation)


@group.command()
@calls_api
def reproduce(here: Here, change: Change) -> None:
    """Run a simulation again from its stored versions, quotes and seed; exit code 1 if anything differs."""
    found = here.api.get(f"/api/changes/{change}/simulation/reproduction")
    here.show(found, _show_reproduction)
    if not found["same"]:
        raise typer.Exit(FAILED)


@group.command()
@calls_api
def trace(here: Here, change: Change, quote: Annotated[str, typer.Argument(help="Id of an affected quote.")]) -> None:
    """The affected lines of a quote before and after, step by step."""
    here.show(here.api.get(f"/api/changes/{change}/cases/{quote}"), _show_trace)


@group.command()
@calls_api
def progress(here: Here, change: Change) -> None:
    """How far a large simulation that runs now has come."""
    here.show(here.api.get(f"/api/changes/{change}/simulation/progress"), _show_progress)


def _show_simulation(found: Any) -> None:
    size = f"{counted(found['quotes'], 'open quote')}, {counted(found['cases'], 'line')}"
    say(f"{', '.join(found['with_changes']) or 'simulated'}: {size}")
    say(f"  {found['dearer']} dearer, {found['cheaper']} cheaper: {totals(found['delta'], signed=True)} in all")
    say(*margins(found))
    for check in found["checks"]:
        say(f"  check: {check['title']}: {words(check['outcome'])}{fails_at(check)}")
    for difference in found["differences"]:
        cases = "not looked for" if difference["cases"] is None else f"{difference['cases']} {difference['of']}"
        say(f"  difference in {difference['name']}: {cases}{_because(difference['reason'])}")
        say(*(f"    {example}" for example in difference["examples"][:SHOWN]))
    for pack in found["packs"]:
        cases = f", {pack['quotes']} {pack['of']}" if pack["quotes"] else ""
        say(f"  pack: {pack['title']}: {words(pack['outcome'])}{cases}{_because(pack['reason'])}")
    say(f"  digest {found['digest']}")


def _show_today(found: Any) -> None:
    on = "what is live now" if found["on_live"] else "the versions that it was simulated on"
    say(f"{found['change']} on {on}, with the quotes of today; nothing is recorded")
    _show_simulation(found["simulation"])


def _because(reason: str) -> str:
    return f", {reason}" if reason else ""


def _show_reproduction(found: Any) -> None:
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    say(f"{found['change']}, revision {found['revision']}: {'the same again' if found['same'] else 'NOT THE SAME'}")
    say(f"  stored {found['stored']}", f"  found  {found['found']}", f"  versions {versions}; seed {found['seed']}")
    say(f"  quotes from {'snapshot ' + found['snapshot'] if found['snapshot'] else 'the file of the simulation'}")
    if found["other_sql"]:
        say(f"  another release's statement gave {'the same' if found['stored'] == found['found'] else 'other'} rows")
    if found["differing"]:
        say(f"  differs in {', '.join(found['differing'])}")


def _show_trace(found: Any) -> None:
    say(
        f"{found['quote']['id']}, {found['quote']['market']}, {found['quote']['channel']}, {found['quote']['currency']}"
    )
    if found["as_now"]:
        say("The snapshot that the simulation ran on is no longer kept: this is the quote as it is now.")
    currency = found["quote"]["currency"]
    for line in found["lines"]:
        what = f"line {line['line']['line']}: {line['line']['offering']} {line['line']['selling_model']}"
        say(f"{what}, {line['line']['quantity']} at {line['line']['discount_basis_points'] / 100:g} % off")
        if line["fault"]:
            say(f"  nobody can price it: {line['fault']}")
        for side in ("old", "new"):
            rows = [_step(step, currency) for step in (line[side] or {"trace": []})["trace"]]
            table([side, "Entry", "Before>", "After>", "Per"], rows or [["no price", "", "", "", ""]])


def _step(step: Any, currency: str) -> list[str]:
    """A step of a price as a row: amounts for each unit or for the line, the last one the rounded net."""
    before = "" if step["before"] is None else price(unit_price(step["before"]), currency)
    net = step["per"] == "net"
    after = money(step["after"], currency) if net else price(unit_price(step["after"]), currency)
    return [words(step["rule"]), step["entry"], before, after, "line, rounded" if net else step["per"]]


def _show_progress(found: Any) -> None:
    if not found["stage"]:
        say("No large simulation of this change is running.")
        return
    say(f"{found['stage']}: {found['done']} of {found['of']} partitions of quotes are priced")
