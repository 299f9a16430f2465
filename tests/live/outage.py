"""A database that goes away, and what Temporal then shows to an operator."""

from typing import Any

from temporalio.client import Client, WorkflowHandle

from activities.house import subject_of_workflow_id
from tests.databases import PostgresServer
from tests.live.platform import Platform


class Stoppable(PostgresServer):
    """A PostgreSQL server that goes away and comes back with what was committed."""

    def pause(self) -> None:
        self._handle.stop()

    def resume(self) -> None:
        self._handle.ensure_postgres_running()


def parked(platform: Platform) -> set[str]:
    """The changes that Temporal shows as parked."""

    async def listed(client: Client) -> set[str]:
        query = "Phase = 'parked: look_at_change' AND ExecutionStatus = 'Running'"
        return {subject_of_workflow_id(one.id) async for one in client.list_workflows(query)}

    return platform.temporal(listed)


def details(platform: Platform, change: str) -> str:
    """What an operator reads in the current details of a workflow."""

    async def read(handle: WorkflowHandle[Any, Any]) -> str:
        return str(await handle.query("__temporal_workflow_metadata", result_type=object))

    return platform.workflow(change, read)
