"""What must hold of an installation after any crash, read from its database and its runtime catalog."""

from collections import Counter
from typing import Any

import httpx
from sqlalchemy import select
from temporalio.api.sdk.v1 import WorkflowMetadata
from temporalio.client import WorkflowHandle

from store.audit import verify
from store.tables.approval import DecisionRow, FiredTimerRow
from store.tables.artifact import ActivationRow, VersionRow
from store.tables.change import CaseRow, ChangeRow
from store.tables.outbox import OutboxRow
from store.tables.release import DeliveryRow
from tests.live.platform import Platform
from tests.live.story import fired
from tests.live.waiting import eventually

PRICING = "pricing/standard"
ONCE = ("change.created", "change.submitted", "change.assessed", "change.approval_asked", "change.scheduled")


def rows(platform: Platform, table: Any, *conditions: Any) -> list[Any]:
    """Rows of a table as they are now."""
    with platform.database.reading() as session:
        found = list(session.execute(select(table).where(*conditions)).scalars())
        session.expunge_all()
    return found


def catalog_requests(platform: Platform, change: str) -> list[dict[str, Any]]:
    """What the runtime catalog was asked to hold for a change."""
    noted = httpx.get(f"{platform.catalog_url}/requests", trust_env=False).raise_for_status().json()
    return [request for request in noted if (request["key"] or "").startswith(f"{change}/")]


def held(platform: Platform, artifact: str, market: str) -> dict[str, Any]:
    """The entries that the runtime catalog holds."""
    url = f"{platform.catalog_url}/caches/{artifact}/markets/{market}/entries"
    found: dict[str, Any] = httpx.get(url, trust_env=False).raise_for_status().json()
    return found


def assert_the_catalog_holds_what_is_live(platform: Platform, markets: tuple[str, ...]) -> None:
    """The runtime catalog holds the version that became live last in each market."""
    for market in markets:
        live = rows(platform, ActivationRow, ActivationRow.artifact == PRICING, ActivationRow.market == market)
        url = f"{platform.catalog_url}/caches/{PRICING}/markets/{market}"
        found = httpx.get(url, trust_env=False).raise_for_status().json()
        assert found["version"] == max(row.version for row in live)


def open_changes(platform: Platform) -> list[str]:
    """The changes that are submitted and not over."""
    found = rows(platform, ChangeRow, ChangeRow.closed.is_(False), ChangeRow.state != "draft")  # type: ignore[attr-defined]
    return sorted(row.id for row in found)


def assert_released_once(platform: Platform, change: str, markets: tuple[str, ...], timeline: list[Any]) -> None:
    """Published once, live once a market, delivered once, each step recorded once, each person's decision once."""
    _assert_no_step_twice(platform, change, timeline)
    numbers = [row.number for row in rows(platform, VersionRow, VersionRow.change == change)]
    assert len(numbers) == 1
    activated = [row.market for row in rows(platform, ActivationRow, ActivationRow.change == change)]
    assert sorted(activated) == sorted(markets)
    _assert_delivered(platform, change, [(numbers[0], market) for market in markets])


def assert_taken_back_once(platform: Platform, change: str, markets: tuple[str, ...], timeline: list[Any]) -> None:
    """Two versions, the second of which takes the first back; each live and delivered once a market."""
    _assert_no_step_twice(platform, change, timeline)
    numbers = [row.number for row in rows(platform, VersionRow, VersionRow.change == change)]
    assert len(numbers) == len(set(numbers)) == 2
    activated = [(row.version, row.market) for row in rows(platform, ActivationRow, ActivationRow.change == change)]
    assert sorted(activated) == sorted((number, market) for number in numbers for market in markets)
    _assert_delivered(platform, change, [(number, market) for number in numbers for market in markets])


def _assert_delivered(platform: Platform, change: str, places: list[tuple[int, str]]) -> None:
    """Every place is confirmed; no order was done twice, and none for another place than those of the change."""
    found = rows(platform, DeliveryRow, DeliveryRow.change == change)
    assert sorted((row.version, row.market) for row in found) == sorted(places)
    assert {row.state for row in found} == {"confirmed"}
    applied = [r["key"] for r in catalog_requests(platform, change) if r["outcome"] == "applied"]
    assert len(applied) == len(set(applied))
    # A place that was found to hold something else is ordered again, under a key of its own.
    orders = {"/".join((change, PRICING, str(version), market)) for version, market in places}
    assert {"/".join(key.split("/")[:5]) for key in applied} <= orders


def _assert_no_step_twice(platform: Platform, change: str, timeline: list[Any]) -> None:
    told = Counter(entry["action"] for entry in timeline)
    assert {action: told[action] for action in ONCE} == dict.fromkeys(ONCE, 1)
    assert all(told[action] <= 1 for action in ("change.monitoring", "change.completed", "change.rollback_finished"))
    decided = rows(platform, DecisionRow, DecisionRow.subject == change)
    assert told["change.decided"] == len(decided) == len({row.person for row in decided})
    timers = rows(platform, FiredTimerRow, FiredTimerRow.subject == change)
    assert sorted(fired(timeline)) == sorted(f"{timer.what} {timer.level}" for timer in timers)


def assert_nothing_hangs(platform: Platform) -> None:
    """Every bell was taken, no case of a change is open, and every audit chain holds."""
    eventually(lambda: rows(platform, OutboxRow, OutboxRow.done.is_(False)), lambda left: not left)  # type: ignore[attr-defined]
    stopped = CaseRow.closed_at.is_(None) & CaseRow.subject.like("CR-%")  # type: ignore[union-attr,attr-defined]
    eventually(lambda: rows(platform, CaseRow, stopped), lambda left: not left)
    with platform.database.reading() as session:
        assert verify(session) == ()


async def told_operators(handle: WorkflowHandle[Any, Any]) -> tuple[str, str]:
    """What the Temporal web UI shows of a workflow: its static details, and what it says of itself now."""
    now = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return await (await handle.describe()).static_details() or "", now.current_details
