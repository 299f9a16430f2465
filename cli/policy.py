"""`mandate policy ...`: read approval policies, compare versions and files, propose a new version from a file."""

from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from cli.here import Here, calls_api
from cli.present import counted, moment, say, table
from domain.errors import Invalid, MandateError
from policies.content import SEED
from policies.documents import parsed, written

app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="Approval policies: read, compare, examine, propose.")
app.add_typer(group, name="policy")

STANDARD = "approval/standard"
HEADER = "# {artifact}, version {version}. Edit it, then: mandate policy propose FILE --title ... --objective ...\n"
Policy = Annotated[str, typer.Option("--policy", help="Id of the policy.")]
File = Annotated[Path, typer.Argument(help="A policy as `mandate policy export` writes it.")]


@group.command("list")
@calls_api
def list_policies(here: Here) -> None:
    """Every approval policy with owner, effective time and retirement."""
    columns = ("Policy", "Title", "Version>", "Owner", "In force since", "Retires")
    here.show(here.api.get("/api/policies"), lambda found: table(columns, map(_summary, found)))


@group.command()
@calls_api
def show(
    here: Here, policy: Policy = STANDARD, version: Annotated[int | None, typer.Option(help="Default: latest.")] = None
) -> None:
    """The tables of a policy and what is found in them."""
    here.show(here.api.get(f"/api/policies/{policy}", version=version), _show)


@group.command()
@calls_api
def export(
    here: Here,
    file: Annotated[Path | None, typer.Argument(help="Where to; default: standard output.")] = None,
    policy: Policy = STANDARD,
    version: Annotated[int | None, typer.Option(help="Default: latest.")] = None,
) -> None:
    """Write a version of a policy as YAML, to be edited and proposed."""
    found = here.api.get(f"/api/policies/{policy}", version=version)
    text = HEADER.format(artifact=policy, version=found["summary"]["version"]) + written(found["document"])
    if file is None:
        say(text)
    else:
        file.write_text(text, encoding="utf-8")
        say(f"Version {found['summary']['version']} of {policy} is in {file}.")


@group.command()
@calls_api
def examine(here: Here, file: File, policy: Policy = STANDARD) -> None:
    """Say what is found in a file, with examples, and how it differs from the live version. Keeps nothing."""
    found = _examined(here, policy, file)
    here.show(found, _show_draft)
    if found["refused"]:
        raise typer.Exit(1)


@group.command()
@calls_api
def test(
    here: Here,
    file: Annotated[Path | None, typer.Argument(help="A policy in a file; default: the live version.")] = None,
    policy: Policy = STANDARD,
) -> None:
    """Run the scenarios that a policy must pass before it is released."""
    found = here.api.get(f"/api/policies/{policy}") if file is None else _examined(here, policy, file)
    if found.get("unreadable"):
        raise Invalid(found["unreadable"]["code"], found["unreadable"]["detail"])
    here.show(found["scenarios"], _show_scenarios)
    if any(one["failures"] for one in found["scenarios"]):
        raise typer.Exit(1)


@group.command()
@calls_api
def diff(
    here: Here,
    old: Annotated[int | None, typer.Argument(help="Number of the earlier version.")] = None,
    new: Annotated[int | None, typer.Argument(help="Number of the later version; default: latest.")] = None,
    file: Annotated[Path | None, typer.Option(help="Compare the live version with this file instead.")] = None,
    shipped: Annotated[bool, typer.Option("--shipped", help="Compare the live version with the shipped file.")] = False,
    policy: Policy = STANDARD,
) -> None:
    """Compare two versions cell by cell, or the live version with a file; nothing is applied."""
    if file is not None or shipped:
        here.show(_examined(here, policy, file or SEED)["difference"], _show_difference)
        return
    latest = here.api.get(f"/api/policies/{policy}")["summary"]["version"]
    later = new or latest
    wanted = {"old": old or max(later - 1, 1), "new": later}
    here.show(here.api.get(f"/api/policies/{policy}/difference", **wanted), _show_difference)


@group.command()
@calls_api
def propose(
    here: Here,
    file: File,
    title: Annotated[str, typer.Option(help="What people read in lists.")],
    objective: Annotated[str, typer.Option(help="Why it is wanted.")],
    effective: Annotated[str | None, typer.Option(help="Local date; else on approval.")] = None,
    submit: Annotated[bool, typer.Option("--submit", help="Hand it in at once.")] = False,
    policy: Policy = STANDARD,
) -> None:
    """Propose what a file says as the next version: a change like any other."""
    body = {"document": document_in(file), "title": title, "objective": objective}
    if effective:
        body["effective"] = {"date": effective}
    receipt = here.api.post(f"/api/policies/{policy}/changes", body)
    if submit:
        receipt = _handed_in(here, receipt["change"])
    here.show(receipt, lambda found: say(f"{found['change']} is {found['state']}, revision {found['revision']}."))


