"""The history of a closed workflow is taken out of Temporal into the evidence; what Temporal lost is said (R-24.2)."""

from pathlib import Path

from temporalio.client import Client

from activities.history import keep_closed
from commands.command import Gateway
from domain.canonical import parse
from domain.evidence import HISTORY, unpack
from store.files import FileStore
from store.signing import public_key, public_pem
from store.verification import verify_package
from tests.live.platform import Platform
from tests.live.story import FINANCE, OWNER, Story


def keep(platform: Platform) -> int:
    async def turn(client: Client) -> int:
        return await keep_closed(Gateway(platform.database), client, FileStore(platform.folder / "files"))

    return platform.temporal(turn)


def package(platform: Platform, change: str) -> tuple[dict[str, str], dict[str, bytes]]:
    data = platform.as_(FINANCE).get(f"/api/changes/{change}/evidence").raise_for_status().content
    found = verify_package(data, [public_key(public_pem(platform.folder / "key.pem"))])
    assert found.findings == ()
    return dict(found.manifest.absent), unpack(data)


def test_a_closed_change_carries_its_history_once_and_an_open_one_says_that_it_is_absent(
    platform: Platform, story: Story, tmp_path: Path
) -> None:
    closed, still_open = (story.propose_price(*story.fresh_offering()[:1]) for _ in range(2))
    for change in (closed, still_open):
        story.until(change, "awaiting_approval")
    story.decide(closed, OWNER, "reject")
    story.until(closed, "rejected")
    platform.travel(60)

    assert keep(platform) == 1
    assert keep(platform) == 0

    absent, files = package(platform, closed)
    assert absent == {}
    runs = parse(files[HISTORY])
    kinds = [event["eventType"] for event in runs[-1]["history"]["events"]]
    assert kinds[0] == "EVENT_TYPE_WORKFLOW_EXECUTION_STARTED"
    assert kinds[-1] == "EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED"
    assert story.actions(closed)[-1] == "change.history_kept"
    assert "still open" in package(platform, still_open)[0][HISTORY]
