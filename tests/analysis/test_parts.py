"""The files of the parts of a large simulation: kept apart as long as it is at work, and no longer (D11, D14a)."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from temporalio.testing import ActivityEnvironment

from activities.payloads import Conclusion, PartDone, PartInput, Progress, SimulationJob, StepInput
from activities.simulation import forget_parts
from activities.snapshot import refresh
from analysis.assessment import Wide, run_simulation
from analysis.impact import TakesLonger
from analysis.simulation_parts import FAILING_LINES
from commands.changes import withdraw_change
from commands.snapshots import KEPT
from domain.simulation import Simulation
from queries.simulation import reproduce, stored
from store import artifacts, changes
from store.snapshots import SnapshotFiles
from tests.analysis.test_object_store import LIMITS
from tests.analysis.test_snapshots import SEED, move
from tests.builders import PRICES, REQUESTER, Business, proposal, set_price
from tests.commands.test_colliding import publish_part


@pytest.fixture
def large(seeded: Business, snapshot_files: SnapshotFiles) -> Business:
    """A business in which every simulation is a large one."""
    return replace(seeded, wide=Wide(snapshot_files, LIMITS, few=0))


def taken(business: Business, name: str, given: Any) -> Any:
    """What a step on the analysis queue answers."""
    return ActivityEnvironment().run(getattr(business.steps(), name), given)


def begun(business: Business) -> tuple[StepInput, SimulationJob, tuple[PartDone, ...]]:
    """A change whose parts are priced and wait to be merged."""
    step, job = prepared(business)
    return step, job, tuple(priced(business, step, job, some) for some in job.groups)


def prepared(business: Business) -> tuple[StepInput, SimulationJob]:
    """A change of which no part is priced yet."""
    at: Progress = business.walk(business.submitted(proposal(set_price())), until="simulating")
    step = StepInput(change=at.change, revision=at.revision, state=at.state, version=at.version)
    return step, taken(business, "prepare_simulation", step)


def priced(business: Business, step: StepInput, job: SimulationJob, some: tuple[int, ...]) -> PartDone:
    part = PartInput(step=step, snapshot=job.snapshot, numbers=some, parts=job.parts, versions=job.versions)
    done: PartDone = taken(business, "simulate_part", part)
    return done


def concluded(business: Business, step: StepInput, job: SimulationJob, parts: tuple[PartDone, ...]) -> Progress:
    conclusion = Conclusion(step=step, snapshot=job.snapshot, parts=parts, kept=job.parts, versions=job.versions)
    at: Progress = taken(business, "conclude_simulation", conclusion)
    return at


def publish_cost(business: Business) -> None:
    """Publish another cost of what the change gives another price."""
    cost = {"edit": "set_cost", "offering": "FIBRE-500", "currency": "EUR", "unit_cost": "30.00"}
    other = business.draft(proposal(cost))
    publish_part(business, other, *business.content(other).parts)


def kept(folder: Path) -> set[Path]:
    return {found for found in folder.rglob("*") if found.is_file()}


def test_the_snapshot_of_a_simulation_stays_until_it_is_concluded(
    large: Business, snapshot_files: SnapshotFiles
) -> None:
    step, job = prepared(large)
    for number in range(KEPT + 1):
        move(large, f"Q-{SEED}-0000005", f"status-{number}")
        refresh(large.gateway, snapshot_files)

    parts = tuple(priced(large, step, job, some) for some in job.groups)

    assert concluded(large, step, job, parts).state == "awaiting_approval"


def test_what_is_published_between_parts_is_in_none_of_them(large: Business) -> None:
    step, job = prepared(large)
    first = priced(large, step, job, job.groups[0])
    publish_cost(large)
    parts = (first, *(priced(large, step, job, some) for some in job.groups[1:]))
    assert concluded(large, step, job, parts).state == "awaiting_approval"

    assert large.wide is not None
    with large.database.reading() as session:
        again = reproduce(session, large.files, step.change, large.wide)
        newest = artifacts.latest(session, PRICES)
    assert (again.same, again.differing) == (True, ())
    assert (again.versions[PRICES], newest) == (1, 2)


def test_what_is_simulated_again_is_the_business_of_now_and_no_work_for_a_local_step(large: Business) -> None:
    step, job, parts = begun(large)
    assert concluded(large, step, job, parts).state == "awaiting_approval"
    with large.database.reading() as session:
        seen = stored(session, step.change)
    publish_cost(large)
    move(large, seen.largest[0].quote)

    def again() -> tuple[str, tuple[str, ...]]:
        content = large.content(step.change)
        with large.database.reading() as session:
            return large.steps().simulated_again(session, content, seen, seen.quotes, 10_000)

    found, _ = ActivityEnvironment().run(again)
    with large.database.reading() as session:
        now = run_simulation(session, large.content(step.change), large.files)
    assert (now.quotes, found) == (seen.quotes - 1, now.digest)
    local = ActivityEnvironment()
    local.info = replace(local.info, is_local=True)
    with pytest.raises(TakesLonger):
        local.run(again)


def test_a_simulation_that_an_earlier_release_began_knows_no_versions_and_is_concluded(large: Business) -> None:
    step, job = prepared(large)
    before = SimulationJob.model_validate(job.model_dump(exclude={"versions"}))
    parts = tuple(priced(large, step, before, some) for some in before.groups)

    assert before.versions == {}
    older = tuple(uncounted(large, job, part) for part in parts)
    assert older != parts
    assert concluded(large, step, before, older).state == "awaiting_approval"


def uncounted(business: Business, job: SimulationJob, part: PartDone) -> PartDone:
    """A part whose files an earlier release wrote, which counted no failing lines."""
    kept, files = business.files.apart(job.parts), list[tuple[int, str]]()
    for number, file in part.files:
        rows, buffer = pq.read_table(io.BytesIO(kept.get(file))), io.BytesIO()
        pq.write_table(rows.drop_columns(FAILING_LINES), buffer)
        files.append((number, kept.put(buffer.getvalue())))
    return part.model_copy(update={"files": tuple(files)})


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
