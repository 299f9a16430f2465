"""`mandate demo`: the whole platform on this machine and a price change played to its end, by its people over HTTP."""

import hashlib
import os
import signal
import time
from contextlib import closing
from pathlib import Path
from typing import Annotated
from urllib.parse import quote

import typer

from activities.house import change_workflow_id
from cli.cast import EVERYBODY, OPERATOR
from cli.importing import send
from cli.ops import broken_chains
from cli.platform.local import default_state_dir
from cli.platform.progress import duration
from cli.present import counted, say
from cli.running import Platform, running
from cli.seeding import seed_quotes
from cli.story import play
from cli.story_evidence import take_the_proof
from cli.teller import Teller
from commands.command import Gateway
from commands.example import set_up_example
from connectors.revenue_cloud import read_revenue_cloud, render_report
from domain.errors import Conflict, Invalid
from store.database import Database
from store.example_business import ExampleBusiness
from store.settings import RUNTIME_CATALOG

QUOTES = 2_000
SEED = 1
INTERRUPTED = 128 + signal.SIGINT
app = typer.Typer()


@app.command()
def demo(
    keep: Annotated[bool, typer.Option("--keep/--no-keep", help="Leave everything running until Ctrl-C.")] = True,
    catalog: Annotated[
        Path | None, typer.Option(help="A real catalog in the layout of Salesforce Revenue Cloud, instead of ours.")
    ] = None,
) -> None:
    """Start everything and play one price change to its end, by its people; a second run plays the next one."""
    # A script ends the demo by SIGTERM; everything is then taken down as by Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    folder = state_folder(catalog)
    started = time.monotonic()
    say(
        f"The demo keeps its state in {folder}",
        "Starting Temporal with its web UI, the API, the worker and a runtime catalog:",
    )
    try:
        with running(folder, lambda sentence: say(f"   {sentence}")) as platform:
            with closing(prepare(platform, folder, catalog)) as teller:
                say(f"Everything runs after {duration(time.monotonic() - started)}.")
                changes = play(teller)
                check_evidence(folder, teller, changes)
                take_the_proof(teller, folder, changes[0])
            say("", f"Played in {duration(time.monotonic() - started)}.", *links(platform, changes))
            if keep:
                say("", "Everything keeps running; Ctrl-C ends it.")
                raise Conflict("platform_ended", f"The platform ended by itself with {platform.wait()}.")
    except KeyboardInterrupt:
        say("", "Ended; the next run goes on from the same state.")
        raise typer.Exit(0 if keep else INTERRUPTED) from None


def state_folder(catalog: Path | None) -> Path:
    """Where the demo of a catalog keeps its state; each catalog has its own."""
    if catalog is None:
        return default_state_dir("demo")
    place = hashlib.sha256(os.fsencode(catalog.resolve())).hexdigest()[:8]
    return default_state_dir(f"demo-{catalog.resolve().name}-{place}")


def prepare(platform: Platform, folder: Path, catalog: Path | None) -> Teller:
    """The example business with its people, content and open quotes; only what is not there yet is written."""
    business = _set_up(folder, with_content=catalog is None)
    teller = Teller(platform.api, business, OPERATOR)
    say(f"{business.name}: {counted(len(business.persons), 'person')}, {_listed(business)}.")
    if catalog is not None:
        _import(teller, folder, catalog)
    operator = teller.api(OPERATOR)
    if not operator.get("/api/quotes", limit=1)["items"]:
        seed_quotes(operator, QUOTES, SEED, lambda number: say(f"   {counted(number, 'open quote')} written"))
    return teller


def check_evidence(folder: Path, teller: Teller, changes: tuple[str, ...]) -> None:
    """Every chain holds, from the first record to the last. Raises Conflict("evidence_broken")."""
    teller.scene("The evidence")
    database = _database(folder)
    try:
        faults = broken_chains(database)
    finally:
        database.close()
    if faults:
        raise Conflict("evidence_broken", f"{faults[0].subject}, record {faults[0].sequence}: {faults[0].fault}.")
    for change in changes:
        records = teller.api(OPERATOR).get(f"/api/changes/{change}/timeline")
        say(f"   {change}: {counted(len(records), 'record')}, each chained to the one before it; none was changed.")


def links(platform: Platform, changes: tuple[str, ...]) -> list[str]:
    """Where to look further."""
    lines = ["", "Look around:"]
    lines += [f"   {change:<16}{platform.api}/changes/{change}" for change in changes]
    for change in changes if platform.temporal_ui else ():
        workflow = quote(change_workflow_id(change), safe="")
        lines.append(f"   its workflow    {platform.temporal_ui}/namespaces/{platform.namespace}/workflows/{workflow}")
    accounts = ", ".join(EVERYBODY)
    return [
        *lines,
        f"   sign in         {platform.api}/sign-in as {accounts}",
        f"   API             {platform.api}/docs",
    ]


def _set_up(folder: Path, with_content: bool) -> ExampleBusiness:
    database = _database(folder)
    try:
        return set_up_example(Gateway(database), with_content, targets=(RUNTIME_CATALOG,))
    finally:
        database.close()


def _database(folder: Path) -> Database:
    return Database(f"sqlite:///{folder / 'mandate.db'}", development=True)


def _import(teller: Teller, folder: Path, catalog: Path) -> None:
    result = read_revenue_cloud(catalog)
    text = render_report(result.report)
    (folder / "import-report.txt").write_text(text, encoding="utf-8")
    if result.problems:
        raise Invalid(
            "bad_source",
            f"{catalog} has {len(result.problems)} problems; nothing was imported.",
            problems=[{"place": f"{p.file}:{p.line or ''}:{p.column}", "message": p.reason} for p in result.problems],
        )
    imported = send(teller.api(OPERATOR), catalog, result)
    entries = ", ".join(f"{number:,} {kind}" for kind, number in result.report.entries.items())
    say(f"   {catalog.resolve().name} {'was imported before' if imported['unchanged'] else 'is imported'}: {entries}.")
    say(f"   What was taken over, what was left and why: {folder / 'import-report.txt'}, and {imported['change']}")


def _listed(business: ExampleBusiness) -> str:
    return "markets " + ", ".join(f"{market.name} ({market.currency})" for market in business.markets)
