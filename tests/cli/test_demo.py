"""`mandate demo --no-keep` as a newcomer runs it, from nothing to the end of the story."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cli.command_line import ROOT, surroundings

TOLD = (
    "tries to approve it herself and is refused: You may not decide here: you requested this change.",
    "the Pricing group is reminded.",
    "escalated. Olivia Hartmann (Commercial Directors) finds it in her inbox",
    "Ines Castellano (Pricing) approves in the stage owner",
    "Helene Aubry (Finance) approves in the stage finance",
    "Midnight comes to Switzerland and Germany",
    "The runtime catalog was asked back and holds version 2",
    "is completed.",
    "takes it back; in Germany it costs",
    "each chained to the one before it; none was changed.",
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
    assert "/namespaces/mandate-" in done.stdout and "/sign-in as mara.lindqvist" in done.stdout
    assert not [
        process
        for process in psutil.process_iter(["cmdline"])
        if str(tmp_path) in " ".join(process.info["cmdline"] or ())
    ]
