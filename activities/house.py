"""The house rules of Temporal in one place: ids, queues, names, attributes, timeouts, retries (DESIGN section 4)."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel, ConfigDict
from temporalio.common import RetryPolicy, SearchAttributeKey

CONTROL_QUEUE = "control"
INTEGRATION_QUEUE = "integration"
ANALYSIS_QUEUE = "analysis"

CHANGE_WORKFLOW = "Change"
RECONCILIATION_WORKFLOW = "Reconciliation"
APPROVAL_WORKFLOW = "Approval"
REQUESTS = "AR-"
WAKE_SIGNAL = "wake"

SUBJECT = SearchAttributeKey.for_keyword("Subject")
KIND = SearchAttributeKey.for_keyword("Kind")
PHASE = SearchAttributeKey.for_keyword("Phase")
OWNER = SearchAttributeKey.for_keyword("Owner")
WAITING_FOR = SearchAttributeKey.for_keyword("WaitingFor")
TIER = SearchAttributeKey.for_int("Tier")
DUE_AT = SearchAttributeKey.for_datetime("DueAt")
EMERGENCY = SearchAttributeKey.for_bool("Emergency")

LOCAL: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=5),
    "schedule_to_close_timeout": timedelta(seconds=60),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_attempts=3),
}
"""A step on our own database: short, three attempts, no event of its own while it runs (D12).

Waiting for a free thread is no failure, so only the run itself is held to five seconds."""

HEARD = timedelta(seconds=30)
"""Every step that is no local one beats each second (`beating`), so after so long without a beat its worker is gone."""

REGULAR: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=10),
    "heartbeat_timeout": HEARD,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=10), maximum_attempts=3
    ),
}
"""The same step where a local one did not do: visible as pending with its error in the web UI (D12)."""

DOWNSTREAM: dict[str, Any] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": timedelta(minutes=3),
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=20), maximum_attempts=3
    ),
}
"""Calls of other systems, however many keep silent: a beat follows each, which waits for at most four answers."""

ANALYSIS: dict[str, Any] = {
    "start_to_close_timeout": timedelta(minutes=30),
    "heartbeat_timeout": HEARD,
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_attempts=3),
}
"""A step over many records."""
PART: dict[str, Any] = {**ANALYSIS}
"""A part of one, whose beats tell of its progress."""
BULK: dict[str, Any] = {
    "start_to_close_timeout": timedelta(hours=2),
    "heartbeat_timeout": HEARD,
    "retry_policy": RetryPolicy(
        initial_interval=timedelta(seconds=2), maximum_interval=timedelta(seconds=30), maximum_attempts=5
    ),
}
"""A set-based run of an engine; a killed one is begun again."""

PARK_FIRST, PARK_LONGEST = 15.0, 600.0


class Payload(BaseModel):
    """What travels through Temporal: ids, digests, counts. Unknown fields are ignored, new ones have defaults (D7a)."""

    model_config = ConfigDict(frozen=True, extra="ignore")


def change_workflow_id(change: str) -> str:
    """`CR-2026-0042` -> `change/CR-2026-0042`."""
    return f"change/{change}"


def approval_workflow_id(request: str) -> str:
    """`AR-2026-0007` -> `approval/AR-2026-0007`."""
    return f"approval/{request}"


def subject_of_workflow_id(workflow_id: str) -> str:
    """The subject as its chain names it: `change/CR-2026-0042` -> `CR-2026-0042`; a reconciliation keeps its noun."""
    noun, _, name = workflow_id.partition("/")
    return workflow_id if noun == "reconciliation" else name
