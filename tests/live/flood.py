"""A flood of signals to one change's workflow, from a process of its own, and what became of the workflow under it (H4).

`python -m tests.live.flood ADDRESS NAMESPACE CHANGE RATE SECONDS` sends so many signals a second and prints a line of JSON last.
"""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from typing import Any, NamedTuple

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from activities.house import WAKE_SIGNAL, change_workflow_id
from activities.payloads import Wake
from activities.runtime import connect
from activities.steps import STRANGERS_A_MINUTE
from cli.platform.prepare import CHECKOUT
from store.tables.approval import DecisionRow
from tests.live import facts
from tests.live.platform import Platform
from tests.live.processes import inherited
from tests.live.story import FINANCE, HOUR, OWNER, Story
from tests.live.waiting import eventually

RATE = 100
MOST_EVENTS = 10_240
MOST_UNDERWAY = 60
PATIENCE = 120.0


class Figures(NamedTuple):
    """What a flood was: signals taken, signals that the service refused, runs of the workflow, the events of the longest
    one, seconds from the last decision to its effect, records of strangers."""

    sent: int
    refused: int
    runs: int
    longest: int
    seconds_to_effect: float
    reported: int


def flooded(platform: Platform, story: Story, change: str, seconds: float, rate: int = RATE) -> Figures:
    """Flood the workflow of a waiting change, decide meanwhile, and judge. Raises AssertionError.

    The flood lasts so long; the workflow must have gone on in a new run by its end.
    """
    first = platform.workflow(change, current_run)
    with flowing(platform, change, rate, seconds) as flood:
        eventually(lambda: strangers(story, change), bool, PATIENCE, "a stranger's signal is reported")
        for account in (OWNER, FINANCE):
            assert story.decide(change, account).status_code == 201
        begun = time.monotonic()
        story.until(change, "monitoring", seconds=PATIENCE)
        effect = time.monotonic() - begun
        said = json.loads(flood.communicate(timeout=seconds + PATIENCE)[0].splitlines()[-1])
    assert flood.returncode == 0
    lengths = [len(history) for history in runs(platform, change, first)]
    story.until_seen(change)
    assert f"{platform.url}/changes/{change}" in platform.workflow(change, facts.told_operators)[1]
    platform.travel(7 * HOUR)
    story.until(change, "completed")
    facts.assert_released_once(platform, change, ("DE",), story.timeline(change))
    assert len(facts.rows(platform, DecisionRow, DecisionRow.subject == change)) == 2
    assert len(lengths) > 1, f"{lengths[0]} events and still the same run"
    assert max(lengths) < MOST_EVENTS, lengths
    reported = len(strangers(story, change))
    assert reported <= STRANGERS_A_MINUTE * (seconds // 60 + 2), "every message of a flood is recorded"
    return Figures(said["sent"], said["refused"], len(lengths), max(lengths), round(effect, 1), reported)


@contextmanager
def flowing(platform: Platform, change: str, rate: int, seconds: float) -> Iterator["subprocess.Popen[str]"]:
    """The flood, as a process that ends by itself."""
    plan = (platform.temporal_address, platform.installation, change, str(rate), str(seconds))
    command = [sys.executable, "-m", "tests.live.flood", *plan]
    process = subprocess.Popen(command, cwd=CHECKOUT, env=inherited(), stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def strangers(story: Story, change: str) -> list[Any]:
    return [entry for entry in story.timeline(change) if entry["action"] == "doorbell.stranger"]


async def current_run(handle: WorkflowHandle[Any, Any]) -> str:
    """The id of the run that goes on."""
    return str((await handle.describe()).run_id)


def runs(platform: Platform, change: str, first: str) -> list[list[Any]]:
    """The events of each run of a change's workflow, from this run on."""

    async def followed(client: Client) -> list[list[Any]]:
        found, run = [], first
        while run:
            handle = client.get_workflow_handle(change_workflow_id(change), run_id=run)
            found.append([event async for event in handle.fetch_history_events()])
            last = found[-1][-1]
            again = last.event_type == EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW
            run = last.workflow_execution_continued_as_new_event_attributes.new_execution_run_id if again else ""
        return found

    return platform.temporal(followed)


async def send(address: str, namespace: str, change: str, rate: int, seconds: float) -> Counter[str]:
    """Send signals at a rate, whatever becomes of them: wake-ups of no outbox row, and a signal that nobody knows."""
    handle = (await connect(address, namespace)).get_workflow_handle(change_workflow_id(change))
    done: Counter[str] = Counter(sent=0, refused=0)
    places = asyncio.Semaphore(MOST_UNDERWAY)

    async def one(number: int) -> None:
        forged = Wake(subject=change, outbox_id=f"bell-flood-{number}")
        try:
            await handle.signal(*(("approve", number) if number % 10 == 0 else (WAKE_SIGNAL, forged)))
        except RPCError:
            done["refused"] += 1
        else:
            done["sent"] += 1
        finally:
            places.release()

    begun = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in count():
            ahead = begun + number / rate - time.monotonic()
            if number / rate >= seconds:
                break
            await asyncio.sleep(max(ahead, 0))
            await places.acquire()
            group.create_task(one(number))
    return done


if __name__ == "__main__":
    address, namespace, change, rate, seconds = sys.argv[1:6]
    print(json.dumps(asyncio.run(send(address, namespace, change, int(rate), float(seconds)))), flush=True)
    # The interpreter aborts now and then while it ends after a Temporal client was used; everything is done by here.
    os._exit(0)
