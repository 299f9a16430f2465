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
from activities.turns import take_turns
from commands.bookkeeping import claim_bells, note_rung, wake_overdue
from commands.command import Call, Gateway
from commands.reconciliations import wake_unfinished_runs
from domain.party import SYSTEM
from store.subjects import SUBJECTS
from store.tables.outbox import OutboxRow
from store.tables.reconciliation import ReconciliationRunRow
from store.unit_of_work import Bell

BATCH = 100
GRACE = timedelta(seconds=10)
log = structlog.get_logger("sweeper")


async def sweep_forever(gateway: Gateway, client: Client, public_url: str, interval: float) -> None:
    """Sweep every `interval` seconds until cancelled; what is missing is tried again at the next turn."""

    async def turn() -> None:
        await sweep(gateway, client, public_url)

    await take_turns("sweep_failed", interval, turn, at_once=True)


async def sweep(gateway: Gateway, client: Client, public_url: str) -> int:
    """One turn. Returns how many bells were rung; those that Temporal does not take wait behind the others.

    Raises Unavailable.
    """
    if not await asyncio.to_thread(_anything, gateway):
        return 0
    await asyncio.to_thread(wake_overdue, gateway, Call(SYSTEM, ""), BATCH)
    await asyncio.to_thread(wake_unfinished_runs, gateway, Call(SYSTEM, ""), BATCH)
    bells = await asyncio.to_thread(claim_bells, gateway, Call(SYSTEM, ""), BATCH)
    failures = await asyncio.gather(*(_failure(client, bell, public_url) for bell in bells))
    rung = [bell.outbox_id for bell, failure in zip(bells, failures, strict=True) if failure is None]
    if rung:
        await asyncio.to_thread(note_rung, gateway, Call(SYSTEM, ""), rung)
    if failed := [(bell.subject, failure) for bell, failure in zip(bells, failures, strict=True) if failure]:
        log.warning("bells_not_rung", count=len(failed), subject=failed[0][0], reason=str(failed[0][1]))
    return len(rung)


async def _failure(client: Client, bell: Bell, public_url: str) -> RPCError | None:
    """Ring; why Temporal did not take it, which is no reason not to ring for others."""
    try:
        await ring(client, bell, public_url)
    except RPCError as error:
        return error
    return None


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
