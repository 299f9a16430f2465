"""What the worker does beside its queues: the same turn again and again, which no failure of a part ends."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from temporalio.service import RPCError

from domain.errors import MandateError

log = structlog.get_logger("turns")


async def take_turns(failed: str, interval: float, turn: Callable[[], Awaitable[None]], at_once: bool = False) -> None:
    """Take a turn every `interval` seconds until cancelled; what cannot be done now is tried again at the next.

    failed: the event under which that is logged; at_once: whether the first turn is taken without waiting. Anything
    but MandateError and RPCError is a fault of ours and ends the worker.
    """
    if not at_once:
        await asyncio.sleep(interval)
    while True:
        try:
            await turn()
        except MandateError as error:
            log.warning(failed, code=error.code, reason=error.detail)
        except RPCError as error:
            log.warning(failed, code="temporal_unavailable", reason=str(error))
        await asyncio.sleep(interval)
