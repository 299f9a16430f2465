"""The approval of a request that is no change: it waits for people, lets time act, ends with the decision (R-7.11)."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.approval import ApprovalActivities
    from activities.house import APPROVAL_WORKFLOW, WAKE_SIGNAL
    from activities.payloads import ChangeRef, Look, Progress, Wake

from workflows.steps import Doorbell, Stepping


@workflow.defn(name=APPROVAL_WORKFLOW)
class ApprovalWorkflow:
    """One request until it is granted, rejected or expired. It waits; what is decided lies in the database (D1)."""

    @workflow.init
    def __init__(self, ref: ChangeRef) -> None:
        self.doorbell = Doorbell(ref)
        self.stepping = Stepping(ref, self.doorbell, ApprovalActivities.note_request_trouble)

    @workflow.run
    async def run(self, ref: ChangeRef) -> Progress:
        at = await self.look(ref)
        while at.open:
            self.stepping.show(at)
            await self.stepping.wait(at.seconds, at.waiting_for or "a decision")
            at = await self.look(ref)
        self.stepping.show(at)
        return at

    @workflow.signal(name=WAKE_SIGNAL)
    def wake(self, wake: Wake) -> None:
        """Somebody says that the facts moved; the facts are read again, whatever the message says."""
        self.doorbell.bells.append(wake.outbox_id)

    async def look(self, ref: ChangeRef) -> Progress:
        """Read the facts; reminders, escalations and expiry happen there."""
        bells, strangers = self.doorbell.take()
        look = Look(change=ref.change, bells=bells, strangers=strangers)
        found: Progress = await self.stepping.take(ApprovalActivities.look_at_request, look)
        return found
