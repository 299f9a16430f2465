"""The one step of a reconciliation: read both sides as of one instant, compare, prove, keep (chapter 18).

A helper thread beats, shows what is done, and looks whether the run is still wanted; it ends the statement that runs.
A run whose process was killed is begun again from nothing: nothing is kept before everything is.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import structlog
from temporalio import activity

from activities.payloads import ReconciliationOutcome, ReconciliationRef, RunTrouble
from analysis.engine import Limits, workspace
from analysis.extraction import consistent, extract
from analysis.reconciliation import opened
from commands import reconciliations
from commands.command import Call, Gateway
from domain.errors import Conflict, MandateError, Unavailable
from domain.party import SYSTEM
from domain.reconciliation import OVER, Pair, Reconciliation, RunState
from policies.reconciliation import pair
from store.files import FileStore

BEAT = 1.0
log = structlog.get_logger("reconciliation")


@dataclass
class Watch:
    """What the helper thread and the engine share: the phase, whether the run is still wanted, whether to stop here."""

    phase: str = "beginning"
    wanted: bool = True
    stopped: bool = False
    interrupt: Callable[[], None] = lambda: None
    ended: threading.Event = field(default_factory=threading.Event)

    def tell(self, phase: str) -> None:
        """The engine says what it does. Raises Conflict("run_is_over") when it is to stop."""
        self.phase = phase
        if self.stopped:
            raise Conflict("run_is_over", "The run is stopped.")


@dataclass(frozen=True)
class ReconciliationActivities:
    """The steps with what they need: commands, files, and how much memory a run may use."""

    gateway: Gateway
    files: FileStore
    limits: Limits

    def all(self) -> list[Callable[..., object]]:
        """Every step, to register with a worker."""
        return [self.reconcile, self.note_failed]

    @activity.defn(no_thread_cancel_exception=True)
    def reconcile(self, ref: ReconciliationRef) -> ReconciliationOutcome:
        """Carry a run out and keep its result; a run that is over already stays as it is.

        Raises Unavailable("run_interrupted") where this process has to end: the run is begun again by another.
        """
        begun = reconciliations.begin_reconciliation(self.gateway, Call(SYSTEM, ""), ref.run)
        if begun.state in OVER:
            return ReconciliationOutcome(run=ref.run, state=begun.state)
        watch = Watch()
        try:
            with self._watched(ref.run, watch):
                result = self._compare(pair(begun.pair), watch)
            reconciliations.finish_reconciliation(self.gateway, Call(SYSTEM, f"{ref.run}/finish"), ref.run, result)
        except (Conflict, duckdb.InterruptException) as stopped:
            if watch.wanted and watch.stopped:
                raise Unavailable("run_interrupted", "This process ends; the run is begun again.") from stopped
            return self._given_up(ref.run)
        except duckdb.OutOfMemoryException:
            return self._failed(ref.run, "out_of_memory", f"It needs more than {self.limits.memory} of memory.")
        except MandateError as error:
            if error.retryable:
                raise
            return self._failed(ref.run, error.code, error.detail)
        return ReconciliationOutcome(run=ref.run, state=RunState.DONE, breaks=result.breaks)

    @activity.defn
    def note_failed(self, trouble: RunTrouble) -> ReconciliationOutcome:
        """The step failed as often as it is tried: say so on the run."""
        return self._failed(trouble.run, trouble.code, "It failed as often as it is tried; see the workflow.")

    def _compare(self, found: Pair, watch: Watch) -> Reconciliation:
        with workspace(self.limits) as (connection, folder):
            watch.interrupt = connection.interrupt
            tables, now = self._read(found, folder, watch)
            return opened(found, tables, connection, now, watch.tell).result(self.files, folder)

    def _read(self, found: Pair, folder: Path, watch: Watch) -> tuple[dict[str, Path], datetime]:
        with self.gateway.database.reading() as session:
            consistent(session)
            now = self.gateway.database.now(session)
            return dict(extract(session, found, folder, now, watch.tell)), now

    @contextmanager
    def _watched(self, run: str, watch: Watch) -> Iterator[None]:
        """A helper thread beats for as long as this lasts; in the activity's own context, as beats belong to it."""
        helper = threading.Thread(target=copy_context().run, args=(self._beat, run, watch), daemon=True)
        helper.start()
        try:
            yield
        finally:
            watch.ended.set()
            helper.join()

    def _beat(self, run: str, watch: Watch) -> None:
        while not watch.ended.wait(BEAT):
            stopped = activity.in_activity() and activity.is_cancelled()
            if activity.in_activity():
                activity.heartbeat(watch.phase)
            try:
                wanted = reconciliations.note_phase(self.gateway, Call(SYSTEM, ""), run, watch.phase)
            except MandateError as error:
                log.warning("phase_not_noted", run=run, code=error.code)
                wanted = True
            if stopped or not wanted:
                watch.wanted = wanted and not _cancelled()
                watch.stopped = True
                with suppress(duckdb.ConnectionException):  # it has just come to its end by itself
                    watch.interrupt()

    def _given_up(self, run: str) -> ReconciliationOutcome:
        """Nobody wants the run any more: it was cancelled on our pages, or its workflow was."""
        try:
            reconciliations.cancel_reconciliation(self.gateway, Call(SYSTEM, ""), run)
        except Conflict:
            log.info("run_was_over", run=run)
        return ReconciliationOutcome(run=run, state=RunState.CANCELLED)

    def _failed(self, run: str, code: str, reason: str) -> ReconciliationOutcome:
        try:
            reconciliations.fail_reconciliation(self.gateway, Call(SYSTEM, ""), run, code, reason)
        except Conflict:
            log.info("run_was_over", run=run)
        return ReconciliationOutcome(run=run, state=RunState.FAILED)


def _cancelled() -> bool:
    """Whether the workflow was cancelled: a worker that shuts down, a pause and a lost beat stop a step as well."""
    why = activity.cancellation_details() if activity.in_activity() else None
    return why is not None and why.cancel_requested
