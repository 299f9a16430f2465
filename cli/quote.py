"""`mandate quote list|show|submit`: read quotes and ask for their approval (R-7.11)."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, money, say, table, waits, words

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Read quotes and ask for their approval.")
app.add_typer(group, name="quote")
QuoteId = Annotated[str, typer.Argument(help="Id of the quote.")]


@group.command("list")
@calls_api
def list_some(
    here: Here,
    status: Annotated[str | None, typer.Option(help="draft, approved, ...; left out: all open ones.")] = None,
    market: Annotated[str | None, typer.Option(help="Only of this market.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many.")] = 20,
) -> None:
    """Quotes by id."""
    asked = {"status": status, "market": market, "limit": limit}
    here.show(here.api.get("/api/quotes", **{name: value for name, value in asked.items() if value}), _list)


@group.command()
@calls_api
def show(here: Here, quote: QuoteId) -> None:
    """A quote with its lines, and what was approved of it."""
    found = here.api.get(f"/api/quotes/{quote}")
    here.show({**found, **here.api.get(f"/api/quotes/{quote}/approvals")}, _show)


@group.command()
@calls_api
def submit(
    here: Here,
    quote: QuoteId,
    payment_days: Annotated[int | None, typer.Option(min=0, max=365, help="Days to pay, if not as agreed.")] = None,
    other_clauses: Annotated[bool, typer.Option("--other-clauses", help="Not all clauses are standard.")] = False,
    regions: Annotated[int, typer.Option(min=1, max=100, help="Regions that the deal spans.")] = 1,
) -> None:
    """Ask for the approval of a draft quote; the approval policy in force says who has to agree."""
    terms = {"payment_days": payment_days, "standard_clauses": not other_clauses, "regions": regions}
    asked = here.api.post(f"/api/quotes/{quote}/approval", terms)
    here.show(asked, waits)


def _list(page: Any) -> None:
    if not page["items"]:
        say("There is no such quote.")
        return
    rows = [
        (one["id"], words(one["status"]), one["market"], one["customer"], money(one["total_minor"], one["currency"]))
        for one in page["items"]
    ]
    table(("Quote", "Status", "Market", "Customer", "Total"), rows)


def _show(quote: Any) -> None:
    say(f"{quote['id']}: {words(quote['status'])}, {money(quote['total_minor'], quote['currency'])}")
    lines = [
        (
            line["line"], line["offering"], line["quantity"], f"{line['discount_basis_points'] / 100:g} %",
            money(line["net_minor"], quote["currency"]),
        )
        for line in quote["lines"]
    ]  # fmt: skip
    table(("Line", "Offering", "Quantity", "Discount", "Net"), lines)
    for one in quote["requests"]:
        say(f"{one['id']} {words(one['state'])}, asked for by {one['requester']} on {moment(one['created_at'])}")
    for one in quote["approvals"]:
        stands = "" if one["stands"] else "; the quote has moved since"
        seen = money(one["total_minor"], one["currency"])
        say(f"Approved by {one['name']} on {moment(one['decided_at'])} at {seen}{stands}")