def _handed_in(here: Here, change: str) -> Any:
    """Hand in the draft that was just written; a refusal says that it is there."""
    try:
        return here.api.post(f"/api/changes/{change}/submit")
    except MandateError as error:
        error.detail = f"{change} is saved as a draft, but not handed in: {error.detail}"
        raise


@group.command()
@calls_api
def move(
    here: Here, change: Annotated[str, typer.Argument(help="Id of the change.")], policy: Policy = STANDARD
) -> None:
    """Have an open request planned again by the stricter of its policy and the present one."""
    receipt = here.api.post(f"/api/policies/{policy}/requests/{change}")
    here.show(receipt, lambda found: say(f"{found['change']} is {found['state']}, revision {found['revision']}."))


@group.command("record-finding")
@calls_api
def record(
    here: Here,
    code: Annotated[str, typer.Argument(help="control_gap or missing_evidence.")],
    text: Annotated[str, typer.Argument(help="What was found.")],
    policy: Policy = STANDARD,
) -> None:
    """Record an audit finding; it holds the next release back until it is answered."""
    here.show(here.api.post(f"/api/policies/{policy}/findings", {"code": code, "text": text}), say)


@group.command("answer-finding")
@calls_api
def answer(
    here: Here,
    finding: Annotated[str, typer.Argument(help="Id of the finding.")],
    text: Annotated[str, typer.Argument(help="What was done, or why nothing has to be.")],
    policy: Policy = STANDARD,
) -> None:
    """Answer an audit finding, as the policy's owner."""
    answered = here.api.post(f"/api/policies/{policy}/findings/{finding}/answer", {"text": text})
    here.show(answered, lambda _: say(f"{finding} is answered."))


def document_in(file: Path) -> dict[str, Any]:
    """The policy of a YAML file. Raises Invalid("bad_file")."""
    try:
        found = parsed(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as failure:
        raise Invalid("bad_file", f"{file}: {failure}") from None
    if not isinstance(found, dict):
        raise Invalid("bad_file", f"{file} does not hold a policy: a mapping with owner, tier and stages.")
    return dict(yaml_plain(found))


def yaml_plain(value: Any) -> Any:
    """A document as JSON takes it: instants and days as text."""
    if isinstance(value, dict):
        return {name: yaml_plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [yaml_plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def _examined(here: Here, policy: str, file: Path) -> Any:
    return here.api.post(f"/api/policies/{policy}/examination", {"document": document_in(file)})


def _summary(found: Any) -> tuple[object, ...]:
    since, until = moment(found["effective_from"]), moment(found["retires_at"]) or "never"
    return (found["artifact"], found["title"], found["version"], found["owner"], since, until)


def _show(found: Any) -> None:
    say(f"{found['summary']['artifact']}, version {found['summary']['version']}, by {found['change']}")
    say(written(found["document"]))
    _show_findings(found)
    if number := len(found["from_shipped"]):
        say(f"It differs from the file of this release in {counted(number, 'cell')}: `mandate policy diff --shipped`.")


def _show_draft(found: Any) -> None:
    if found["unreadable"]:
        say(f"refused: {found['unreadable']['detail']}")
        return
    _show_difference(found["difference"])
    _show_findings(found)
    say("It would be refused." if found["refused"] else "It can be proposed.")


def _show_findings(found: Any) -> None:
    for one in sorted(found["findings"], key=lambda one: ("error", "warning", "information").index(one["severity"])):
        place = " ".join(part for part in (one["table"], one["row"], one["column"]) if part)
        example = ", ".join(f"{name} {value}" for name, value in one["example"].items())
        say(f"{one['severity']}: {place}: {one['message']}" + (f" Example: {example}." if example else ""))
    for one in found["weaknesses"]:
        say(f"{one['severity']}: {one['message']}")


def _show_scenarios(found: Any) -> None:
    columns = ("Scenario", "Outcome", "Tier>", "Asked")
    table(columns, [(one["title"], _outcome(one), one["tier"], ", ".join(one["asked"])) for one in found])


def _outcome(one: Any) -> str:
    return "; ".join(one["failures"]) or "passed"


def _show_difference(found: Any) -> None:
    columns = ("Table", "Row", "Cell", "Was", "Becomes")
    rows = [(one["table"] or "policy", one["row"], one["cell"] or one["kind"], one["old"], one["new"]) for one in found]
    say("Nothing differs.") if not rows else table(columns, rows)
