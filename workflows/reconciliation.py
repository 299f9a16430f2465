"""A reconciliation: one step on the analysis queue, tried again after a crash, and its end written to the record."""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.house import ANALYSIS_QUEUE, BULK, PHASE, RECONCILIATION_WORKFLOW, REGULAR, WAKE_SIGNAL
    from activities.payloads import ReconciliationOutcome, ReconciliationRef, RunTrouble, Wake
    from activities.reconciliation import ReconciliationActivities


@workflow.defn(name=RECONCILIATION_WORKFLOW)
class ReconciliationWorkflow:
    """One run of one pair. The engine looks at the run's record each second, so a wake-up has nothing to tell it."""

    @workflow.run
    async def run(self, ref: ReconciliationRef) -> ReconciliationOutcome:
        self.show("reconciling", "Both sides are read and compared; the activity's heartbeat says how far it is.")
        try:
            outcome: ReconciliationOutcome = await workflow.execute_activity_method(
                ReconciliationActivities.reconcile, ref, task_queue=ANALYSIS_QUEUE, summary="reconcile", **BULK
            )
        except ActivityError as failure:
            outcome = await self.give_up(ref, failure)
        self.show(outcome.state, f"{outcome.breaks} differences that are no matter of time.")
        return outcome

    @workflow.signal(name=WAKE_SIGNAL)
    def wake(self, wake: Wake) -> None:
        """Somebody says that the record moved; the engine sees that by itself."""

    async def give_up(self, ref: ReconciliationRef, failure: ActivityError) -> ReconciliationOutcome:
        """Say on the run's record that it failed; a person asks for another run."""
        cause = failure.cause
        code = (cause.type if isinstance(cause, ApplicationError) else None) or "step_failed"
        outcome: ReconciliationOutcome = await workflow.execute_activity_method(
            ReconciliationActivities.note_failed, RunTrouble(run=ref.run, code=code), summary="note failure", **REGULAR
        )
        return outcome

    def show(self, phase: str, details: str) -> None:
        """Tell an operator in the web UI."""
        workflow.set_current_details(f"### {phase}\n\n{details}")
        workflow.upsert_search_attributes([PHASE.value_set(phase)])
