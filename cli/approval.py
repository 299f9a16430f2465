"""`mandate approval ...`: an approval besides deciding on one change, and requests (R-7.10, R-7.11)."""

from typing import Annotated, Any

import typer

from cli.here import Here, calls_api
from cli.present import group_names, moment, money, say, table, words
from cli.proving import Confirm, prove
from domain.errors import NotFound

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Decide in bulk, take back, hand on, ask; requests.")
app.add_typer(group, name="approval")
Subject = Annotated[str, typer.Argument(help="A change (CR-...) or a request (AR-...).")]


@group.command()
@calls_api
def approve(
    here: Here, subjects: Annotated[list[str], typer.Argument(help="Changes of tiers 0 and 1, as many as 50.")]
) -> None:
    """Approve several subjects of low tiers as they are now; each is checked and told of by itself."""
    items = [{"subject": subject, "ballot": _ballot(here, subject, "approve", "")} for subject in subjects]
    outcomes = here.api.post("/api/decisions", items)
    here.show(outcomes, lambda found: say(*(_outcome(one) for one in found)))
    if any(one["code"] for one in outcomes):
        raise typer.Exit(1)


@group.command()
@calls_api
def decide(
    here: Here,
    subject: Subject,
    approve: Annotated[bool, typer.Option("--approve")] = False,
    reject: Annotated[bool, typer.Option("--reject")] = False,
    comment: Annotated[str, typer.Option(help="What you want to say with it.")] = "",
    confirm: Confirm = None,
) -> None:
    """Decide on a request as it is now."""
    if approve == reject:
        raise typer.BadParameter("Give exactly one of --approve and --reject.")
    prove(here, subject, _view(here, subject), confirm)
    ballot = _ballot(here, subject, "approve" if approve else "reject", comment)
    here.show(here.api.post(f"/api/approvals/{subject}/decisions", ballot), _decided)


@group.command()
@calls_api
def recall(
    here: Here,
    subject: Subject,
    decision: Annotated[str | None, typer.Argument(help="Id of your decision; left out: your latest one.")] = None,
) -> None:
    """Take your own decision back while nothing has taken effect."""
    body = {"decision": decision or _latest_own(here, subject)}
    here.show(here.api.post(f"/api/approvals/{subject}/recall", body), _standing)


@group.command()
@calls_api
def withdraw(here: Here, request: Annotated[str, typer.Argument(help="A request (AR-...) of yours.")]) -> None:
    """Take back what you asked for, while it waits for those who have to agree."""
    here.show(here.api.post(f"/api/requests/{request}/withdraw"), _standing)


@group.command("hand-on")
@calls_api
def hand_on(
    here: Here,
    subject: Subject,
    to: Annotated[str, typer.Option(help="The colleague who could decide anyway.")],
    reason: Annotated[str, typer.Option(help="Why.")],
    stage: Annotated[str | None, typer.Option(help="In which stage, if you could decide in several.")] = None,
) -> None:
    """Pass your decision on; you can no longer make it, they can hand it back."""
    body = {"to": to, "reason": reason, "stage": stage}
    done = here.api.post(f"/api/approvals/{subject}/hand-on", body)
    here.show(done, lambda answer: say(f"{to} decides for you in the stage {answer['stage']}."))


@group.command("say")
@calls_api
def speak(
    here: Here,
    subject: Subject,
    text: Annotated[str, typer.Argument(help="What you say.")],
    kind: Annotated[str, typer.Option(help="comment or question.")] = "comment",
    answers: Annotated[str | None, typer.Option(help="Id of the question that this answers.")] = None,
) -> None:
    """Comment, ask a question, or answer one."""
    body = {"kind": "answer" if answers else kind, "text": text, "about": answers}
    done = here.api.post(f"/api/approvals/{subject}/remarks", body)
    here.show(done, lambda answer: say(f"Kept as {answer['remark']}."))


