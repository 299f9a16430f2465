"""`mandate import revenue-cloud DIR`: a catalog and price book from another system, whole or not at all."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import Api
from cli.errors import FAILED
from cli.here import Here, calls_api
from cli.present import plain, say, show_json
from connectors.revenue_cloud import ImportResult, RowProblem, read_revenue_cloud, render_report

CATALOG = "catalog/standard"
PRICING = "pricing/standard"
app = typer.Typer()
group = typer.Typer(no_args_is_help=True, help="First content from other systems.")
app.add_typer(group, name="import")


@group.callback()
def _import() -> None:
    """First content from other systems; whole or not at all."""


@group.command("revenue-cloud")
@calls_api
def revenue_cloud(
    here: Here, folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder with *-pcm and *-pricing.")]
) -> None:
    """Import CSV tables in the layout of Salesforce Revenue Cloud; every problem is named and then nothing is sent."""
    result = read_revenue_cloud(folder)
    if result.problems:
        _refuse(here, result)
        raise typer.Exit(FAILED)
    imported = send(here.api, folder, result)
    here.show({**imported, "report": result.report.model_dump(mode="json")}, lambda answer: _people(answer, result))


def send(api: Api, folder: Path, result: ImportResult) -> dict[str, Any]:
    """Hand read content over with its report; `unchanged` is true when it was live before."""
    body = {
        "source": folder.resolve().name,
        "source_digest": result.digest,
        "contents": {CATALOG: result.catalog, PRICING: result.pricing},
        "report": result.report.model_dump(mode="json"),
    }
    imported: dict[str, Any] = api.post("/api/imports", body)
    return imported


def at_place(problem: RowProblem) -> str:
    """`file:line:column: reason`, with what stood there."""
    place = ":".join(str(part) for part in (problem.file, problem.line, problem.column) if part not in (None, ""))
    return f"{place}: {problem.reason}" + (f" ({problem.value!r})" if problem.value else "")


def _refuse(here: Here, result: ImportResult) -> None:
    if here.as_json:
        show_json(result.report.model_dump(mode="json"))
    else:
        say(render_report(result.report))
    print(f"error: bad_source: {len(result.problems)} problems; nothing was imported.", file=sys.stderr)
    for problem in result.problems:
        print(plain(at_place(problem)), file=sys.stderr)


def _people(imported: Any, result: ImportResult) -> None:
    say(render_report(result.report))
    versions = ", ".join(f"{name} version {number}" for name, number in sorted(imported["versions"].items()))
    if imported["unchanged"]:
        say(f"Nothing changed: {versions} came from the same files before ({imported['change']}).")
    else:
        say(f"Imported and live: {versions}. The report is kept with {imported['change']}.")
