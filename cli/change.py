"""`mandate change ...`: propose, read, decide, follow and take back changes."""

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.change_view import evidence, fails_at, followed, show_change, show_list, surroundings
from cli.duration import seconds_of
from cli.errors import TOO_LATE
from cli.here import Here, calls_api
from cli.impact import impact
from cli.present import counted, moment, plain, say, show_json, totals, words
from cli.proposals import from_file, price_change
from cli.proving import Confirm, Effect, prove, retyped
from cli.revisions import revisions
from cli.timeline import sentence
from cli.watching import watch as follow
from domain.change import ChangeState
from domain.ownership import Authorship

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Propose, read, decide, follow and take back changes.")
app.add_typer(group, name="change")

group.command("impact")(impact)
group.command("revisions")(revisions)

Change = Annotated[str, typer.Argument(help="Id of the change, CR-2026-0001.")]
Reason = Annotated[str, typer.Option(help="Why.")]


@group.command()
@calls_api
def create(
    here: Here,
    file: Annotated[Path | None, typer.Option(help="The change as YAML or JSON, instead of the options below.")] = None,
    offering: Annotated[str | None, typer.Option(help="Id of the offering of a new list price.")] = None,
    selling_model: Annotated[str | None, typer.Option(help="For example monthly.")] = None,
    market: Annotated[str, typer.Option(help="Market of the price book's entry.")] = "*",
    channel: Annotated[str, typer.Option(help="Channel of the price book's entry.")] = "*",
    currency: Annotated[str | None, typer.Option(help="ISO 4217 code.")] = None,
    price: Annotated[str | None, typer.Option(help="The new list price, for example 42.90.")] = None,
    title: Annotated[str | None, typer.Option(help="What people read in lists.")] = None,
    objective: Annotated[str | None, typer.Option(help="Why it is wanted.")] = None,
    effective: Annotated[str | None, typer.Option(help="Local date in each market; else on approval.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
) -> None:
    """Create a draft, from a file or as one new list price; --dry-run says what would happen and keeps nothing."""
    place = {"offering": offering, "selling_model": selling_model, "market": market, "channel": channel}
    texts = {"title": title, "objective": objective, "effective": effective}
    proposal = _proposal(file, {**place, "currency": currency}, price, texts)
    if dry_run:
        here.show(here.api.post("/api/changes/dry-run", proposal), _show_dry_run)
    else:
        here.show(here.api.post("/api/changes", proposal), _show_receipt)


@group.command()
@calls_api
def revise(
    here: Here,
    change: Change,
    file: Annotated[Path, typer.Option(help="The whole change as it is to be now, as YAML or JSON.")],
    version: Annotated[int | None, typer.Option(help="Version that you have read; refused if it moved.")] = None,
) -> None:
    """Write a new revision; decisions whose inputs moved no longer count, the others stand."""
    here.show(here.api.put(f"/api/changes/{change}", from_file(file), version), _show_receipt)


@group.command("list")
@calls_api
def list_changes(
    here: Here,
    state: Annotated[ChangeState | None, typer.Option(help="Only in this state.")] = None,
    kind: Annotated[str | None, typer.Option(help="Only of this kind.")] = None,
    authored: Annotated[Authorship | None, typer.Option(help="Only those that business or engineering wrote.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
) -> None:
    """Changes, newest first."""
    only = {"state": state and state.value, "kind": kind, "authored": authored and authored.value}
    here.show(here.api.pages("/api/changes", limit, **only), show_list)


@group.command()
@calls_api
def show(here: Here, change: Change) -> None:
    """Everything about a change: content, money, decisions, what is missing, what time does next."""
    here.show(here.api.get(f"/api/changes/{change}"), show_change)


@group.command()
@calls_api
def submit(here: Here, change: Change) -> None:
    """Hand a draft in; it is assessed and simulated, and its approvers are asked."""
    here.show(here.api.post(f"/api/changes/{change}/submit"), _show_receipt)


@group.command()
@calls_api
def decide(
    here: Here,
    change: Change,
    approve: Annotated[bool, typer.Option("--approve")] = False,
    reject: Annotated[bool, typer.Option("--reject")] = False,
    request_changes: Annotated[bool, typer.Option("--request-changes")] = False,
    comment: Annotated[str, typer.Option(help="What you want to say with it.")] = "",
    seen: Annotated[str | None, typer.Option(help="Digest of what you have read before; refused if it moved.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask again on a terminal.")] = False,
    confirm: Confirm = None,
    total_effect: Effect = None,
) -> None:
    """Decide, bound to the evidence that is shown first."""
    options = {"approve": approve, "reject": reject, "request_changes": request_changes}
    chosen = [choice for choice, given in options.items() if given]
    if len(chosen) != 1:
        raise typer.BadParameter("Give exactly one of --approve, --reject, --request-changes.")
    view = here.api.get(f"/api/changes/{change}")
    for line in (f"{change}  {view['summary']['title']}", *evidence(view), f"Seen: {view['seen']}"):
        print(plain(line), file=sys.stderr)
    if sys.stdin.isatty() and not yes:
        typer.confirm(f"{words(chosen[0]).capitalize()}?", abort=True, err=True)
    revision = view["summary"]["revision"]
    ballot = {"choice": chosen[0], "revision": revision, "seen": seen or view["seen"], "comment": comment}
    if chosen[0] == "approve":
        ballot["total_effect"] = retyped(view, total_effect)
    prove(here, change, view, confirm)
    here.show(here.api.post(f"/api/changes/{change}/decisions", ballot), _show_decision)


@group.command()
@calls_api
def withdraw(here: Here, change: Change, reason: Reason) -> None:
    """Take a change back before it has taken effect."""
    here.show(here.api.post(f"/api/changes/{change}/withdraw", {"reason": reason}), _show_receipt)


@group.command()
@calls_api
def rollback(here: Here, change: Change, reason: Reason) -> None:
    """Take a released change back: the earlier content is released again."""
    here.show(here.api.post(f"/api/changes/{change}/rollback", {"reason": reason}), _show_receipt)


@group.command("give-up")
@calls_api
def give_up(here: Here, change: Change, reason: Reason) -> None:
    """End a rollback that cannot be done: the change has failed, and what is live stays."""
    here.show(here.api.post(f"/api/changes/{change}/give-up", {"reason": reason}), _show_receipt)


@group.command()
@calls_api
def retry(here: Here, change: Change) -> None:
    """Try the step that waits again now."""
    here.show(here.api.post(f"/api/changes/{change}/retry"), lambda a: say(f"{change} is tried again ({a['case']})."))


@group.command()
@calls_api
def watch(
    here: Here,
    change: Change,
    until: Annotated[ChangeState | None, typer.Option(help="End when this state is reached.")] = None,
    timeout: Annotated[int | None, typer.Option(parser=seconds_of, metavar="DURATION", help="At most so long.")] = None,
) -> None:
    """Follow a change until it is over or in a state; exit code 0 if completed or there, 1 if not, 6 too late."""

    def tell(entry: Any, names: Any) -> None:
        if here.as_json:
            show_json(entry)
        else:
            say(sentence(entry, names))

    code = follow(here.api, change, until and until.value, timeout, tell)
    if code == TOO_LATE:
        print(f"{change} did not get there in time.", file=sys.stderr)
    raise typer.Exit(code)


def _proposal(
    file: Path | None, place: Mapping[str, str | None], price: str | None, texts: Mapping[str, str | None]
) -> dict[str, Any]:
    """What is proposed: a file, or one new list price at a place with its texts."""
    if file is not None:
        return from_file(file)
    known = {name: value for name, value in place.items() if value}
    if len(known) < len(place) or not price:
        raise typer.BadParameter("Give --file, or --offering, --selling-model, --currency and --price.")
    return price_change(known, price, **texts)


def _show_receipt(receipt: Any) -> None:
    say(f"{receipt['change']} is {words(receipt['state'])}; revision {receipt['revision']}.")


def _show_decision(receipt: Any) -> None:
    say(f"Recorded in the stage {receipt['stage']}.")
    _show_receipt(receipt["change"])


def _show_dry_run(found: Any) -> None:
    impact, simulation = found["impact"], found["simulation"]
    say("What would change", *(f"  {line}" for line in found["words"]))
    say(f"Tier {found['tier']}: {', '.join(found['reasons'])}")
    say(*surroundings(found))
    for stage, persons in found["candidates"].items():
        say(f"  {stage}: {', '.join(persons) or 'nobody could agree'}")
    say(f"{counted(impact['quotes'], 'open quote')} worth {totals(impact['value'])}")
    say(f"  {totals(simulation['delta'], signed=True)} in all")
    say(*(f"  check: {check['title']}: {words(check['outcome'])}{fails_at(check)}" for check in simulation["checks"]))
    say(*followed(found))
    for market, instant in found["instants"].items():
        say(f"Effective in {market}: {moment(instant) or 'as soon as it is approved'}")
    say(*_foreseen(found))
    for block in (*found["unsatisfiable"], *found["freezes"]):
        say(f"Held back by {block}")


def _foreseen(found: Any) -> Iterator[str]:
    """When it may take effect, how long it takes, what is missing."""
    expected = found["forecast"]
    for slot in expected["slots"]:
        behind = f", after {', '.join(slot['after'])}" if slot["after"] else ""
        yield f"Earliest legal slot in {slot['market']}: {moment(slot['at'])}{behind}"
    yield f"Decided by {moment(expected['decided_at'])} if everybody decides by their reminder"
    yield f"Completed by {moment(expected['completed_at'])}"
    yield from (f"Missing: {what}" for what in found["missing"])
