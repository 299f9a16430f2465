"""`mandate ownership`: who owns a kind of change, who must be asked, who is told."""

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import say, table

app = typer.Typer()


@app.command("ownership")
@calls_api
def ownership(
    here: Here, kind: Annotated[str | None, typer.Argument(help="A kind of change; left out: all of them.")] = None
) -> None:
    """Who owns a kind of change, who must be asked, who is told."""
    if kind is None:
        here.show(here.api.get("/api/ownership/table"), _all)
    else:
        here.show(here.api.get("/api/ownership", kind=kind), _one)


def _one(answer: Any) -> None:
    owner = answer["ownership"]
    say(f"{owner['kind']}: {owner['name']}, owned by {owner['business_owner']}")
    say(f"  accountable   {owner['accountable']}")
    for name in ("responsible", "consulted", "informed"):
        say(f"  {name:<13} {_names(owner[name])}")
    say(f"  engineering   {owner['engineering']}")
    say(f"  primary risk  {answer['risk']}", f"  rollback      {answer['rollback']}")


def _all(found: Any) -> None:
    columns = ("Kind", "Domain", "Accountable", "Must be asked", "Does it", "Is told")
    table(columns, [_row(answer["ownership"]) for answer in found["kinds"]])
    table(
        ("Activity", *(function["name"] for function in found["functions"])),
        [
            (activity["name"], *(activity["duties"].get(function["id"]) for function in found["functions"]))
            for activity in found["activities"]
        ],
        title=f"Version {found['version']}: A accountable, R responsible, C consulted, I informed",
    )
    for kind in found["unowned"]:
        say(f"Nobody is accountable for {kind}: its changes are refused.")


def _row(owner: Any) -> tuple[object, ...]:
    groups = (_names(owner[name]) for name in ("consulted", "responsible", "informed"))
    return (owner["kind"], owner["name"], owner["accountable"], *groups)


def _names(groups: Iterable[str]) -> str:
    return ", ".join(groups) or "nobody"
