"""Keeping the snapshot fresh: taken, recorded, then what nothing refers to is removed; one process at a time."""

import asyncio

import structlog

from activities.turns import take_turns
from analysis.snapshotting import take_snapshot
from commands.command import Call, Gateway
from commands.snapshots import forget_snapshots, record_snapshot
from domain.party import SYSTEM
from domain.snapshot import Snapshot
from store.snapshots import SnapshotFiles, latest, refreshing

log = structlog.get_logger("snapshots")


def refresh(gateway: Gateway, files: SnapshotFiles) -> Snapshot:
    """Bring the snapshot up to now and return it. Raises Conflict("refreshing"), Unavailable."""
    with refreshing(gateway.database):
        with gateway.database.reading() as session:
            before = latest(session)
        if before is not None and files.missing(before):
            before = None
        found = take_snapshot(gateway.database, files, before)
        if found is not before:
            record_snapshot(gateway, Call(SYSTEM, ""), found)
        needed = set(forget_snapshots(gateway, Call(SYSTEM, "")))
        files.remove(name for name in files.names() if name not in needed)
        return found


async def refresh_forever(gateway: Gateway, files: SnapshotFiles, interval: float) -> None:
    """Refresh every `interval` seconds until cancelled; what cannot be taken now is told, and tried again."""

    async def turn() -> None:
        found = await asyncio.to_thread(refresh, gateway, files)
        log.info("snapshot_current", digest=found.digest)

    await take_turns("snapshot_not_taken", interval, turn)
