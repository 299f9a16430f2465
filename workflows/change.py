"""The lifecycle of a change request, as a person would tell it (R-4.2).

The database says where the change stands; each verb does its part if it is its turn and otherwise passes on. So the
same lines start a change, go on after a restart, and rebuild one whose Temporal history was lost (D8).
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.change import ChangeActivities
    from activities.house import CHANGE_WORKFLOW, DOWNSTREAM, INTEGRATION_QUEUE, WAKE_SIGNAL
    from activities.payloads import ChangeRef, Look, Progress, Wake, step_input

from workflows.large_simulation import simulate_large
from workflows.steps import Doorbell, Stepping

SLEEPS = ("wait",)


@workflow.defn(name=CHANGE_WORKFLOW)
class ChangeWorkflow:
    """One change request from its submission to its end. It waits and orders; it has no authority (D1)."""

    @workflow.init
    def __init__(self, ref: ChangeRef) -> None:
        self.change = ref.change
        self.doorbell = Doorbell(ref)
        self.stepping = Stepping(ref, self.doorbell, ChangeActivities.note_trouble)

    @workflow.run
    async def run(self, ref: ChangeRef) -> Progress:
        at = await self.look()
        while at.open:
            at = await self.assess(at)
            at = await self.simulate(at)
            at = await self.wait_for_people(at)
            at = await self.take_effect(at)
            at = await self.watch(at)
            at = await self.roll_back(at)
            at = await self.rest(at)
        self.stepping.show(at)
        return at

    @workflow.signal(name=WAKE_SIGNAL)
    def wake(self, wake: Wake) -> None:
        """Somebody says that the facts moved; the facts are read again, whatever the message says."""
        self.doorbell.bells.append(wake.outbox_id)

    async def assess(self, at: Progress) -> Progress:
        """Find who is affected, how risky it is and who has to agree."""
        return await self.step_if("assess", ChangeActivities.assess_change, at)

    async def simulate(self, at: Progress) -> Progress:
        """Compare old and new for everybody affected."""
        if at.action == "simulate" and at.wide:
            return await simulate_large(at, self.stepping, self.doorbell, self.look)
        return await self.step_if("simulate", ChangeActivities.simulate_change, at)

    async def wait_for_people(self, at: Progress) -> Progress:
        """Wait for decisions; reminders, escalations and expiry happen when the facts are read."""
        while at.state == "awaiting_approval":
            at = await self.sleep(at)
        return at

    async def take_effect(self, at: Progress) -> Progress:
        """Wait for the instant of each market, publish, activate, deliver."""
        at = await self.step_if("schedule", ChangeActivities.schedule_change, at)
        while at.state in ("scheduled", "releasing"):
            at = await self.step_if("release", ChangeActivities.release_change, at)
            at = await self.deliver(at)
            at = await self.step_if("monitor", ChangeActivities.begin_monitoring, at)
            at = await self.sleep_if_idle(at, ("scheduled", "releasing"))
        return at

    async def watch(self, at: Progress) -> Progress:
        """Watch what was released until its period is over, then complete."""
        while at.state == "monitoring":
            at = await self.deliver(at)
            at = await self.step_if("complete", ChangeActivities.complete_change, at)
            at = await self.sleep_if_idle(at, ("monitoring",))
        return at

    async def roll_back(self, at: Progress) -> Progress:
        """Release the earlier content again, everywhere, and nothing else."""
        while at.state == "rolling_back":
            at = await self.step_if("restore", ChangeActivities.restore_change, at)
            at = await self.deliver(at)
            at = await self.step_if("finish", ChangeActivities.finish_rollback, at)
            at = await self.sleep_if_idle(at, ("rolling_back",))
        return at

    async def rest(self, at: Progress) -> Progress:
        """Wait for a new revision."""
        return await self.sleep_if_idle(at, ("draft", "needs_revision"))

    async def deliver(self, at: Progress) -> Progress:
        if at.action != "deliver":
            return at
        step = step_input(at).alone()
        done: Progress = await self.stepping.take(
            ChangeActivities.deliver_change, step, queue=INTEGRATION_QUEUE, **DOWNSTREAM
        )
        return done

    async def step_if(self, action: str, step: object, at: Progress) -> Progress:
        """Take a step if it is what comes next."""
        if at.action != action:
            return at
        done: Progress = await self.stepping.take(step, step_input(at))
        return done

    async def sleep_if_idle(self, at: Progress, states: tuple[str, ...]) -> Progress:
        """Sleep where nothing can be done now; otherwise go round again."""
        if at.state in states and at.action in SLEEPS:
            return await self.sleep(at)
        return at

    async def sleep(self, at: Progress) -> Progress:
        """Sleep until time or somebody moves the facts, then read them again."""
        self.stepping.show(at)
        await self.stepping.wait(at.seconds, at.waiting_for or "next step")
        return await self.look()

    async def look(self) -> Progress:
        """Read the facts."""
        bells, strangers = self.doorbell.take()
        look = Look(change=self.change, ahead=True, bells=bells, strangers=strangers)
        found: Progress = await self.stepping.take(ChangeActivities.look_at_change, look)
        return found
