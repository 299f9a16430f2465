"""`mandate used`: what uses offerings or an entry in open business, before anybody proposes a change of them."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import say, table, totals
from domain.impact import FAULTS

app = typer.Typer()


@app.command()
@calls_api
def used(
    here: Here,
    offerings: Annotated[list[str] | None, typer.Argument(help="Ids of offerings.")] = None,
    entry: Annotated[
        tuple[str, str] | None, typer.Option(help="Instead an artifact and the key of one of its entries.")
    ] = None,
    market: Annotated[list[str] | None, typer.Option(help="Only in this market; may be given several times.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only through this channel; likewise.")] = None,
) -> None:
    """Open quotes, orders, assets and renewals with lines of these offerings, or that an entry is about."""
    if bool(offerings) == bool(entry) or (entry and (market or channel)):
        raise typer.BadParameter("Ids of offerings, in markets and channels, or --entry ARTIFACT KEY by itself.")
    if entry:
        found = here.api.get("/api/where-used/entry", artifact=entry[0], entry=entry[1])
    else:
        found = here.api.get("/api/where-used", offering=offerings, market=market, channel=channel)
    here.show(found, _show)


def _show(found: Any) -> None:
    rows = [
        (use["title"], f"{use['documents']:,}", f"{use['lines']:,}", totals(use["value"]), use["source"])
        for use in found["uses"]
    ]
    table(["Used by", "How many>", "Lines>", "Money", "Which count"], rows)
    for fault, number in found["faults"].items():
        say(f"Counted although wrong: {FAULTS.get(fault, fault)}: {number:,}")
    say(f"Found by {found['provenance']['way']}: {found['provenance']['because']}")
