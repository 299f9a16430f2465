"""`python -m tests.prove [STEP ...]`: what takes too long for `make test`, step by step, and its figures in docs/proof.md.

A step that has been done is not done again: what it found lies in `.state/prove`. Remove a file there to repeat its step.
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from cli.platform.temporal_service import TemporalService
from tests import databases as template
from tests.attacks.races import Race, decision_against_transfer, quorum_against_revision, race
from tests.databases import EMPTY, Login, PostgresDatabases, PostgresServer
from tests.live import concurrency, flood
from tests.live.crowd import CROWD_TEMPLATE, Crowd, prepare
from tests.live.platform import Platform
from tests.live.story import Story

CHECKOUT = Path(__file__).parents[1]
DONE, PAGE = CHECKOUT / ".state" / "prove", CHECKOUT / "docs" / "proof.md"
BEGIN, END = "<!-- figures of make prove -->", "<!-- end of the figures -->"
DECISIONS, RACES, SLICES = 200, 112, 10
MODELS, EXAMPLES, STEPS = 5, 40, 50
PACKAGES, MINUTES, CONTESTED = 10_000, 5, 1_000
CONTESTS = {"edits": quorum_against_revision, "transfers": decision_against_transfer}
VERIFIERS = "tests/evidence/test_independent_verifier.py"
BOTH_AGREE = "test_both_say_the_same_of_whatever_the_owner_of_the_key_could_sign"
template.PREPARE[CROWD_TEMPLATE] = prepare
Found = dict[str, Any]


def main(wanted: list[str]) -> int:
    """Do what is not done yet, of these steps or of all. Returns the exit code."""
    DONE.mkdir(parents=True, exist_ok=True)
    for name, step in steps().items():
        kept = DONE / f"{name}.json"
        if kept.exists() or (wanted and name not in wanted):
            continue
        print(f"{name} ...", flush=True)
        begun = time.monotonic()
        found = step()
        kept.write_text(json.dumps({**found, "minutes": round((time.monotonic() - begun) / 60, 1)}))
        print(f"{name}: {kept.read_text()}", flush=True)
    write_figures()
    return 0


def steps() -> Mapping[str, Callable[[], Found]]:
    """Every step by name, in order."""
    slices = {f"races-{number:02}": partial(crowded, concurrency.races, RACES) for number in range(1, SLICES + 1)}
    models = {f"model-{number}": partial(model, number) for number in range(1, MODELS + 1)}
    contests = {
        f"{name}-{number:02}": partial(contested, kind)
        for name, kind in CONTESTS.items()
        for number in range(1, SLICES + 1)
    }
    floods = {"flood": partial(flooded, MINUTES)}
    packages = {f"packages-{number:02}": partial(broken_packages, number) for number in range(1, SLICES + 1)}
    return {
        "decisions": partial(crowded, concurrency.decisions, DECISIONS),
        **slices,
        **contests,
        **floods,
        **models,
        **packages,
    }


def crowded(run: Callable[[Platform, Crowd, int], concurrency.Figures], changes: int) -> Found:
    """A run on an installation of its own: PostgreSQL as it is used, API and worker as they are deployed."""
    with installation() as (platform, crowd):
        return run(platform, crowd, changes)._asdict()


@contextmanager
def installation() -> Iterator[tuple[Platform, Crowd]]:
    """An installation with a crowd."""
    with started(CROWD_TEMPLATE) as (platform, login):
        yield platform, concurrency.crowd_at(platform, login)


@contextmanager
def started(kind: str) -> Iterator[tuple[Platform, Login]]:
    """An installation on such a database; it ends with everything that it started."""
    server = PostgresServer(durable=True)
    with tempfile.TemporaryDirectory(prefix="mandate-prove-", ignore_cleanup_errors=True) as folder:
        service = TemporalService(Path(folder) / "temporal", time_skipping=True)
        service.start()
        try:
            login = PostgresDatabases(server).copy_of(kind)
            with Platform(Path(folder), login, service.address) as platform:
                try:
                    yield platform, login
                finally:
                    (DONE / "api.log").write_text(platform.processes.log("api"))
        finally:
            service.stop()
            server.stop()


def contested(kind: Race) -> Found:
    """Two commands at the same moment, again and again (A9, F4)."""
    server = PostgresServer()
    try:
        return {"won": dict(sorted(race(PostgresDatabases(server), kind, CONTESTED).items()))}
    finally:
        server.stop()


def flooded(minutes: int) -> Found:
    """A flood of signals to the workflow of one change, on an installation of its own (H4)."""
    with started(EMPTY) as (platform, _):
        story = Story(platform)
        change = story.propose_price(*story.fresh_offering()[:1])
        story.until(change, "awaiting_approval")
        story.until_seen(change)
        return flood.flooded(platform, story, change, minutes * 60)._asdict()


def model(seed: int) -> Found:
    """The reference model against the commands on both databases and over HTTP, from one seed."""
    told = told_by("tests/model", seed, {"PROVE_EXAMPLES": str(EXAMPLES), "PROVE_STEPS": str(STEPS)})
    seen = sum((Counter(one) for one in told), Counter[str]())
    return {"examples": EXAMPLES * len(told), "seen": dict(sorted(seen.items()))}


def broken_packages(seed: int) -> Found:
    """Packages that were changed and signed again, from one seed: both verifiers say the same of each (J1, J3)."""
    (told,) = told_by(f"{VERIFIERS}::{BOTH_AGREE}", seed, {"PROVE_EXAMPLES": str(PACKAGES)})
    return told


def told_by(node: str, seed: int, settings: Mapping[str, str]) -> list[dict[str, int]]:
    """What tests print as dictionaries when they are run at length from a seed. Raises SystemExit when one fails."""
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-s",
        "-q",
        "-p",
        "no:randomly",
        "--timeout=0",
        f"--hypothesis-seed={seed}",
        node,
    ]
    run = subprocess.run(command, cwd=CHECKOUT, env={**os.environ, **settings}, stdout=subprocess.PIPE, text=True)
    if run.returncode:
        raise SystemExit(run.stdout)
    lines = (line.lstrip(".") for line in run.stdout.splitlines())
    return [ast.literal_eval(line) for line in lines if line.startswith("{")]


def write_figures() -> None:
    """Put what was found into the page, between its marks."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    lines = "\n".join(["| proof | figures |", "| --- | --- |", *figures()])
    PAGE.write_text(f"{before}{BEGIN}\n{lines}\n{END}{rest.partition(END)[2]}")


