"""A change from draft to rollback by the command line alone, on a whole platform with its real Temporal service."""

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from cli.running import Platform, running
from commands.command import Gateway
from commands.example import set_up_example
from store.database import Database
from tests.cli.command_line import ROOT, CommandLine, surroundings

MARA, INES, HELENE, SOFIA = (
    ("--as", name) for name in ("mara.lindqvist", "ines.castellano", "helene.aubry", "sofia.marin")
)
PRICE = (
    *("--offering", "FIBRE-500", "--selling-model", "monthly", "--market", "DE", "--channel", "direct"),
    *("--currency", "EUR", "--price", "44.90"),
)
WHERE = ("FIBRE-500", "--selling-model", "monthly", "--market", "DE", "--channel", "direct", "--currency", "EUR")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("platform")


@pytest.fixture(scope="module")
def platform(folder: Path) -> Iterator[Platform]:
    with running(folder, print) as found:
        database = Database(f"sqlite:///{folder / 'mandate.db'}", development=True)
        set_up_example(Gateway(database))
        database.close()
        yield found


@pytest.fixture(scope="module")
def mandate(platform: Platform, folder: Path) -> CommandLine:
    ports = json.loads((folder / "temporal" / "ports.json").read_text())
    settings = {
        "MANDATE_DATABASE_URL": f"sqlite:///{folder / 'mandate.db'}",
        "MANDATE_MODE": "development",
        "MANDATE_TEMPORAL_ADDRESS": f"127.0.0.1:{ports['frontend']}",
    }
    return CommandLine(folder, platform.api, settings)


def follow(mandate: CommandLine, change: str, state: str) -> None:
    answer = mandate("change", "watch", change, "--until", state, "--timeout", "60s", *MARA)
    assert answer.code == 0, answer


def asked(mandate: CommandLine, *more: str) -> str:
    """A change that waits for its first approver."""
    change = str(mandate.ok("change", "create", *PRICE, *more, *MARA)["change"])
    mandate.ok("change", "submit", change, *MARA)
    follow(mandate, change, "awaiting_approval")
    return change


@pytest.mark.timeout(240)
def test_a_price_is_proposed_decided_released_and_taken_back(mandate: CommandLine) -> None:
    mandate.ok("seed", "quotes", "--count", 300, *SOFIA)
    change = asked(mandate)
    refused = mandate("change", "decide", change, "--approve", *MARA)
    assert refused.code == 1 and "error: excluded: " in refused.err
    assert change in mandate("inbox", *INES).out
    old = mandate.ok("change", "show", change, *INES)["seen"]
    stale = mandate(
        "change", "decide", change, "--approve", "--seen", old[:-1] + ("0" if old[-1] != "0" else "1"), *INES
    )
    assert stale.code == 1 and "error: evidence_moved: " in stale.err
    decided = mandate("change", "decide", change, "--approve", "--seen", old, "--comment", "Fine.", *INES)
    assert decided.code == 0 and "Recorded in the stage owner." in decided.out
    for part in ("What changes", "Whom it moves", "Tier 2", f"Seen: {old}"):
        assert part in decided.err
    before = mandate("price", *WHERE, *MARA).out
    mandate.ok("change", "decide", change, "--approve", *HELENE)
    follow(mandate, change, "monitoring")
    assert mandate("price", *WHERE, *MARA).out.startswith("44.90 EUR")
    shown = mandate("change", "show", change, *MARA).out
    assert "Owner: approved by Ines Castellano" in shown and "live since" in shown and "confirmed" in shown
    assert mandate("change", "rollback", change, "--reason", "A mistake.", *MARA).code == 0
    follow(mandate, change, "rolled_back")
    assert "asked to take it back: A mistake." in mandate("change", "watch", change, *MARA).out
    assert mandate("price", *WHERE, *MARA).out.splitlines()[0] == before.splitlines()[0]
    assert mandate("change", "watch", change, *MARA).code == 1


