"""What tests of the engines need: the folder of snapshots, and open quotes of a seed."""

from pathlib import Path

import pytest

from store.snapshots import SnapshotFiles
from tests.builders import Business

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
