"""Snapshots in a store that speaks S3, over HTTP: built, refreshed, read, collected, and right after a kill (D13a, D14a)."""

import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import fsspec
import psutil
import pytest
from sqlalchemy import update

from activities.snapshot import refresh
from analysis.assessment import Wide
from commands.command import Gateway
from commands.snapshots import KEPT
from domain.errors import Unavailable
from queries.simulation import reproduce
from store.quotes import QUOTES
from store.snapshots import SnapshotFiles, latest
from tests.analysis.conftest import SEED
from tests.analysis.object_server import ObjectServer
from tests.analysis.test_object_store import LIMITS, affected, simulated
from tests.analysis.test_snapshot_kills import Killer, move
from tests.builders import Business, proposal, set_price

POINTS = 10


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[ObjectServer]:
    """A server of one test, which the environment of this process and of those that it starts names."""
    running = ObjectServer()
    for name, value in running.environment.items():
        monkeypatch.setenv(name, value)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def store(server: ObjectServer) -> Iterator[SnapshotFiles]:
    """An empty bucket."""
    bucket = f"mandate-{secrets.token_hex(4)}"
    filesystem = fsspec.filesystem("s3")
    filesystem.mkdir(bucket)
    yield SnapshotFiles(f"s3://{bucket}/snapshots")
    type(filesystem).clear_instance_cache()


def needed(business: Business, files: SnapshotFiles) -> set[str]:
    """The files of the current snapshot."""
    with business.database.reading() as session:
        current = latest(session)
    assert current is not None and files.missing(current) == []
    return {partition.file for partition in current.partitions}


def test_a_snapshot_in_s3_is_built_refreshed_and_collected(
    seeded: Business, server: ObjectServer, store: SnapshotFiles, tmp_path: Path
) -> None:
    first = refresh(seeded.gateway, store)
    assert set(store.names()) == needed(seeded, store)
    server.at_write(0, lambda: None)
    assert refresh(seeded.gateway, store) == first and server.writes == 0, "nothing moved, so nothing is written"

    for turn in range(KEPT + 2):
        with seeded.database.writing() as session:
            found = QUOTES.c.id == f"Q-{SEED}-0000003"
            session.execute(update(QUOTES).where(found).values(total_minor=turn))
        last = refresh(seeded.gateway, store)
        assert len({p.file for p in last.partitions} - {p.file for p in first.partitions}) == 1

    assert len(store.names()) == len(last.partitions) + KEPT - 1, "one file more for each snapshot that is kept beside"
    assert needed(seeded, store) <= set(store.names())
    assert refresh(seeded.gateway, SnapshotFiles(str(tmp_path / "folder"))).digest == last.digest


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_impact_and_simulation_read_s3_as_they_read_a_folder(
    seeded: Business, store: SnapshotFiles, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.impact.WIDE", 0)
    change = seeded.draft(proposal(set_price()))
    kept = refresh(seeded.gateway, store)
    far, far_impact = simulated(seeded, store, change), affected(seeded, store, change)
    refresh(seeded.gateway, snapshot_files)
    near, near_impact = simulated(seeded, snapshot_files, change), affected(seeded, snapshot_files, change)

    assert far.snapshot == kept.digest and far.compared > 0
    assert (far.digest, far.checks, far_impact.impact) == (near.digest, near.checks, near_impact.impact)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_simulation_on_s3_is_run_again_after_newer_snapshots(seeded: Business, store: SnapshotFiles) -> None:
    wide = Wide(store, LIMITS, few=0)
    change = replace(seeded, wide=wide).awaiting(proposal(set_price()))
    for turn in range(KEPT + 2):
        move(seeded, turn)
        refresh(seeded.gateway, store)

    with seeded.database.reading() as session:
        assert reproduce(session, seeded.files, change, wide).same


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_killed_while_it_writes_to_s3_the_one_before_stays_whole(
    seeded: Business, server: ObjectServer, store: SnapshotFiles
) -> None:
    killer = Killer(seeded.login.application, store.url)
    try:
        killer.take(0)
        move(seeded, 1)
        server.at_write(0, lambda: None)
        killer.take(0)
        writes, killed = server.writes, 0
        for point in range(POINTS):
            move(seeded, point + 2)
            server.at_write(1 + point * writes // POINTS, partial(kill_child, killer.process))
            killed += killer.take(0) == -1
            assert needed(seeded, store) <= set(store.names()), "the valid snapshot is whole at every moment"
    finally:
        killer.end()

    assert killed == POINTS
    server.at_write(0, lambda: None)
    move(seeded, 99)
    refresh(seeded.gateway, store)
    folder = SnapshotFiles(f"{seeded.files.folder}-beside")
    there, here = needed(seeded, store), {p.file for p in refresh(seeded.gateway, folder).partitions}
    assert there == here
    assert not [name for name in store.names() if name.endswith(".part")]
    with seeded.database.reading() as session:
        assert latest(session) is not None


def kill_child(parent: "subprocess.Popen[str]") -> None:
    """Kill the process that takes the snapshot, as a machine does that loses its power."""
    (child,) = psutil.Process(parent.pid).children()
    child.kill()
    psutil.wait_procs([child], 10)


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_store_that_does_not_answer_is_a_reason_to_wait(
    seeded: Business, server: ObjectServer, store: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    refresh(seeded.gateway, store)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    fsspec.filesystem("s3").clear_instance_cache()
    away = SnapshotFiles(store.url)
    move(seeded, 1)

    with pytest.raises(Unavailable, match="do not answer"):
        refresh(Gateway(seeded.database), away)
