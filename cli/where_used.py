"""`mandate used`: what uses offerings in open business, before anybody proposes a change of them."""

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
    offerings: Annotated[list[str], typer.Argument(help="Ids of offerings.")],
    market: Annotated[list[str] | None, typer.Option(help="Only in this market; may be given several times.")] = None,
    channel: Annotated[list[str] | None, typer.Option(help="Only through this channel; likewise.")] = None,
) -> None:
    """Open quotes, orders, assets and renewals with lines of these offerings."""
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
