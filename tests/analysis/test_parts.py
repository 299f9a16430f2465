"""The files of the parts of a large simulation: kept apart as long as it is at work, and no longer (D11, D14a)."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from temporalio.testing import ActivityEnvironment

from activities.payloads import Conclusion, PartDone, PartInput, Progress, SimulationJob, StepInput
from activities.simulation import forget_parts
from activities.snapshot import refresh
from analysis.assessment import Wide
from commands.changes import withdraw_change
from commands.snapshots import KEPT
from domain.simulation import Simulation
from store import changes
from store.snapshots import SnapshotFiles
from tests.analysis.test_object_store import LIMITS
from tests.analysis.test_snapshots import SEED, move
from tests.builders import REQUESTER, Business, proposal, set_price


@pytest.fixture
def large(seeded: Business, snapshot_files: SnapshotFiles) -> Business:
    """A business in which every simulation is a large one."""
    return replace(seeded, wide=Wide(snapshot_files, LIMITS, few=0))


def taken(business: Business, name: str, given: Any) -> Any:
    """What a step on the analysis queue answers."""
    return ActivityEnvironment().run(getattr(business.steps(), name), given)


def begun(business: Business) -> tuple[StepInput, SimulationJob, tuple[PartDone, ...]]:
    """A change whose parts are priced and wait to be merged."""
    at: Progress = business.walk(business.submitted(proposal(set_price())), until="simulating")
    step = StepInput(change=at.change, revision=at.revision, state=at.state, version=at.version)
    job: SimulationJob = taken(business, "prepare_simulation", step)
    parts = [
        taken(business, "simulate_part", PartInput(step=step, snapshot=job.snapshot, numbers=some, parts=job.parts))
        for some in job.groups
    ]
    return step, job, tuple(parts)


def concluded(business: Business, step: StepInput, job: SimulationJob, parts: tuple[PartDone, ...]) -> Progress:
    conclusion = Conclusion(step=step, snapshot=job.snapshot, parts=parts, kept=job.parts)
    at: Progress = taken(business, "conclude_simulation", conclusion)
    return at


def kept(folder: Path) -> set[Path]:
    return {found for found in folder.rglob("*") if found.is_file()}


def test_the_snapshot_of_a_simulation_stays_until_it_is_concluded(
    large: Business, snapshot_files: SnapshotFiles
) -> None:
    at: Progress = large.walk(large.submitted(proposal(set_price())), until="simulating")
    step = StepInput(change=at.change, revision=at.revision, state=at.state, version=at.version)
    job: SimulationJob = taken(large, "prepare_simulation", step)
    for number in range(KEPT + 1):
        move(large, f"Q-{SEED}-0000005", f"status-{number}")
        refresh(large.gateway, snapshot_files)

    parts = tuple(
        taken(large, "simulate_part", PartInput(step=step, snapshot=job.snapshot, numbers=some, parts=job.parts))
        for some in job.groups
    )

    assert concluded(large, step, job, parts).state == "awaiting_approval"


def test_parts_go_when_they_are_merged_and_the_cases_stay(large: Business) -> None:
    step, job, parts = begun(large)
    assert large.files.owners() == [job.parts]

    at = concluded(large, step, job, parts)

    assert at.state == "awaiting_approval" and large.files.owners() == []
    with large.database.reading() as session:
        found = changes.evidence_model(
            changes.evidence(session, at.change, at.revision, changes.SIMULATION), Simulation
        )
    assert found is not None and found.quotes > 0
    assert large.files.get(found.cases_file)
    before = kept(large.files.folder)
    assert concluded(large, step, job, parts).state == "awaiting_approval", (
        "a step whose answer was lost is taken again"
    )
    assert kept(large.files.folder) == before


def test_what_a_simulation_at_work_needs_is_not_touched(large: Business) -> None:
    step, job, parts = begun(large)
    # Another one begins meanwhile, and the hourly look comes by.
    begun(replace(large))
    forget_parts(large.database, large.files)
    assert job.parts in large.files.owners()
    assert concluded(large, step, job, parts).state == "awaiting_approval"


def test_parts_of_a_withdrawn_change_and_of_a_killed_worker_go_with_the_next_look(large: Business) -> None:
    step, job, _ = begun(large)
    left = large.files.folder / "apart" / job.parts
    (left / "tmp1234").write_bytes(b"half")
    withdraw_change(large.gateway, large.call(REQUESTER), step.change, "Not now.", None)

    forget_parts(large.database, large.files)

    assert large.files.owners() == [] and not left.exists()
