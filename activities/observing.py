"""Each step that a worker takes is logged, and every line of it names step, workflow, subject and request.

The request is the one by which somebody moved the subject last, read from its chain: what a client calls its request
does not enter Temporal (D7a), and it is known after a restart, too.
"""

import functools
import time
from collections.abc import Callable
from typing import Any

import structlog
from temporalio import activity
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from activities.house import subject_of_workflow_id
from domain.errors import MandateError, Unavailable
from store.audit import last_request
from store.database import Database

log = structlog.get_logger("step")


class Observing(Interceptor):
    """Wraps the steps of a worker, which read the chains of this database."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        return _Observed(next, self.database)


class _Observed(ActivityInboundInterceptor):
    def __init__(self, next: ActivityInboundInterceptor, database: Database) -> None:
        super().__init__(next)
        self.database = database

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        # Around the function and not here: a step runs in a thread of its own, where the database may be waited for.
        input.fn = _observed(input.fn, self.database)
        return await super().execute_activity(input)


def _observed(step: Callable[..., Any], database: Database) -> Callable[..., Any]:
    @functools.wraps(step)
    def observed(*arguments: Any) -> Any:
        _bind(database)
        begun, outcome = time.monotonic(), "failed"
        try:
            result = step(*arguments)
            outcome = "done"
        except MandateError as error:
            outcome = error.code
            raise
        finally:
            log.info("step", outcome=outcome, milliseconds=round((time.monotonic() - begun) * 1000, 1))
        return result

    return observed


def _bind(database: Database) -> None:
    """The step has the thread's context to itself, so nothing is taken back."""
    info = activity.info()
    assert info.workflow_id is not None
    noun, _, name = info.workflow_id.partition("/")
    structlog.contextvars.bind_contextvars(
        activity=info.activity_type,
        workflow_id=info.workflow_id,
        request_id=_request(database, subject_of_workflow_id(info.workflow_id)),
        **{noun: name},
    )


def _request(database: Database, subject: str) -> str | None:
    """What is not known, because there is none or the database is away, is left to the step itself to say."""
    try:
        with database.reading() as session:
            return last_request(session, subject) or None
    except Unavailable:
        return None
