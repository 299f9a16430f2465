"""`mandate policy replay`: who would be asked now about past deals, who no longer, and for how much money."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.policy import STANDARD, app, group
from cli.present import counted, say, table, totals, words

__all__ = ["app"]

SHOWN = 20


@group.command()
@calls_api
def replay(
    here: Here,
    old: Annotated[int, typer.Option(min=1, help="The version that holds.")],
    new: Annotated[int | None, typer.Option(min=1, help="The version to compare it with.")] = None,
    change: Annotated[str | None, typer.Option(help="Or a change of the policy, CR-2026-0001.")] = None,
    policy: Annotated[str, typer.Option("--policy", help="Id of the policy.")] = STANDARD,
    flow: Annotated[int | None, typer.Option(min=0, help="List the deals of this flow; the first is 0.")] = None,
    start: Annotated[int, typer.Option(min=0, help="How many of them to skip.")] = 0,
) -> None:
    """Send past deals through two versions of a policy, or a version and a change, and compare whom each asks."""
    asked = {"policy": policy, "old": old, "new": new, "change": change}
    if flow is None:
        here.show(here.api.get("/api/policy-replays", **asked), _show)
    else:
        here.show(here.api.get("/api/policy-replays/deals", **asked, flow=flow, start=start), _show_deals)


def _show(found: dict[str, Any]) -> None:
    say(f"{found['policy']}: {found['old']} against {found['new']}, {counted(found['deals'], 'past deal')}")
    for name, text in (
        ("under_routed", "would be asked about by somebody more"),
        ("over_routed", "would be asked about by somebody less"),
        ("same_people", "would be asked about by the same people"),
    ):
        share = found[name]
        say(f"{share['deals']:,} {text}: {totals(share['money'])}")
    if found["unreadable"]:
        say(f"{found['unreadable']:,} could not be routed: a fact of them is missing")
    rows = [
        (number, _route(flow["old"]), _route(flow["new"]), f"{flow['deals']:,}", totals(flow["money"]), flow["example"])
        for number, flow in enumerate(found["flows"][:SHOWN])
    ]
    table(("Flow>", "Asked by the old policy", "Asked by the new policy", "Deals>", "Value>", "For example"), rows)
    table(
        ("Group", "Signatures, old>", "new>", "Asked now>", "No longer>"),
        [(words(item["group"]), *(f"{item[name]:,}" for name in WORK)) for item in found["work"]],
    )
    old, new = found["hours"]
    routed = found["deals"] - found["unreadable"] or 1
    say(f"Predicted cycle time: {old / routed:.1f} hours a deal before, {new / routed:.1f} after.")
    say(f"Predicted hours until the last reminder, over all deals: {old:,} before, {new:,} after.")
    say(f"{found['decided']:,} deals are as they were decided, by the facts and terms of their requests for approval.")
    say(
        f"{found['sampled']:,} deals were compared with the approval engine's own evaluator, "
        f"the facts of {found['compared']:,} with its reference; all agree."
    )
    say(f"Snapshot {found['snapshot']}")


def _show_deals(found: dict[str, Any]) -> None:
    flow = found["flow"]
    say(f"{_route(flow['old'])} → {_route(flow['new'])}: {counted(flow['deals'], 'deal')}, from {found['start']} on")
    facts = list(found["items"][0]["facts"]) if found["items"] else []
    rows = [
        (item["deal"], totals({item["currency"]: item["value_minor"]}), *(str(item["facts"][name]) for name in facts))
        for item in found["items"]
    ]
    table(("Deal", "Value>", *(f"{words(name)}>" for name in facts)), rows)


WORK = ("old_signatures", "new_signatures", "asked_now", "asked_no_longer")


def _route(route: dict[str, Any]) -> str:
    return ", ".join(route["stages"]) or "refused: no rule"
