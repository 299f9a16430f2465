"""A process that takes a snapshot is killed in the middle: the one before stays whole, the next is right, nothing stays."""

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import update

from activities.snapshot import refresh
from analysis.snapshotting import spool_folder
from store.quotes import QUOTES
from store.snapshots import SnapshotFiles, latest
from tests.analysis.conftest import SEED
from tests.analysis.test_snapshots import same
from tests.builders import Business

POINTS = 30
CHECKOUT = Path(__file__).resolve().parents[2]


class Killer:
    """The process that takes snapshots and has itself killed."""

    def __init__(self, url: str, folder: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.analysis.killed", url, folder],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def take(self, kill_at: int) -> int:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(f"{kill_at}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def end(self) -> None:
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.close()
        self.process.wait(30)
        self.process.stdout.close()


def move(business: Business, turn: int) -> None:
    """Give some quotes another total, so that there is something to take."""
    with business.database.writing() as session:
        for number in range(8):
            found = QUOTES.c.id == f"Q-{SEED}-{number:07d}"
            session.execute(update(QUOTES).where(found).values(total_minor=turn * 1_000 + number))


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_killed_at_thirty_points(seeded: Business, snapshot_files: SnapshotFiles) -> None:
    killer = Killer(seeded.login.application, snapshot_files.url)
    try:
        killer.take(0)
        move(seeded, 1)
        events = killer.take(0)
        killed = 0
        for point in range(POINTS):
            move(seeded, point + 2)
            killed += killer.take(1 + point * events // POINTS) == -1
            with seeded.database.reading() as session:
                valid = latest(session)
            assert valid is not None
            assert snapshot_files.missing(valid) == [], "the valid snapshot is whole at every moment"
            if point % 10 == 9:
                same(seeded, snapshot_files, refresh(seeded.gateway, snapshot_files))
    finally:
        killer.end()

    assert killed > POINTS // 2
    move(seeded, 99)
    found = refresh(seeded.gateway, snapshot_files)
    same(seeded, snapshot_files, found)
    assert not spool_folder(snapshot_files).exists()
    with seeded.database.reading() as session:
        kept = latest(session)
    assert kept == found
    assert not [name for name in snapshot_files.names() if name.endswith(".part")]
