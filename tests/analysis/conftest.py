"""What tests of the engines need: the folder of snapshots, and open quotes of a seed."""

from pathlib import Path

import pytest

from activities.snapshot import refresh
from analysis.assessment import subject_of
from analysis.simulation_subject import Subject
from domain.snapshot import Snapshot
from store.snapshots import SnapshotFiles
from tests.analysis.simulating import everywhere
from tests.builders import Business, proposal

SEED, QUOTES = 7, 300


@pytest.fixture
def snapshot_files(tmp_path: Path) -> SnapshotFiles:
    """An empty folder of snapshots."""
    return SnapshotFiles(str(tmp_path / "snapshots"))


@pytest.fixture
def seeded(business: Business) -> Business:
    """The example business with open quotes."""
    business.seed(SEED, QUOTES)
    return business


@pytest.fixture
def snapshot(seeded: Business, snapshot_files: SnapshotFiles) -> Snapshot:
    """A snapshot of it."""
    return refresh(seeded.gateway, snapshot_files)


@pytest.fixture
def subject(seeded: Business) -> Subject:
    """A change of every price, as it is simulated."""
    change = seeded.draft(proposal(*everywhere(seeded)))
    with seeded.database.reading() as session:
        return subject_of(session, seeded.content(change).parts)
