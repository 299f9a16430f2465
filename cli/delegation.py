"""`mandate delegation give|list|revoke`: lend your right to decide while you are away."""

from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import moment, say, table, words

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Lend your right to decide while you are away.")
app.add_typer(group, name="delegation")


@group.command()
@calls_api
def give(
    here: Here,
    to: Annotated[str, typer.Argument(help="The person who may act for you.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    days: Annotated[int, typer.Option(min=1, max=30, help="For how many days, at most 30.")] = 7,
    groups: Annotated[list[str] | None, typer.Option("--group", help="Only the rights of this group.")] = None,
    kinds: Annotated[list[str] | None, typer.Option("--kind", help="Only changes of this kind.")] = None,
    max_tier: Annotated[int, typer.Option(min=0, max=4, help="Only up to this tier.")] = 2,
    most: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Only up to so many minor units, 5000000EUR.")
    ] = None,
) -> None:
    """Lend rights that you hold yourself, from now on; above the policy's bound others have to agree first."""
    now = datetime.fromisoformat(here.api.get("/api/clock")["now"])
    body = {
        "delegate": to,
        "reason": reason,
        "until_at": (now + timedelta(days=days)).isoformat(),
        "max_tier": max_tier,
        **({"groups": groups} if groups else {}),
        **({"kinds": kinds} if kinds else {}),
        **(_money(most) if most else {}),
    }
    here.show(here.api.post("/api/delegations", body), _given)


def _money(text: str) -> dict[str, object]:
    amount, currency = text[:-3], text[-3:].upper()
    if not amount.isdigit():
        raise typer.BadParameter("Give minor units and a currency, for example 5000000EUR.")
    return {"most_minor": int(amount), "currency": currency}


@group.command("list")
@calls_api
def list_all(here: Here) -> None:
    """What you have lent and what was lent to you."""
    here.show(here.api.get("/api/delegations"), _people)


@group.command()
@calls_api
def revoke(here: Here, delegation: Annotated[str, typer.Argument(help="Id of the delegation.")]) -> None:
    """End a delegation at once; what was decided by it no longer counts."""
    here.show(here.api.post(f"/api/delegations/{delegation}/revoke"), lambda a: say(f"Ended {a['delegation']}."))


def _given(receipt: Any) -> None:
    if receipt["request"]:
        say(f"{receipt['delegation']} is proposed; {receipt['request']} waits for those who have to agree.")
    else:
        say(f"{receipt['delegation']} is in force.")


def _people(found: Any) -> None:
    if not found:
        say("You have lent nothing, and nothing was lent to you.")
        return
    columns = ("Delegation", "From", "To", "Groups", "Kinds", "Up to tier", "Until", "Standing", "Reason")
    table(columns, [_row(one) for one in found])


def _row(one: Any) -> tuple[object, ...]:
    who = (one["id"], one["delegator_name"], one["delegate_name"])
    limits = (", ".join(one["groups"]), ", ".join(one["kinds"]), one["max_tier"])
    return (*who, *limits, moment(one["until_at"]), words(one["standing"]), one["reason"])
