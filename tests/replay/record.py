"""Record the histories that later code has to replay: `python -m tests.replay.record RELEASE`.

Plays five changes on a real Temporal service and writes their histories to `histories/RELEASE/`. Run it for a new
release, and after an edit of the workflow that is gated with `workflow.patched`; keep the folders of earlier ones.
"""

import json
import os
import sys
import tempfile
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowHandle

from activities.house import WAKE_SIGNAL
from activities.payloads import Wake
from cli.platform.temporal_service import TemporalService
from tests.databases import EMPTY, PostgresDatabases
from tests.live.outage import Stoppable, parked
from tests.live.platform import Platform
from tests.live.story import DAY, DIRECTOR, FINANCE, HOUR, OWNER, Story, fired
from tests.live.waiting import eventually
from tests.replay.fingerprint import FILE, fingerprint

HISTORIES = Path(__file__).parent / "histories"
TITLE, COMMENT, MILLIONTHS = "Planted title of a change", "Planted comment of an approver", "217043"
"""What people write, prices by their last digits; none of it may be found in a history."""


class Recording:
    """The five stories, on an installation whose database can go away."""

    def __init__(self, platform: Platform, server: Stoppable) -> None:
        self.platform = platform
        self.server = server
        self.story = Story(platform)

    def asked(self, **more: Any) -> str:
        """A change with everything planted, waiting for its approvers."""
        offering, channel = self.story.fresh_offering()
        price = Decimal(f"{int(self.story.price(offering, channel=channel)) + 1}.{MILLIONTHS}")
        proposal = self.story.proposal(offering, {"DE": price}, channel, title=TITLE, **more)
        change = self.story.propose(proposal)
        self.story.until(change, "awaiting_approval")
        self.story.until_seen(change)
        return change

    def decided(self, change: str, *accounts: str, choice: str = "approve") -> None:
        for account in accounts:
            self.story.decide(change, account, choice, COMMENT).raise_for_status()

    def completed(self) -> str:
        """With a reminder, an escalation and an effective day."""
        change = self.asked(date=self.story.day(9))
        self.platform.travel(25 * HOUR)
        eventually(lambda: len(fired(self.story.timeline(change))), lambda timers: timers == 1)
        self.decided(change, OWNER)
        self.story.until_seen(change)
        self.platform.travel(73 * HOUR)
        eventually(lambda: len(fired(self.story.timeline(change))), lambda timers: timers == 3)
        self.decided(change, DIRECTOR)
        self.release(change)
        self.platform.travel(7 * HOUR)
        self.story.until(change, "completed")
        return change

    def release(self, change: str) -> None:
        due = self.story.until(change, "scheduled")["releases"][0]["due_at"]
        self.story.until_seen(change)
        self.platform.travel_to(datetime.fromisoformat(due) + timedelta(seconds=2))
        self.story.until(change, "monitoring")
        self.story.until_seen(change)

    def rejected(self) -> str:
        change = self.asked()
        self.decided(change, OWNER, choice="reject")
        self.story.until(change, "rejected")
        return change

    def rolled_back(self) -> str:
        change = self.asked()
        self.decided(change, OWNER, FINANCE)
        self.story.until(change, "monitoring")
        self.story.until_seen(change)
        self.story.roll_back(change).raise_for_status()
        self.story.until(change, "rolled_back")
        return change

    def expired(self) -> str:
        change = self.asked()
        self.platform.travel(15 * DAY)
        self.story.until(change, "expired")
        return change

    def parked(self) -> str:
        """Parked while the database is gone, resumed when it is back, then withdrawn."""
        change = self.asked()
        self.server.pause()
        bell = Wake(subject=change, outbox_id="bell-recorded")
        self.platform.workflow(change, lambda handle: handle.signal(WAKE_SIGNAL, bell))
        eventually(lambda: change in parked(self.platform))
        self.server.resume()
        eventually(lambda: change not in parked(self.platform))
        self.story.withdraw(change).raise_for_status()
        self.story.until(change, "withdrawn")
        return change

    def play(self) -> Mapping[str, str]:
        """Every story: its name -> the history of its workflow as JSON."""
        stories = (self.completed, self.rejected, self.rolled_back, self.expired, self.parked)
        return {story.__name__: self.history(story()) for story in stories}

    def history(self, change: str) -> str:
        async def fetched(handle: WorkflowHandle[Any, Any]) -> str:
            await handle.result()
            return (await handle.fetch_history()).to_json()

        return self.platform.workflow(change, fetched)


def record(folder: Path) -> None:
    """Play the stories and write their histories, and the fingerprint of the code that played them."""
    service, server = TemporalService(folder / "temporal", time_skipping=True), Stoppable()
    service.start()
    try:
        login = PostgresDatabases(server).copy_of(EMPTY)
        with Platform(folder, login, service.address) as platform:
            histories = Recording(platform, server).play()
    finally:
        service.stop()
        server.stop()
    target = HISTORIES / sys.argv[1]
    target.mkdir(parents=True, exist_ok=True)
    for name, text in histories.items():
        kept = without_traces(json.loads(text))
        (target / f"{name}.json").write_text(json.dumps(kept, indent=1, sort_keys=True) + "\n")
    FILE.write_text(json.dumps(fingerprint(), indent=1) + "\n")


def without_traces(node: Any) -> Any:
    """A history without the stack traces and causes of failures, which name places of the recording machine."""
    if isinstance(node, dict):
        dropped = ("stackTrace", "cause") if "applicationFailureInfo" in node else ("stackTrace", "identity")
        return {key: without_traces(value) for key, value in node.items() if key not in dropped}
    return [without_traces(value) for value in node] if isinstance(node, list) else node


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        record(Path(temporary))
    sys.stdout.flush()
    os._exit(0)
