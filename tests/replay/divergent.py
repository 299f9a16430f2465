"""A lifecycle that does one step more than the recorded ones; replaying a recorded history with it has to fail."""

from datetime import timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.house import CHANGE_WORKFLOW
    from activities.payloads import ChangeRef, Progress

from workflows.change import ChangeWorkflow


@workflow.defn(name=CHANGE_WORKFLOW)
class DivergentWorkflow(ChangeWorkflow):
    """Pauses before it waits for people, which no recorded history did."""

    @workflow.init
    def __init__(self, ref: ChangeRef) -> None:
        super().__init__(ref)

    @workflow.run
    async def run(self, ref: ChangeRef) -> Progress:
        return await super().run(ref)

    async def wait_for_people(self, at: Progress) -> Progress:
        if at.state == "awaiting_approval":
            await workflow.sleep(timedelta(seconds=1))
        return await super().wait_for_people(at)
