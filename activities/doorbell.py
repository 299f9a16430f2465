"""The doorbell (D1): a wake-up carries a subject and an outbox id, no more; ringing twice or never costs only time.

Every ring is a signal-with-start, so a lost start, a terminated run and an emptied Temporal heal by themselves.
"""

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

import structlog
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.service import RPCError

from activities.house import (
    APPROVAL_WORKFLOW,
    CHANGE_WORKFLOW,
    CONTROL_QUEUE,
    RECONCILIATION_WORKFLOW,
    REQUESTS,
    SUBJECT,
    WAKE_SIGNAL,
    Payload,
    approval_workflow_id,
    change_workflow_id,
)
from activities.payloads import ChangeRef, ReconciliationRef, Wake
from commands.bookkeeping import note_rung
from commands.command import Call, Gateway
from domain.errors import Unavailable
from domain.party import SYSTEM
from store.unit_of_work import Bell

NOTE_EVERY = 0.25
log = structlog.get_logger("doorbell")


class Lifecycle(NamedTuple):
    """The workflow that a subject has: its type, its argument, its id, and what an operator reads: words and a link."""

    workflow: str
    argument: Payload
    id: str
    summary: str
    page: str


def lifecycle_of(subject: str, public_url: str) -> Lifecycle:
    """`reconciliation/RC-2026-0001` has a workflow of that id; a subject without a noun is a request or a change.

    public_url: where people reach the pages, for the link to that of the subject.
    """
    noun, _, name = subject.partition("/")
    pages = public_url.rstrip("/")
    if noun == "reconciliation":
        page = _link(f"{pages}/reconciliations/{name}")
        return Lifecycle(RECONCILIATION_WORKFLOW, ReconciliationRef(run=name), subject, f"Reconciliation {name}", page)
    if subject.startswith(REQUESTS):
        page, workflow_id = _link(f"{pages}/requests/{subject}"), approval_workflow_id(subject)
        ref = ChangeRef(change=subject, page=page)
        return Lifecycle(APPROVAL_WORKFLOW, ref, workflow_id, f"Request {subject}", page)
    page, workflow_id = _link(f"{pages}/changes/{subject}"), change_workflow_id(subject)
    return Lifecycle(CHANGE_WORKFLOW, ChangeRef(change=subject, page=page), workflow_id, f"Change {subject}", page)


def _link(address: str) -> str:
    return f"[Open its page]({address})"


async def ring(client: Client, bell: Bell, public_url: str) -> None:
    """Wake the subject's workflow, starting it if need be. Raises RPCError when Temporal does not take it.

    public_url: as in `lifecycle_of`.
    """
    found = lifecycle_of(bell.subject, public_url)
    await client.start_workflow(
        found.workflow,
        found.argument,
        id=found.id,
        task_queue=CONTROL_QUEUE,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        start_signal=WAKE_SIGNAL,
        start_signal_args=[Wake(subject=bell.subject, outbox_id=bell.outbox_id)],
        static_summary=found.summary,
        static_details=found.page,
        search_attributes=TypedSearchAttributes([SearchAttributePair(SUBJECT, bell.subject)]),
    )


class Relay:
    """Rings the bells of this process after each commit and notes, in batches, which ones Temporal has taken.

    What it cannot ring (Temporal away, process killed) stays in the outbox, whose lease ends, and the sweeper rings it.
    """

    def __init__(self, public_url: str) -> None:
        self._public_url = public_url
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Client | None = None
        self._rung: list[str] = []
        self._tasks: set[asyncio.Task[None]] = set()

    def __call__(self, bells: Sequence[Bell]) -> None:
        """Take bells from any thread; never blocks and never fails."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._take, list(bells))

    async def run(self, client: Client, gateway: Gateway) -> None:
        """Ring what comes until cancelled; what was rung is noted on the way out."""
        self._client, self._loop = client, asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(NOTE_EVERY)
                await self._note(gateway)
        finally:
            self._loop = None
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await self._note(gateway)

    def _take(self, bells: Sequence[Bell]) -> None:
        for bell in bells:
            task = asyncio.create_task(self._ring(bell))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _ring(self, bell: Bell) -> None:
        assert self._client is not None
        try:
            await ring(self._client, bell, self._public_url)
        except RPCError as error:
            log.warning("bell_not_rung", subject=bell.subject, reason=str(error))
        else:
            self._rung.append(bell.outbox_id)

    async def _note(self, gateway: Gateway) -> None:
        if not self._rung:
            return
        ids, self._rung = self._rung, []
        try:
            await asyncio.to_thread(note_rung, gateway, Call(SYSTEM, key=""), ids)
        except Unavailable:
            log.warning("rung_bells_not_noted", count=len(ids))
