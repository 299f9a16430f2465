"""Processes die before, at and after every commit, and at random; every change still happens exactly once.

The seed of what dies when is printed; set LIVE_SEED to repeat a run.
"""

import os
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli.platform.temporal_service import TemporalService
from tests.databases import EMPTY, PostgresDatabases, PostgresServer, SqliteDatabases
from tests.live import facts
from tests.live.faults import PLAN, FaultPlan, Faults
from tests.live.platform import Platform
from tests.live.story import DAY, FINANCE, HOUR, OWNER, Story, fired
from tests.live.waiting import eventually

STEPS = {
    "assess_change": ("begin_assessment", "record_assessment"),
    "simulate_change": ("record_simulation",),
    "look_at_change": ("advance_timers", "note_seen"),
    "schedule_change": ("schedule_change",),
    "release_change": ("confirm_impact", "release_change"),
    "deliver_change": ("record_delivery",),
    "begin_monitoring": ("begin_monitoring",),
    "complete_change": ("complete_change",),
    "restore_change": ("restore_change",),
    "finish_rollback": ("finish_rollback",),
}
RELAYS = ("claim_bells", "note_rung")
PEOPLE = ("create_change", "submit_change", "decide", "roll_back_change", "travel")
POINTS = [
    *(f"{command}.{side}" for commands in STEPS.values() for command in commands for side in ("before", "after")),
    *(f"{step}.unanswered" for step in STEPS),
    *(f"{command}.{side}" for command in (*RELAYS, *PEOPLE) for side in ("before", "after")),
]
PATIENCE = 120.0
CHANGES, KILLS, ROUNDS = 4, 10, 3


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("LIVE_SEED", time.time_ns() % 1_000_000))
    print(f"LIVE_SEED={seed}")
    return random.Random(seed)


@contextmanager
def revived(platform: Platform) -> Iterator[None]:
    """Start again whatever dies, as a supervisor would."""
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for name in platform.processes.ended():
                platform.start(name)

    watcher = threading.Thread(target=watch, name="reviver")
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def see_to(story: Story, change: str, state: str) -> None:
    """Wait for a state as an operator does, who has a held delivery tried again.

    A killed worker's order can arrive after those of its successors and put an older version over theirs; that is a
    case, and by itself it is tried again an hour later.
    """
    pressed: set[str] = set()

    def look() -> str:
        shown = story.view(change)
        held = {c["id"] for c in shown["cases"] if c["closed_at"] is None and c["step"] == "delivery"} - pressed
        if held and shown["summary"]["state"] != state:
            pressed.update(held)
            story.platform.write(OWNER, f"/api/changes/{change}/retry")
        return str(shown["summary"]["state"])

    eventually(look, lambda found: found == state, PATIENCE, f"{change} in {state}")


def live_through(story: Story, platform: Platform) -> dict[str, str]:
    """Several changes at once from proposal to their end: change -> the state in which it ended."""
    made = []
    for _ in range(CHANGES):
        offering, channel = story.fresh_offering()
        made.append(story.propose_price(offering, channel=channel, date=story.day(5), monitoring=30 * DAY))
    for change in made:
        story.until(change, "awaiting_approval", seconds=PATIENCE)
    platform.travel(25 * HOUR)
    for change in made:
        eventually(lambda: fired(story.timeline(change)), lambda timers: timers == ["reminder 1"], PATIENCE)
    for account in (OWNER, FINANCE):
        for change in made:
            assert story.decide(change, account).status_code == 201
    for change in made:
        story.until(change, "scheduled", seconds=PATIENCE)
    platform.travel(5 * DAY)
    for change in made:
        see_to(story, change, "monitoring")
    back = made[: CHANGES // 2]
    for change in back:
        assert story.roll_back(change).status_code == 200
    for change in back:
        see_to(story, change, "rolled_back")
    platform.travel(31 * DAY)
    for change in set(made) - set(back):
        see_to(story, change, "completed")
    return {change: "rolled_back" if change in back else "completed" for change in made}


def assert_each_happened_once(story: Story, platform: Platform, ended: dict[str, str]) -> None:
    for change, state in ended.items():
        assert story.state(change) == state
        timeline = story.timeline(change)
        check = facts.assert_released_once if state == "completed" else facts.assert_taken_back_once
        check(platform, change, ("DE",), timeline)
        assert fired(timeline) == ["reminder 1"]
    facts.assert_nothing_hangs(platform)
    facts.assert_the_catalog_holds_what_is_live(platform, ("DE",))


@pytest.mark.timeout(900)
def test_a_process_that_dies_at_any_commit_leaves_no_step_undone_and_none_done_twice(
    temporal_address: str, tmp_path: Path, chance: random.Random
) -> None:
    plan = tmp_path / "faults" / "plan.json"
    plan.parent.mkdir()
    plan.write_text(
        FaultPlan(points={p: 1 if p.endswith("unanswered") else chance.randint(1, 2) for p in POINTS}).model_dump_json()
    )
    programs = {"worker": ("-m", "tests.live.faulty_worker"), "api": ("-m", "tests.live.faulty_api")}
    login = SqliteDatabases(tmp_path).copy_of(EMPTY)
    platform = Platform(tmp_path, login, temporal_address, programs, {PLAN: str(plan)})
    with platform, revived(platform):
        story, ended, died = Story(platform), dict[str, str](), set[str]()
        # A death takes along what the other changes were doing, so that now and then a point is left for another round.
        for _ in range(ROUNDS):
            ended |= live_through(story, platform)
            died = Faults.died_at(plan.parent)
            if died == set(POINTS):
                break
        print(f"died at {len(died)} of {len(POINTS)} points; never reached: {sorted(set(POINTS) - died)}")
        assert_each_happened_once(story, platform, ended)
    assert died == set(POINTS)


@pytest.mark.timeout(600)
def test_random_kills_of_worker_api_and_temporal_lose_and_double_nothing(tmp_path: Path, chance: random.Random) -> None:
    with running(TemporalService(tmp_path / "temporal", time_skipping=True)) as service, closing_server() as server:
        login = PostgresDatabases(server).copy_of(EMPTY)
        with Platform(tmp_path, login, service.address) as platform, revived(platform):
            with killed_at_random(platform, service, chance):
                ended = live_through(Story(platform), platform)
            assert_each_happened_once(Story(platform), platform, ended)


@contextmanager
def running(service: TemporalService) -> Iterator[TemporalService]:
    """A Temporal service of one test alone, which may be killed."""
    service.start()
    try:
        yield service
    finally:
        service.stop()


@contextmanager
def closing_server() -> Iterator[PostgresServer]:
    """A PostgreSQL server of one test alone."""
    server = PostgresServer()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def killed_at_random(platform: Platform, service: TemporalService, chance: random.Random) -> Iterator[None]:
    """Kill one of worker, API and Temporal every half to three seconds, ten times at most."""
    over = threading.Event()
    killed: list[str] = []

    def kill() -> None:
        while len(killed) < KILLS and not over.wait(chance.uniform(0.5, 3)):
            name = chance.choice(("worker", "worker", "api", "temporal"))
            killed.append(name)
            if name == "temporal":
                service.kill()
                service.start()
            else:
                platform.processes.crash(name)

    killer = threading.Thread(target=kill, name="killer")
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()
        print(f"killed: {' '.join(killed)}")
    assert killed
