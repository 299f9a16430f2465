"""`mandate demo --no-keep` as a newcomer runs it, from nothing to the end of the story."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.command_line import ROOT, surroundings

TOLD = (
    "Dry run: tier 3 (a price rises by more than 25 percent",
    "Governance board (2 signatures)",
    "As priya.raman she is refused: You may not decide here: you requested this change.",
    "As priya.raman.night, her second account, too: You may not decide here: you requested this change.",
    "the Pricing group is reminded.",
    "escalated. Olivia Hartmann (Commercial Directors) finds it in her inbox",
    "AR-2026-0001 asks revenue operations.",
    "Felix Nygaard (Product) for Ines Castellano (Pricing) approves in the stage owner",
    "Helene Aubry (Finance) approves in the stage finance",
    "is now revision 2",
    "Felix Nygaard's approval no longer counts: effective moved since.",
    "Helene Aubry's approval still stands: said on revision 1; none of operations, scope,",
    "Felix Nygaard (Product) for Ines Castellano (Pricing) approves in the stage owner",
    "on the agenda for",
    "Ruben Falk (Product Management) approves in the stage board",
    "Minutes are kept: 3 members were there, the quorum is 2.",
    "Midnight comes to Switzerland and Germany",
    "The runtime catalog was asked back and holds version 2",
    "is completed.",
    "ends her delegation.",
    "takes it back; in Germany it costs",
    "each chained to the one before it; none was changed.",
    "checked: the gate, asked again with the stored facts, opens",
    "It does not hold:\n   decisions.json: its bytes do not match their digest",
)


@pytest.mark.timeout(300)
def test_the_story_is_told_to_its_end(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "cli.main", "demo", "--no-keep"]
    environment = {**surroundings(), "XDG_STATE_HOME": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout[-3000:] + done.stderr[-3000:]
    place = 0
    for part in TOLD:
        place = done.stdout.find(part, place)
        assert place >= 0, (part, done.stdout)
    assert "EUR → " in done.stdout and "open quotes worth" in done.stdout
    assert "/namespaces/mandate-" in done.stdout and "/sign-in as priya.raman, mara.lindqvist" in done.stdout
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or ())
    ]
