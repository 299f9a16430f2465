"""The one sweeper (D1): rings what was never rung, and wakes changes that were not seen or whose time has come."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import and_, or_, select
from sqlmodel import col
from temporalio.client import Client
from temporalio.service import RPCError

from activities.doorbell import ring
from commands.bookkeeping import claim_bells, note_rung, wake_overdue
from commands.command import Call, Gateway
from commands.reconciliations import wake_unfinished_runs
from domain.errors import Unavailable
from domain.party import SYSTEM
from store.subjects import SUBJECTS
from store.tables.outbox import OutboxRow
from store.tables.reconciliation import ReconciliationRunRow

BATCH = 100
GRACE = timedelta(seconds=10)
log = structlog.get_logger("sweeper")


async def sweep_forever(gateway: Gateway, client: Client, public_url: str, interval: float) -> None:
    """Sweep every `interval` seconds until cancelled; what is missing is tried again at the next turn."""
    while True:
        try:
            await sweep(gateway, client, public_url)
        except (Unavailable, RPCError) as error:
            log.warning("sweep_failed", reason=str(error))
        await asyncio.sleep(interval)


async def sweep(gateway: Gateway, client: Client, public_url: str) -> int:
    """One turn. Returns how many bells were rung. Raises Unavailable, RPCError."""
    if not await asyncio.to_thread(_anything, gateway):
        return 0
    await asyncio.to_thread(wake_overdue, gateway, Call(SYSTEM, ""), BATCH)
    await asyncio.to_thread(wake_unfinished_runs, gateway, Call(SYSTEM, ""), BATCH)
    bells = await asyncio.to_thread(claim_bells, gateway, Call(SYSTEM, ""), BATCH)
    for bell in bells:
        await ring(client, bell, public_url)
    if bells:
        await asyncio.to_thread(note_rung, gateway, Call(SYSTEM, ""), [bell.outbox_id for bell in bells])
    return len(bells)


def _anything(gateway: Gateway) -> bool:
    """Whether there is anything to sweep; a read, so that an idle installation does not write."""
    with gateway.database.reading() as session:
        now = gateway.database.now(session)
        late, wall = now - GRACE, gateway.database.wall(session)
        bells = (
            select(col(OutboxRow.id))
            .where(col(OutboxRow.done).is_(False), col(OutboxRow.leased_until) <= wall)
            .limit(1)
        )
        runs = select(col(ReconciliationRunRow.id)).where(col(ReconciliationRunRow.deadline_at) < now).limit(1)
        waiting = [bells, runs, *(_overdue(kind.table, late) for kind in SUBJECTS)]
        return any(session.execute(query).first() is not None for query in waiting)


def _overdue(table: type[Any], late: datetime) -> Any:
    """A subject that its workflow has not seen as it is, or on which time should have acted."""
    return (
        select(col(table.id))
        .where(
            and_(
                col(table.closed).is_(False),
                col(table.state) != "draft",
                or_(col(table.seen_version) < col(table.version), col(table.deadline_at) < late),
            )
        )
        .limit(1)
    )