@pytest.mark.timeout(240)
def test_people_talk_take_back_and_are_asked_again_after_an_edit(mandate: CommandLine, tmp_path: Path) -> None:
    change = asked(mandate, "--effective", "2099-01-01")
    question = mandate.ok("approval", "say", change, "Why so much?", "--kind", "question", *INES)["remark"]
    mandate.ok("approval", "say", change, "Wholesale rose.", "--answers", question, *MARA)
    mandate.ok("change", "decide", change, "--approve", *INES)
    assert mandate("approval", "recall", change, *INES).code == 0
    nothing = mandate("approval", "recall", change, *INES)
    assert (nothing.code, "error: unknown_decision: " in nothing.err) == (4, True)
    for who in (INES, HELENE):
        mandate.ok("change", "decide", change, "--approve", *who)

    place = dict(
        zip(("offering", "selling_model", "market", "channel", "currency", "unit_price"), PRICE[1::2], strict=True)
    )
    parts = [{"artifact": "pricing/standard", "edits": [{"edit": "set_price", **place}]}]
    told = {
        "kind": "pricing",
        "title": "Another title",
        "objective": "Bring the list price to the level that is wanted.",
    }
    file = tmp_path / "change.json"
    file.write_text(json.dumps({**told, "parts": parts, "effective": {"date": "2099-01-01"}}))
    stale = mandate("change", "revise", change, "--file", str(file), "--version", "1", *MARA)
    assert stale.code == 1 and "error: version_moved: " in stale.err
    assert mandate.ok("change", "revise", change, "--file", str(file), *MARA)["revision"] == 2
    follow(mandate, change, "awaiting_approval")
    shown = mandate("change", "show", change, *MARA).out
    for part in ("purpose moved since", "still stands: said on revision 1", f"question {question}: Why so much?"):
        assert part in shown
    listed = mandate("change", "revisions", change, *MARA).out
    assert "Revision 2  Mara Lindqvist, " in listed and "  moved: title" in listed
    assert "Another title" in mandate("change", "revisions", change, 2, *MARA).out
    assert "Another title" not in mandate("change", "revisions", change, 1, *MARA).out
    unknown = mandate("change", "revisions", change, 3, *MARA)
    assert (unknown.code, "error: unknown_revision: " in unknown.err) == (4, True)
    mandate.ok("change", "withdraw", change, "--reason", "enough seen", *MARA)


@pytest.mark.timeout(240)
def test_travelling_lets_time_act(mandate: CommandLine) -> None:
    change = asked(mandate, "--effective", "2099-01-01")
    before = mandate.ok("change", "show", change, *MARA)["timers"]
    assert before[0]["what"] == "reminder"
    answer = mandate("travel", "25h", *SOFIA)
    assert answer.code == 0 and "Business time moved ahead by 1 day 1 hour" in answer.out, answer
    assert mandate.ok("change", "show", change, *MARA)["timers"][0]["what"] == "escalation"
    timeline = mandate("change", "watch", change, "--until", "awaiting_approval", *MARA).out
    assert "Mandate let time act: reminder" in timeline
    mandate.ok("change", "withdraw", change, "--reason", "enough seen", *MARA)


@pytest.mark.timeout(240)
def test_workflows_are_started_again_from_the_database(mandate: CommandLine, platform: Platform, folder: Path) -> None:
    change = asked(mandate, "--effective", "2099-01-01")

    def temporal(what: str) -> str:
        where = (mandate.environment["MANDATE_TEMPORAL_ADDRESS"], platform.namespace)
        command = [sys.executable, "-m", "tests.cli.temporal_hand", *where, what, f"change/{change}"]
        done = subprocess.run(command, cwd=ROOT, env=surroundings(), capture_output=True, text=True, check=True)
        return done.stdout.strip()

    assert temporal("status") == "RUNNING"
    assert temporal("terminate") == "TERMINATED"
    rebuilt = mandate.process("ops", "rebuild")
    assert rebuilt.code == 0 and rebuilt.out == "Started or woke 1 workflow.\n", rebuilt
    assert temporal("status") == "RUNNING"
    with closing(sqlite3.connect(folder / "mandate.db")) as database:
        assert database.execute("SELECT count(*) FROM outbox WHERE reason = 'rebuild' AND NOT done").fetchone() == (0,)
    for who in (INES, HELENE):
        mandate.ok("change", "decide", change, "--approve", *who)
    follow(mandate, change, "scheduled")
