"""Builds the pinned Temporal programs with Go from `deploy/temporal`: a pinned list, no Go code of ours (D14)."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from cli.platform.progress import Paced, Progress, duration
from domain.errors import Unavailable

PROGRAMS = {
    "temporal-server": "go.temporal.io/server/cmd/server",
    "temporal-sql-tool": "go.temporal.io/server/cmd/tools/sql",
    "temporal-ui": "github.com/temporalio/ui-server/v2/cmd/server",
}
SERVER_MODULE = "go.temporal.io/server"
SCHEMA = Path("schema/postgresql/v12")
LAST_LINES = 5


def build_into(target: Path, source: Path, tell: Progress) -> None:
    """Build the programs pinned by `source` (a folder with go.mod) into `target`; PostgreSQL's schema goes beside them.

    Raises Unavailable("temporal_build_failed") with the last lines that Go said.
    """
    started = time.monotonic()
    tell("Building the Temporal service from source (5 to 7 minutes the first time on a machine, then never again)")
    totals = {name: _packages(source, package, tell) for name, package in PROGRAMS.items()}
    for name, package in PROGRAMS.items():
        _build(source, package, target / name, totals[name], tell)
    _copy_schema(source, target)
    tell(f"Built the Temporal service in {duration(time.monotonic() - started)}")


def _packages(source: Path, package: str, tell: Progress) -> int:
    """How many packages a program is made of; asking for the list also downloads what is missing."""
    paced, downloaded = Paced(tell), 0
    total = (source / "go.mod").read_text().count("// indirect")

    def watch(line: str) -> None:
        nonlocal downloaded
        if line.startswith("go: downloading"):
            downloaded += 1
            paced(f"Fetching sources: {downloaded} of at most {total} modules")

    return len(_go(source, ["list", "-deps", package], watch).splitlines())


def _build(source: Path, package: str, output: Path, total: int, tell: Progress) -> None:
    paced, compiled, started = Paced(tell), 0, time.monotonic()
    tell(f"Compiling {output.name}: {total} packages")

    def watch(line: str) -> None:
        nonlocal compiled
        compiled += 1
        elapsed = duration(time.monotonic() - started)
        paced(f"Compiling {output.name}: {compiled} of at most {total} packages, {elapsed}")

    _go(source, ["build", "-v", "-ldflags=-s -w", "-o", str(output), package], watch)


def _copy_schema(source: Path, target: Path) -> None:
    """The SQL tool carries only MySQL's schema inside; PostgreSQL's must lie beside the programs."""
    module = Path(_go(source, ["list", "-m", "-f", "{{.Dir}}", SERVER_MODULE], _ignore).strip())
    for file in (path for path in (module / SCHEMA).rglob("*") if path.is_file()):
        copy = target / SCHEMA / file.relative_to(module / SCHEMA)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _ignore(line: str) -> None:
    """For steps that are over at once."""


def _go(source: Path, arguments: Sequence[str], watch: Callable[[str], None]) -> str:
    """Run Go in `source`, handing each line of its standard error to `watch`; returns its standard output."""
    # The toolchain that is installed is the one that is used: a silent download of another one would not be pinned.
    environment = {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off"}
    said: deque[str] = deque(maxlen=LAST_LINES)
    # A file, because a list longer than a pipe's buffer would block Go while its other output is being read.
    with tempfile.TemporaryFile("w+") as output:
        command = ["go", *arguments]
        with subprocess.Popen(
            command, cwd=source, env=environment, text=True, stdout=output, stderr=subprocess.PIPE
        ) as process:
            try:
                for line in process.stderr or ():
                    said.append(line.strip())
                    watch(line)
            except (KeyboardInterrupt, SystemExit):
                process.kill()
                raise
        output.seek(0)
        answer = output.read()
    if process.returncode:
        raise Unavailable("temporal_build_failed", f"Go could not build the Temporal service: {' / '.join(said)}")
    return answer
