"""A lifecycle that reads the clock of its machine, which no replay could repeat; the strict sandbox has to refuse it."""

from datetime import UTC, datetime

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.house import CHANGE_WORKFLOW
    from activities.payloads import ChangeRef, Progress

from workflows.change import ChangeWorkflow


@workflow.defn(name=CHANGE_WORKFLOW)
class CarelessWorkflow(ChangeWorkflow):
    """Looks at the clock before it begins."""

    @workflow.init
    def __init__(self, ref: ChangeRef) -> None:
        super().__init__(ref)

    @workflow.run
    async def run(self, ref: ChangeRef) -> Progress:
        self.begun = datetime.now(UTC)
        return await super().run(ref)
