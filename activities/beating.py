"""Steps that may take long beat while they work: Temporal hears each second that they live, they that they shall end.

A thread of its own beats, so that whatever a step is busy with, a worker that was killed is noticed and one that works
is left alone. Where nobody wants the step any more, it ends the statements that the step has running.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.house import INTEGRATION_QUEUE
from analysis.engine import OPEN, Connections, interrupt

BEAT = 1.0
Wanted: TypeAlias = Callable[["Beats"], bool]


@dataclass
class Beats:
    """What a step and the thread that beats for it share.

    wanted: asked with each beat; it raises nothing. given_up: it said no, or the workflow was cancelled.
    stopped: given up, or to be left here for another try: the worker ends, a beat was lost, somebody paused the step.
    """

    wanted: Wanted
    details: tuple[Any, ...] = ()
    given_up: bool = False
    stopped: bool = False
    connections: Connections = field(default_factory=set)
    ended: threading.Event = field(default_factory=threading.Event)

    def beat(self) -> None:
        """Beat until the step has ended."""
        while not self.ended.wait(BEAT):
            if activity.in_activity():
                activity.heartbeat(*self.details)
            self.given_up = self.given_up or _cancelled() or not self.wanted(self)
            self.stopped = self.stopped or self.given_up or (activity.in_activity() and activity.is_cancelled())
            if self.stopped:
                interrupt(self.connections)


CURRENT: ContextVar[Beats | None] = ContextVar("beats", default=None)


@contextmanager
def beating(wanted: Wanted = lambda beats: True) -> Iterator[Beats]:
    """Beat for as long as this lasts; a step that beats already asks so long whether it is wanted."""
    beats = CURRENT.get()
    if beats is not None:
        before, beats.wanted = beats.wanted, wanted
        try:
            yield beats
        finally:
            beats.wanted = before
        return
    beats = Beats(wanted)
    set_beats, set_open = CURRENT.set(beats), OPEN.set(beats.connections)
    helper = threading.Thread(target=copy_context().run, args=(beats.beat,), daemon=True)
    helper.start()
    try:
        yield beats
    finally:
        beats.ended.set()
        helper.join()
        CURRENT.reset(set_beats)
        OPEN.reset(set_open)


def tell(*details: Any) -> None:
    """What the next beats say of how far the step is."""
    beats = CURRENT.get()
    if beats is not None:
        beats.details = details


class Beating(Interceptor):
    """Beats for every step of a worker; local ones have seconds only, and deliveries beat with each answer."""

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Beaten(next)


class _Beaten(ActivityInboundInterceptor):
    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        at = activity.info()
        if not at.is_local and at.task_queue != INTEGRATION_QUEUE:
            input.fn = beaten(input.fn)
        return await super().execute_activity(input)


def beaten(step: Callable[..., Any]) -> Callable[..., Any]:
    """A step that beats."""

    @functools.wraps(step)
    def beaten(*arguments: Any) -> Any:
        with beating():
            return step(*arguments)

    return beaten


def _cancelled() -> bool:
    why = activity.cancellation_details() if activity.in_activity() else None
    return why is not None and why.cancel_requested