def figures() -> Iterator[str]:
    """The rows of the page."""
    if told := found_by("decisions"):
        yield f"| {concurrency.ATTEMPTS * DECISIONS:,} concurrent decisions on {DECISIONS} changes | {_sum(told)} |"
    if told := found_by("races"):
        yield f"| {sum(one['requests'] for one in told) // 2:,} races of two tabs | {_sum(told)} |"
    if told := found_by("model"):
        seen = sum((Counter(one["seen"]) for one in told), Counter[str]())
        live = sum(count for what, count in seen.items() if what.endswith(" live"))
        refused = sum(
            count for what, count in seen.items() if what.startswith("release of") and what.endswith("refused")
        )
        examples = sum(one["examples"] for one in told)
        yield (
            f"| the reference model | {examples:,} histories of {STEPS} steps on SQLite, on PostgreSQL and over HTTP: "
            f"{seen['vote done']:,} decisions, {seen['edit done']:,} edits, {live:,} effects, {refused:,} effects refused; "
            "no difference |"
        )
    yield from _of_contests()
    yield from _of_floods()
    yield from _of_packages()


def _of_contests() -> Iterator[str]:
    titles = {
        "edits": "edits in the moment of the last signature (A9)",
        "transfers": "decisions in the moment of their transfer (F4)",
    }
    for name, title in titles.items():
        if won := sum((Counter(one["won"]) for one in found_by(name)), Counter[str]()):
            told = ", ".join(f"{count:,} {how}" for how, count in sorted(won.items()))
            yield f"| {won.total():,} {title} | {told}; nothing unsigned was published, no lost right counted |"


def _of_floods() -> Iterator[str]:
    for one in found_by("flood"):
        yield (
            f"| {MINUTES} minutes of {flood.RATE} signals a second to one change | {one['sent']:,} taken and {one['refused']:,} "
            f"refused by the service, {one['runs']} runs of the workflow, the longest of {one['longest']:,} events; the last "
            f"decision took effect after {one['seconds_to_effect']} s; {one['reported']} strangers recorded, the others in the log |"
        )


def _of_packages() -> Iterator[str]:
    if told := found_by("packages"):
        packages, refused = (sum(one[name] for one in told) for name in ("packages", "refused"))
        yield (
            f"| two verifiers, {packages:,} packages changed and signed again | {refused:,} refused by both, the others by "
            "neither (what was changed there is no part of the proof) |"
        )


def found_by(name: str) -> list[Found]:
    """What the steps of this name have found."""
    return [json.loads(file.read_text()) for file in sorted(DONE.glob(f"{name}*.json"))]


def _sum(told: list[Found]) -> str:
    requests, counted, refused, late, seconds = (sum(one[name] for one in told) for name in concurrency.Figures._fields)
    return (
        f"{requests:,} requests of {concurrency.CLIENTS} processes, {counted:,} counted, {refused:,} refused and each found "
        f"on its chain, {late:,} too late; none lost, none twice; {requests / seconds:,.0f} a second"
    )


if __name__ == "__main__":
    code = main(sys.argv[1:])
    sys.stdout.flush()
    os._exit(code)
