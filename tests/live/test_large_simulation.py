"""A change that affects many quotes is simulated on the analysis queue, on a snapshot, with the engine (D14a)."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from activities.simulation import GROUP
from analysis.engine import PREFIX
from commands.command import Gateway
from domain.snapshot import PARTITIONS
from store.files import FileStore
from tests.builders import Business
from tests.databases import EMPTY, Databases
from tests.live.platform import Platform
from tests.live.story import Story
from tests.live.waiting import eventually

SEED, QUOTES = 3, 400
STEPS = ["prepare_simulation", *["simulate_part"] * 4, "conclude_simulation"]


@pytest.fixture
def platform(
    databases: Databases, temporal_address: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Platform]:
    """An installation on which every simulation is a large one, with open quotes."""
    folder, login = tmp_path_factory.mktemp("platform"), databases.copy_of(EMPTY)
    with Platform(folder, login, temporal_address, environment={"MANDATE_ANALYSIS_FEW": "0"}) as running:
        Business(Gateway(running.database), FileStore(folder), login).seed(SEED, QUOTES)
        yield running


def test_a_large_simulation_runs_in_parts_and_the_change_goes_on(platform: Platform) -> None:
    story = Story(platform)
    prices = {market: story.price("FIBRE-500", market, "direct") + 1 for market in ("DE", "GB", "CH")}
    change = story.propose(story.proposal("FIBRE-500", prices, "direct"))
    story.until(change, "awaiting_approval")

    found = story.view(change)["simulation"]
    assert found["cases"] > 0 and found["compared"] > 0
    assert found["snapshot"].startswith("sha256:")
    steps = scheduled(platform, change)
    assert [name for name, _ in steps] == STEPS
    assert all(given["versions"] == found["versions"] for _, given in steps[1:]), "parts run on the versions of the job"
    cases = platform.read(f"/api/changes/{change}/cases")
    assert cases["total"] == found["quotes"]
    eventually(lambda: FileStore(platform.folder / "files").owners(), lambda left: not left)


def test_a_change_that_is_withdrawn_ends_its_simulation_and_leaves_nothing(
    databases: Databases, temporal_address: str, tmp_path: Path
) -> None:
    login, worked, spill = databases.copy_of(EMPTY), tmp_path / "worked", tmp_path / "spill"
    spill.mkdir()
    programs = {"worker": ("-m", "tests.live.slow_worker")}
    environment = {"MANDATE_ANALYSIS_FEW": "0", "WORKED": str(worked), "TMPDIR": str(spill)}
    with Platform(tmp_path, login, temporal_address, programs, environment) as platform:
        Business(Gateway(platform.database), FileStore(tmp_path), login).seed(SEED, QUOTES)
        story = Story(platform)
        change = story.propose(
            story.proposal("FIBRE-500", {"DE": story.price("FIBRE-500", "DE", "direct") + 1}, "direct")
        )
        # After the first beats, which are never held back; they tell how many of the partitions are done.
        eventually(lambda: worked.exists() and len(worked.read_text()) > 3, bool)
        progress = f"/api/changes/{change}/simulation/progress"
        eventually(lambda: platform.read(progress)["done"], lambda done: 0 < done < PARTITIONS - GROUP)
        story.withdraw(change).raise_for_status()

        story.until(change, "withdrawn")
        eventually(lambda: platform.workflow(change, lambda handle: handle.describe()).close_time, bool)
        eventually(lambda: list(spill.glob(f"{PREFIX}*")), lambda left: not left)
        assert len(worked.read_text()) < PARTITIONS
        assert story.view(change)["simulation"] is None


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_worker_that_is_killed_between_parts_leaves_none_behind(
    databases: Databases, temporal_address: str, tmp_path: Path
) -> None:
    login, worked = databases.copy_of(EMPTY), tmp_path / "worked"
    programs = {"worker": ("-m", "tests.live.slow_worker")}
    environment = {"MANDATE_ANALYSIS_FEW": "0", "WORKED": str(worked)}
    files = FileStore(tmp_path / "files")
    with Platform(tmp_path, login, temporal_address, programs, environment) as platform:
        Business(Gateway(platform.database), files, login).seed(SEED, QUOTES)
        story = Story(platform)
        change = story.propose(
            story.proposal("FIBRE-500", {"DE": story.price("FIBRE-500", "DE", "direct") + 1}, "direct")
        )
        eventually(lambda: worked.exists() and len(worked.read_text()) > 3, bool)
        platform.processes.kill("worker")
        assert len(files.owners()) == 1
        platform.processes.start("worker")

        story.until(change, "awaiting_approval")
        assert story.view(change)["simulation"]["quotes"] > 0
        eventually(files.owners, lambda left: not left)


def scheduled(platform: Platform, change: str) -> list[tuple[str, Any]]:
    """The steps of a change's large simulation, in order, each with what it was given."""
    history = platform.workflow(change, lambda handle: handle.fetch_history())
    started = [event.activity_task_scheduled_event_attributes for event in history.events]
    return [
        (one.activity_type.name, json.loads(one.input.payloads[0].data))
        for one in started
        if one.activity_type.name in STEPS
    ]
