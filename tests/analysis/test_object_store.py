"""Snapshots in an object store: the same records, digests and results as in a folder, through fsspec (D13a, D14a)."""

import secrets
from collections.abc import Iterator
from dataclasses import replace

import pytest

from activities.snapshot import refresh
from analysis.assessment import Wide, run_simulation
from analysis.engine import Limits
from analysis.impact import Sources, find
from domain.errors import Invalid
from domain.impact import Found
from domain.simulation import Simulation
from queries.simulation import reproduce
from store.snapshots import SnapshotFiles, latest
from tests.builders import Business, proposal, set_price

LIMITS = Limits("256MB", 1)


@pytest.fixture
def store() -> Iterator[SnapshotFiles]:
    """An object store: objects by their key, no folders, no renaming in place."""
    files = SnapshotFiles(f"memory://{secrets.token_hex(8)}/mandate")
    yield files
    files.remove(files.names())


def simulated(business: Business, files: SnapshotFiles, change: str) -> Simulation:
    with business.database.reading() as session:
        return run_simulation(session, business.content(change), business.files, 1_000, Wide(files, LIMITS, few=0))


def affected(business: Business, files: SnapshotFiles, change: str) -> Found:
    with business.database.reading() as session:
        sources = Sources(session, business.files, business.database.now(session), files, LIMITS)
        return find(sources, business.content(change).parts)


def test_a_snapshot_in_an_object_store_gives_the_results_of_a_folder(
    seeded: Business, store: SnapshotFiles, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.impact.WIDE", 0)
    change = seeded.draft(proposal(set_price(), set_price("47.90", market="CH", channel="partner", currency="CHF")))
    kept = refresh(seeded.gateway, store)
    far, far_impact = simulated(seeded, store, change), affected(seeded, store, change)
    near_snapshot = refresh(seeded.gateway, snapshot_files)
    near, near_impact = simulated(seeded, snapshot_files, change), affected(seeded, snapshot_files, change)

    assert not store.is_local and store.names() and store.missing(kept) == []
    assert (kept.digest, far.digest, far.checks) == (near_snapshot.digest, near.digest, near.checks)
    assert far.snapshot == kept.digest and far.compared > 0
    assert far_impact.impact == near_impact.impact
    assert far_impact.provenance is not None and far_impact.provenance.way == "scan"


def test_a_simulation_on_an_object_store_is_run_again(seeded: Business, store: SnapshotFiles) -> None:
    wide = Wide(store, LIMITS, few=0)
    change = replace(seeded, wide=wide).awaiting(proposal(set_price()))
    seeded.seed(8, 100)
    refresh(seeded.gateway, store)

    with seeded.database.reading() as session:
        assert latest(session) is not None
        assert reproduce(session, seeded.files, change, wide).same


@pytest.mark.parametrize("url", ["gs://bucket/mandate", "nowhere://bucket/mandate"])
def test_a_store_that_nothing_can_open_says_what_is_missing(url: str) -> None:
    with pytest.raises(Invalid, match="MANDATE_SNAPSHOT_URL"):
        SnapshotFiles(url).names()
