"""How a lifecycle takes steps and waits: local, then regular, then parked; woken, never polling (D1, D12)."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ActivityError, ApplicationError, FailureError, is_cancelled_exception
from temporalio.exceptions import TimeoutError as StepTimeout

with workflow.unsafe.imports_passed_through():
    from activities.house import (
        DUE_AT,
        EMERGENCY,
        KIND,
        LOCAL,
        OWNER,
        PARK_FIRST,
        PARK_LONGEST,
        PHASE,
        REGULAR,
        TIER,
        WAITING_FOR,
        WAKE_SIGNAL,
    )
    from activities.payloads import ChangeRef, Progress, Trouble, Wake

T = TypeVar("T")
Step = Callable[..., Any]
Tell = Callable[[Trouble], Any]
MOST_BELLS = 20
ENDS_AFTER_A_WAIT, ENDS_WHILE_PARKED = "ends-after-a-wait", "ends-while-parked"
# A regular activity wraps what made it fail, a local one does not.
FAILURES = (ActivityError, ApplicationError, StepTimeout)


class Doorbell:
    """What has rung since the last look: outbox ids, and the names of signals and updates that nobody knows."""

    def __init__(self, ref: ChangeRef) -> None:
        self.bells = list(ref.bells)
        self.strangers = list(ref.strangers)
        self._taken = 0
        workflow.set_dynamic_signal_handler(self._stranger)
        workflow.set_dynamic_update_handler(self._refuse)

    @property
    def rang(self) -> bool:
        return bool(self.bells or self.strangers)

    @property
    def heard(self) -> int:
        """How often it has rung in all."""
        return self._taken + len(self.bells) + len(self.strangers)

    def take(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """What rang, once."""
        self._taken = self.heard
        taken = tuple(self.bells[:MOST_BELLS]), tuple(self.strangers[:MOST_BELLS])
        del self.bells[:], self.strangers[:]
        return taken

    def _stranger(self, name: str, args: Sequence[RawValue]) -> None:
        self.strangers.append(name)

    async def _refuse(self, name: str, args: Sequence[RawValue]) -> None:
        # There is no validator: what a validator refuses leaves no trace, and an attempt has to leave one.
        self.strangers.append(f"update {name}")
        raise ApplicationError("A message carries no authority.", type="no_authority", non_retryable=True)


class Stepping:
    """Takes steps for one subject and shows in Temporal's web UI what it does and for whom it waits."""

    def __init__(self, ref: ChangeRef, doorbell: Doorbell, note_trouble: Any) -> None:
        self.subject = ref.change
        self.page = ref.page
        self.doorbell = doorbell
        self._note_trouble = note_trouble
        self._parked = set(ref.parked)
        self._shown: tuple[Any, ...] = ()

    async def take(self, step: Any, argument: Any, queue: str | None = None, **options: Any) -> Any:
        """Run a step until it succeeds: local, then regular, then parked until time or a person has it tried again.

        A step with a `queue` of its own goes there as a regular activity at once.
        """
        name, local, parks = step.__name__, queue is None, 0
        while True:
            try:
                if local:
                    result = await self._local(step, argument)
                else:
                    result = await workflow.execute_activity_method(
                        step, argument, task_queue=queue, summary=_title(name), **(options or REGULAR)
                    )
            except FAILURES as failure:
                if is_cancelled_exception(failure):
                    raise
                if local:
                    local, argument = False, argument.alone()
                    continue
                await self._park(name, failure, parks)
                self._end_if_long(ENDS_WHILE_PARKED)
                parks += 1
            else:
                await self._resumed(name)
                return result

    async def _local(self, step: Any, argument: Any) -> Any:
        return await workflow.execute_local_activity_method(step, argument, summary=_title(step.__name__), **LOCAL)

    async def _park(self, name: str, failure: FailureError, parks: int) -> None:
        """Show the failure, open its case if the database answers, and wait; nothing dies of it (R-15.6)."""
        cause = failure.cause if isinstance(failure, ActivityError) else failure
        code = (cause.type if isinstance(cause, ApplicationError) else None) or "step_failed"
        self._tell_operator(
            f"### Parked at: {_title(name)}\n\n`{code}`: {cause or failure}\n\nIt is tried again by itself."
        )
        await self._tell(Trouble(change=self.subject, step=name, code=code))
        self._parked.add(name)
        self.show_phase(f"parked: {name}")
        # Only a new ring is a reason to try again at once; what rang before waits for the next look at the facts.
        heard = self.doorbell.heard
        pause = min(PARK_FIRST * 2 ** min(parks, 8), PARK_LONGEST)
        await self._until(lambda: self.doorbell.heard > heard, pause, f"retry {_title(name)}")

    async def _resumed(self, name: str) -> None:
        if name in self._parked:
            self._parked.discard(name)
            await self._tell(Trouble(change=self.subject, step=name, resumed=True))

    async def _tell(self, trouble: Trouble) -> None:
        try:
            await self._local(self._note_trouble, trouble)
        except FAILURES:
            workflow.logger.warning("trouble_not_noted")

    async def wait(self, seconds: float | None, summary: str) -> None:
        """Sleep for so long (None: without end) or until the doorbell rings; a long history ends there."""
        await self._until(lambda: self.doorbell.rang, seconds, summary)
        self._end_if_long(ENDS_AFTER_A_WAIT)

    def _end_if_long(self, change_of_code: str) -> None:
        """Go on in a new run once the history is long (D8); what rang and what is parked goes along.

        Only right after a wait: the service refuses to end a run into which a signal comes meanwhile, as under a flood
        of them, so nothing else may be done in that task.
        """
        if workflow.info().is_continue_as_new_suggested() and workflow.patched(change_of_code):
            bells, strangers = self.doorbell.take()
            parked = tuple(sorted(self._parked))
            workflow.continue_as_new(
                ChangeRef(change=self.subject, page=self.page, bells=bells, strangers=strangers, parked=parked)
            )

    async def _until(self, met: Callable[[], bool], seconds: float | None, summary: str) -> None:
        timeout = None if seconds is None else timedelta(seconds=seconds)
        try:
            await workflow.wait_condition(met, timeout=timeout, timeout_summary=summary)
        except TimeoutError:
            return

    def show(self, at: Progress) -> None:
        """Tell an operator in the web UI where the change stands, without names, prices or texts."""
        due = f"\n\nTime acts next at {at.due_at:%Y-%m-%d %H:%M:%S} UTC (business time)." if at.due_at else ""
        blocks = "".join(f"\n- `{block}`" for block in at.blocks)
        took = f"\n\nJust done: {', '.join(map(_title, at.took))}." if at.took else ""
        waiting = f"\n\nWaits for **{at.waiting_for}**." if at.waiting_for else ""
        self._tell_operator(
            f"### {at.change}, revision {at.revision}: {at.state.replace('_', ' ')}\n\nKind {at.kind}, "
            f"tier {'not yet known' if at.tier is None else at.tier}, owner {at.owner}.{waiting}{due}{blocks}{took}"
        )
        self._upsert(at)

    def _tell_operator(self, details: str) -> None:
        # The service does not hand the static details of a run on to the run that continues it.
        workflow.set_current_details(f"{details}\n\n{self.page}".rstrip())

    def show_phase(self, phase: str) -> None:
        """Mark a phase that is not one of the lifecycle's."""
        workflow.upsert_search_attributes([PHASE.value_set(phase)])
        self._shown = ()

    def _upsert(self, at: Progress) -> None:
        now = (at.kind, at.owner, at.state, at.waiting_for, at.tier, at.due_at, at.emergency)
        if now == self._shown:
            return
        self._shown = now
        workflow.upsert_search_attributes(
            [
                KIND.value_set(at.kind),
                OWNER.value_set(at.owner),
                PHASE.value_set(at.state),
                WAITING_FOR.value_set(at.waiting_for),
                TIER.value_unset() if at.tier is None else TIER.value_set(at.tier),
                DUE_AT.value_unset() if at.due_at is None else DUE_AT.value_set(at.due_at),
                # What histories from before did not tell is not said anew, so that they replay as they were.
                *(() if at.emergency is None else (EMERGENCY.value_set(at.emergency),)),
            ]
        )


def _title(name: str) -> str:
    return name.replace("_", " ")


__all__ = ["WAKE_SIGNAL", "Doorbell", "Stepping", "Wake"]
