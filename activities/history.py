"""Taking the histories of closed workflows out of Temporal, which forgets them, into the evidence (R-24.2)."""

import asyncio
import json
from datetime import timedelta

from sqlalchemy import exists, select
from sqlmodel import col
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.service import RPCError, RPCStatusCode

from activities.house import change_workflow_id
from activities.turns import take_turns
from commands.command import Call, Gateway
from commands.evidence import History, keep_history
from domain.party import SYSTEM
from store.changes import HISTORY
from store.files import FileStore
from store.tables.change import ChangeRow, EvidenceRow

EVERY, BATCH = 30.0, 50
SETTLED, WITHIN = timedelta(seconds=30), timedelta(days=30)


async def keep_forever(gateway: Gateway, client: Client, files: FileStore) -> None:
    """Keep the histories of what has closed until cancelled; what cannot be had now is tried again at the next turn."""

    async def turn() -> None:
        await keep_closed(gateway, client, files)

    await take_turns("history_not_kept", EVERY, turn)


async def keep_closed(gateway: Gateway, client: Client, files: FileStore) -> int:
    """One turn. Returns how many histories were kept. Raises Unavailable, RPCError."""
    kept = 0
    for change in await asyncio.to_thread(_closed, gateway):
        history = await _history(client, files, change)
        if history is not None:
            await asyncio.to_thread(keep_history, gateway, Call(SYSTEM, f"{change}/history"), change, history)
            kept += 1
    return kept


def _closed(gateway: Gateway) -> list[str]:
    """Changes that closed lately and whose history is not kept yet; Temporal's lists take a moment to settle."""
    with gateway.database.reading() as session:
        now = gateway.database.now(session)
        kept = exists().where(col(EvidenceRow.change) == col(ChangeRow.id), col(EvidenceRow.control) == HISTORY)
        lately = col(ChangeRow.state_since).between(now - WITHIN, now - SETTLED)
        # What was never seen by a workflow, as an import into an empty store, has no history to keep.
        followed = col(ChangeRow.seen_version) > 1
        query = select(col(ChangeRow.id)).where(col(ChangeRow.closed), followed, lately, ~kept)
        return list(session.execute(query.order_by(col(ChangeRow.id)).limit(BATCH)).scalars())


async def _history(client: Client, files: FileStore, change: str) -> History | None:
    """Every run of a change's workflow; None while one is still open, no runs when Temporal knows of none."""
    runs = await _runs(client, change_workflow_id(change))
    if runs is None:
        return None
    found = [
        (run, await client.get_workflow_handle(change_workflow_id(change), run_id=run).fetch_history()) for run in runs
    ]
    events = sum(len(history.events) for _, history in found)
    document = [{"run": run, "history": json.loads(history.to_json())} for run, history in found]
    file = await asyncio.to_thread(files.put, json.dumps(document, sort_keys=True).encode()) if document else None
    return History(runs=tuple(runs), events=events, file=file)


async def _runs(client: Client, workflow_id: str) -> list[str] | None:
    """The runs of a workflow that has closed, oldest first; None while it is open."""
    try:
        latest = await client.get_workflow_handle(workflow_id).describe()
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return []
        raise
    if latest.status is WorkflowExecutionStatus.RUNNING:
        return None
    listed = [execution async for execution in client.list_workflows(f"WorkflowId = '{workflow_id}'")]
    started = {execution.run_id: execution.start_time for execution in [*listed, latest]}
    return sorted(started, key=lambda run: (started[run], run))