@group.command()
@calls_api
def interest(
    here: Here,
    subject: Subject,
    person: Annotated[str, typer.Argument(help="Who has an interest in the outcome.")],
    role: Annotated[str, typer.Option(help="beneficiary, contributor or simulator.")] = "beneficiary",
) -> None:
    """Say that somebody has an interest, and so does not decide: yourself, or others as the owner group."""
    here.api.post(f"/api/approvals/{subject}/interests", {"person": person, "role": role})
    here.show({"subject": subject, "person": person}, lambda _: say(f"{person} does not decide on {subject}."))


@group.command()
@calls_api
def requests(here: Here, limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 100) -> None:
    """Requests, newest first: quotes, corrections, exceptions to freezes, delegations, access to data."""
    here.show(here.api.pages("/api/requests", limit), _list)


@group.command()
@calls_api
def show(here: Here, request: Annotated[str, typer.Argument(help="A request (AR-...).")]) -> None:
    """Everything about a request: who has decided, who is missing, what time does next."""
    here.show(here.api.get(f"/api/requests/{request}"), _show)


def _latest_own(here: Here, subject: str) -> str:
    """The decision that whoever calls made last and has not taken back. Raises NotFound("unknown_decision")."""
    person = here.api.get("/api/me")["person"]
    for decision in reversed(_view(here, subject)["decisions"]):
        if person in (decision["person"], decision["represents"]) and not decision["recalled"]:
            return str(decision["id"])
    raise NotFound("unknown_decision", f"You have made no decision on {subject} that could be taken back.")


def _view(here: Here, subject: str) -> Any:
    path = "requests" if subject.startswith("AR-") else "changes"
    return here.api.get(f"/api/{path}/{subject}")


def _ballot(here: Here, subject: str, choice: str, comment: str) -> dict[str, object]:
    view = _view(here, subject)
    return {"choice": choice, "revision": view["summary"]["revision"], "seen": view["seen"], "comment": comment}


def _outcome(one: Any) -> str:
    if one["code"]:
        return f"{one['subject']}: not recorded, {one['detail']} ({one['code']})"
    return f"{one['subject']}: recorded, now {words(one['receipt']['change']['state'])}"


def _decided(receipt: Any) -> None:
    say(f"Recorded in the stage {receipt['stage']}.")
    _standing(receipt["change"])


def _standing(receipt: Any) -> None:
    say(f"{receipt['change']} is {words(receipt['state'])}.")


def _list(found: Any) -> None:
    if not found:
        say("There is no request.")
        return
    columns = ("Request", "State", "Kind", "Title", "Asked by", "Since")
    table(columns, [_row(one) for one in found])


def _row(one: Any) -> tuple[object, ...]:
    about = (one["id"], words(one["state"]), words(one["kind"]), one["title"])
    return (*about, one["requester"], moment(one["created_at"]))


def _show(view: Any) -> None:
    summary, names = view["summary"], view["names"]
    say(f"{summary['id']}  {summary['title']}", f"{words(summary['state']).capitalize()}, tier {summary['tier']}")
    say(*(f"  {_asked(name, value, view['content'])}" for name, value in view["content"].items()))
    for stage in view["standing"]["stages"]:
        for slot in stage["slots"]:
            able = ", ".join(names.get(person, person) for person in slot["candidates"]) or "nobody, which blocks it"
            done = f"approved by {names.get(slot['person'], slot['person'])}" if slot["person"] else f"missing; {able}"
            say(f"  {stage['title']} ({group_names(slot['groups'])}): {done}")
    say(*(f"  next: {timer['what']} of {timer['stage']} at {moment(timer['at'])}" for timer in view["timers"]))


def _asked(name: str, value: Any, content: Any) -> str:
    if name.endswith("_minor"):
        return f"{words(name.removesuffix('_minor'))}: {money(value, content['currency'])}"
    return f"{words(name)}: {value}"
