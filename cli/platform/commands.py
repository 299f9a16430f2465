"""The commands that run processes on this machine: `up` and `doctor`. All others go over HTTP."""

import json
import signal
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.platform import doctor as examination
from cli.platform.local import default_state_dir
from cli.platform.prepare import leave
from cli.platform.up import Mode
from cli.platform.up import up as run_platform
from domain.errors import MandateError

app = typer.Typer(no_args_is_help=True)

FAILED = 1
COLOURS = {"ok": "green", "missing": "red", "optional": "yellow"}


@app.command()
def up(
    name: Annotated[str, typer.Option(help="Which installation of yours; each has a state folder.")] = "default",
    state_dir: Annotated[Path | None, typer.Option(help="The state folder itself, instead of a name.")] = None,
    port_base: Annotated[int | None, typer.Option(help="Fixed ports from here on; default: free ones.")] = None,
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="A temporary folder, removed at the end.")] = False,
    json_ready: Annotated[bool, typer.Option("--json", help="One line of JSON when everything is ready.")] = False,
    mode: Annotated[
        Mode, typer.Option(help="Development logs in without passwords, on loopback only.")
    ] = "development",
) -> None:
    """Run the whole platform on this machine: Temporal, its web UI, database, API, pages and worker. Ctrl-C ends it."""
    # Until the supervisor takes over, SIGTERM ends a build as Ctrl-C does, leaving nothing half-made.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = state_dir or (None if ephemeral else default_state_dir(name))
    leave(_outcome(folder, port_base, ephemeral, json_ready, mode))


@app.command()
def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="A JSON list instead of a table.")] = False,
) -> None:
    """Say what this machine lacks for running the platform and how to get it; exit code 1 when it cannot run."""
    findings = examination.examine()
    if as_json:
        print(json.dumps([finding.model_dump() for finding in findings], indent=2))
    else:
        Console().print(_table(findings))
    raise typer.Exit(0 if examination.is_fit(findings) else FAILED)


def _outcome(folder: Path | None, port_base: int | None, ephemeral: bool, json_ready: bool, mode: Mode) -> int:
    try:
        run_platform(folder, port_base, ephemeral, json_ready, mode)
    except MandateError as failure:
        print(f"{failure.code}: {failure.detail}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    return 0


def _table(findings: list[examination.Finding]) -> Table:
    table = Table("Needed", "State", "Found", "What to do")
    for subject, state, found, advice in examination.as_rows(findings):
        table.add_row(subject, f"[{COLOURS[state]}]{state}[/]", found, advice)
    return table
