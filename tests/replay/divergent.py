"""A lifecycle that does one step more than the recorded ones; replaying a recorded history with it has to fail."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.house import CHANGE_WORKFLOW
    from activities.payloads import ChangeRef, Progress

from workflows.change import ChangeWorkflow


@workflow.defn(name=CHANGE_WORKFLOW)
class DivergentWorkflow(ChangeWorkflow):
    """Pauses before it simulates, which no recorded history did."""

    @workflow.init
    def __init__(self, ref: ChangeRef) -> None:
        super().__init__(ref)

    @workflow.run
    async def run(self, ref: ChangeRef) -> Progress:
        return await super().run(ref)

    async def simulate(self, at: Progress) -> Progress:
        if at.action == "simulate":
            await workflow.sleep(timedelta(seconds=1))
        return await super().simulate(at)
