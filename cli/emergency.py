"""`mandate emergency`, `mandate board` and `mandate standard`: short ways, what they end in, and who sits over what."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import instant, moment, say, table

app = typer.Typer()
emergency = typer.Typer(no_args_is_help=True, help="Break-glass windows and the reviews of emergencies.")
board = typer.Typer(no_args_is_help=True, help="Agenda and minutes of a governance board.")
standard = typer.Typer(no_args_is_help=True, help="Changes that are approved in advance.")
app.add_typer(emergency, name="emergency")
app.add_typer(board, name="board")
app.add_typer(standard, name="standard")
Change = Annotated[str, typer.Argument(help="Id of the change.")]


@emergency.command("break-glass")
@calls_api
def break_glass(
    here: Here,
    change: Change,
    reason: Annotated[str, typer.Option(help="Why it cannot wait for the end of the freeze.")],
    minutes: Annotated[int, typer.Option(min=1, max=240, help="For how long; four hours at most.")] = 60,
) -> None:
    """Let an approved emergency change pass freezes for a while; a second person reviews it within a day."""
    body = {"minutes": minutes, "reason": reason}
    here.show(here.api.post(f"/api/changes/{change}/break-glass", body), _review_due)


@emergency.command("reviews")
@calls_api
def reviews(
    here: Here, waiting: Annotated[bool, typer.Option("--waiting", help="Only those still due.")] = False
) -> None:
    """Reviews, those that are due first."""
    here.show(here.api.get("/api/reviews", waiting=waiting), _reviews)


@emergency.command("review")
@calls_api
def review(
    here: Here,
    name: Annotated[str, typer.Argument(metavar="REVIEW", help="For example emergency/CR-2026-0007.")],
    findings: Annotated[str, typer.Option(help="What you found.")],
    sound: Annotated[bool, typer.Option("--sound/--unsound", help="Whether it was right to act.")],
) -> None:
    """Keep what a second person found."""
    body = {"sound": sound, "findings": findings}
    here.show(here.api.post(f"/api/reviews/{name}", body), lambda answer: say(f"Reviewed {answer['review']}."))


@board.command("agenda")
@calls_api
def agenda(
    here: Here,
    change: Change,
    text: Annotated[str, typer.Option(help="What the board is to look at.")],
    meets: Annotated[str, typer.Option(help="When it meets, 2026-12-01T09:00Z.")],
) -> None:
    """Put a change on the agenda of its governance board."""
    body = {"text": text, "meets_at": instant(meets).isoformat()}
    here.show(here.api.post(f"/api/changes/{change}/agenda", body), lambda _: say(f"{change} is on the agenda."))


@board.command("minutes")
@calls_api
def minutes(
    here: Here,
    change: Change,
    text: Annotated[str, typer.Option(help="What was said.")],
    present: Annotated[list[str], typer.Option(help="A person who was there; once for each.")],
) -> None:
    """Keep the minutes of a meeting that had its quorum."""
    body = {"text": text, "present": present}
    here.show(here.api.post(f"/api/changes/{change}/minutes", body), lambda _: say(f"Minutes of {change} are kept."))


@app.command("accept-risk")
@calls_api
def accept_risk(
    here: Here, change: Change, statement: Annotated[str, typer.Option(help="What remains, in your words.")]
) -> None:
    """State the risk that remains, as its owner, and accept it by name."""
    revision = here.api.get(f"/api/changes/{change}")["summary"]["revision"]
    body = {"statement": statement, "revision": revision}
    here.show(here.api.post(f"/api/changes/{change}/residual-risk", body), lambda _: say("The risk is accepted."))


@standard.command("list")
@calls_api
def list_standard(here: Here) -> None:
    """The templates under which nobody is asked again, with their bounds and whether they still hold."""
    here.show(here.api.get("/api/standard-changes"), _standards)


def _review_due(answer: Any) -> None:
    say(f"The glass is broken. Review {answer['review']} by a second person until {moment(answer['due_at'])}.")


def _reviews(found: Any) -> None:
    if not found:
        say("No review is due.")
        return
    columns = ("Review", "Due", "Standing", "Reviewed by", "Why")
    table(columns, [(r["id"], moment(r["due_at"]), _standing(r), r["reviewed_by"], r["reason"]) for r in found])


def _standing(review: Any) -> str:
    if review["reviewed_at"]:
        return "sound" if review["sound"] else "unsound"
    return "overdue" if review["overdue"] else "waiting"


def _standards(found: Any) -> None:
    if not found:
        say("Nothing is approved in advance.")
        return
    columns = ("Template", "Standing", "Artifact", "Entries", "Rises to", "Falls to", "Until", "Name")
    table(columns, [_template(view) for view in found])


def _template(view: Any) -> tuple[object, ...]:
    found = view["template"]
    bounds = (f"+{found['most_rise_percent']} %", f"-{found['most_fall_percent']} %", found["last_day"])
    return (found["id"], view["standing"], found["artifact"], ", ".join(found["entries"]), *bounds, found["name"])
