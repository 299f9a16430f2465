"""Housekeeping of the worker: checkpoints (D5a), forgetting (D7), overdue reviews (R-4.7), due comparisons (R-18.2)."""

import asyncio
from pathlib import Path

import structlog

from activities.simulation import forget_parts
from activities.turns import take_turns
from commands.bookkeeping import forget_old
from commands.checkpoints import write_checkpoint
from commands.command import Call, Gateway
from commands.emergency import raise_overdue_reviews
from commands.reconciliations import request_due_reconciliations
from domain.party import SYSTEM
from queries.emergency import overdue_reviews
from store.files import FileStore
from store.reconciliation import due_pairs

FORGET_EVERY = 3600.0
LOOK_EVERY = 60.0
log = structlog.get_logger("housekeeping")


async def checkpoint_forever(gateway: Gateway, key_file: Path, export_dir: Path, interval: float) -> None:
    """Write a checkpoint every `interval` seconds until cancelled."""

    async def turn() -> None:
        name = await asyncio.to_thread(write_checkpoint, gateway, Call(SYSTEM, ""), key_file, export_dir)
        log.info("checkpoint_written", file=name)

    await take_turns("checkpoint_failed", interval, turn)


async def forget_forever(gateway: Gateway, files: FileStore) -> None:
    """Forget sessions, bells, old idempotency keys and files that nobody needs any more, every hour until cancelled."""

    async def turn() -> None:
        await asyncio.to_thread(forget_old, gateway, Call(SYSTEM, ""))
        await asyncio.to_thread(forget_parts, gateway.database, files)
        await asyncio.to_thread(files.forget_unfinished)

    await take_turns("forgetting_failed", FORGET_EVERY, turn)


async def reconcile_forever(gateway: Gateway, interval: float) -> None:
    """Ask for a run of every pair that is due, looking every `interval` seconds until cancelled (R-18.2)."""

    async def turn() -> None:
        await asyncio.to_thread(look_for_due_pairs, gateway)

    await take_turns("pairs_not_looked_at", interval, turn)


def look_for_due_pairs(gateway: Gateway) -> None:
    """Read first, so that nothing is written while nothing is due."""
    with gateway.database.reading() as session:
        due = due_pairs(session, gateway.database.now(session))
    if due:
        request_due_reconciliations(gateway, Call(SYSTEM, ""))


async def watch_reviews_forever(gateway: Gateway) -> None:
    """Open a case for every review that did not take place in time, every minute until cancelled."""

    async def turn() -> None:
        await asyncio.to_thread(look_for_overdue_reviews, gateway)

    await take_turns("reviews_not_looked_at", LOOK_EVERY, turn, at_once=True)


def look_for_overdue_reviews(gateway: Gateway) -> None:
    """Read first, so that nothing is written while nothing is overdue."""
    with gateway.database.reading() as session:
        late = overdue_reviews(session, gateway.database.now(session))
    if late:
        raise_overdue_reviews(gateway, Call(SYSTEM, ""))
