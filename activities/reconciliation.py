"""The one step of a reconciliation: read both sides as of one instant, compare, prove, keep (chapter 18).

With each beat it shows what it does and looks whether the run is still wanted; if not, the statement that runs ends.
A run whose process was killed is begun again from nothing: nothing is kept before everything is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import duckdb
import structlog
from temporalio import activity

from activities.beating import Beats, beating
from activities.payloads import ReconciliationOutcome, ReconciliationRef, RunTrouble
from analysis.engine import Limits, seat, workspace
from analysis.extraction import consistent, extract
from analysis.reconciliation import Tell, opened
from commands import reconciliations
from commands.command import Call, Gateway
from domain.errors import Conflict, MandateError, Unavailable
from domain.party import SYSTEM
from domain.reconciliation import OVER, Pair, Reconciliation, RunState
from policies.reconciliation import pair
from store.files import FileStore

log = structlog.get_logger("reconciliation")


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
        try:
            result = self._compared(ref.run, pair(begun.pair))
            reconciliations.finish_reconciliation(self.gateway, Call(SYSTEM, f"{ref.run}/finish"), ref.run, result)
        except Conflict:
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

    def _compared(self, run: str, found: Pair) -> Reconciliation:
        """Raises Conflict("run_is_over") for a run that was given up, Unavailable("run_interrupted")."""
        with beating(partial(self._wanted, run)) as beats:
            beats.details = ("beginning",)
            try:
                return self._compare(found, partial(_tell, beats))
            except (Conflict, duckdb.InterruptException) as stopped:
                if beats.stopped and not beats.given_up:
                    raise Unavailable("run_interrupted", "This process ends; the run is begun again.") from stopped
                raise Conflict("run_is_over", "The run was given up.") from stopped

    def _compare(self, found: Pair, tell: Tell) -> Reconciliation:
        with seat(self.limits.patience), workspace(self.limits) as (connection, folder):
            tables, now = self._read(found, folder, tell)
            return opened(found, tables, connection, now, tell).result(self.files, folder)

    def _read(self, found: Pair, folder: Path, tell: Tell) -> tuple[dict[str, Path], datetime]:
        with self.gateway.database.reading() as session:
            consistent(session)
            now = self.gateway.database.now(session)
            return dict(extract(session, found, folder, now, tell)), now

    def _wanted(self, run: str, beats: Beats) -> bool:
        """Show what is done, and look whether the run is still wanted; where nobody can say, it is."""
        try:
            return reconciliations.note_phase(self.gateway, Call(SYSTEM, ""), run, str(*beats.details))
        except MandateError as error:
            log.warning("phase_not_noted", run=run, code=error.code)
            return True

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


def _tell(beats: Beats, phase: str) -> None:
    """The engine says what it does. Raises Conflict("run_is_over") when it is to stop."""
    beats.details = (phase,)
    if beats.stopped:
        raise Conflict("run_is_over", "The run is stopped.")
