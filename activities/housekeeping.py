"""Housekeeping of the worker: signed checkpoints (D5a), and forgetting what is older than its period (D7)."""

import asyncio
from pathlib import Path

import structlog

from commands.bookkeeping import forget_old
from commands.checkpoints import write_checkpoint
from commands.command import Call, Gateway
from domain.errors import Unavailable
from domain.party import SYSTEM

FORGET_EVERY = 3600.0
log = structlog.get_logger("housekeeping")


async def checkpoint_forever(gateway: Gateway, key_file: Path, export_dir: Path, interval: float) -> None:
    """Write a checkpoint every `interval` seconds until cancelled."""
    while True:
        await asyncio.sleep(interval)
        try:
            name = await asyncio.to_thread(write_checkpoint, gateway, Call(SYSTEM, ""), key_file, export_dir)
        except Unavailable as error:
            log.warning("checkpoint_failed", reason=str(error))
        else:
            log.info("checkpoint_written", file=name)


async def forget_forever(gateway: Gateway) -> None:
    """Forget expired sessions, rung bells and old idempotency keys every hour until cancelled."""
    while True:
        await asyncio.sleep(FORGET_EVERY)
        try:
            await asyncio.to_thread(forget_old, gateway, Call(SYSTEM, ""))
        except Unavailable as error:
            log.warning("forgetting_failed", reason=str(error))
