"""What tests of the engines need: the folder of snapshots, and open quotes of a seed."""

from pathlib import Path

import pytest

from activities.snapshot import refresh
from analysis.assessment import subject_of
from analysis.simulation_subject import Subject
from commands.orders import seed_orders
from domain.snapshot import Snapshot
from store.snapshots import SnapshotFiles
from tests.analysis.simulating import everywhere
from tests.builders import ADMINISTRATOR, Business, proposal

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


@pytest.fixture
def trading(seeded: Business) -> Business:
    """Open quotes, and orders with contracts of which some end soon."""
    seed_orders(seeded.gateway, seeded.call(ADMINISTRATOR), 3, 0, 60, (), 0, True)
    return seeded
