"""`python -m cli.platform.worker_health`: whether a worker of this machine asks Temporal for work on every queue.

The check of a container: it fails where database or Temporal do not answer, and where the worker has stopped asking.
"""

import asyncio
import socket
import sys
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import DescribeTaskQueueMode, TaskQueueType
from temporalio.api.taskqueue.v1 import PollerInfo, TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.service import RPCError

from activities.house import ANALYSIS_QUEUE, CONTROL_QUEUE, INTEGRATION_QUEUE
from activities.runtime import connect
from cli.platform.prepare import leave
from domain.errors import MandateError
from store.database import Database
from store.installation import installation_id
from store.logs import configure_logs
from store.settings import settings

QUEUES = (CONTROL_QUEUE, INTEGRATION_QUEUE, ANALYSIS_QUEUE)
RECENT = timedelta(seconds=100)
"""A worker without work asks anew once a minute."""


async def silent_queues(client: Client, host: str) -> list[str]:
    """The queues on which nobody on this machine has asked for steps of late. Raises RPCError."""
    since = datetime.now(UTC) - RECENT
    return [queue for queue in QUEUES if not any(_asks(one, host, since) for one in await _pollers(client, queue))]


async def _pollers(client: Client, queue: str) -> list[PollerInfo]:
    answer = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=queue),
            # The plain mode looks at one partition of the queue only.
            api_mode=DescribeTaskQueueMode.DESCRIBE_TASK_QUEUE_MODE_ENHANCED,
            task_queue_types=[TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
            report_pollers=True,
        )
    )
    found = [types for version in answer.versions_info.values() for types in version.types_info.values()]
    return [poller for types in found for poller in types.pollers]


def _asks(poller: PollerInfo, host: str, since: datetime) -> bool:
    return poller.identity.endswith(f"@{host}") and poller.last_access_time.ToDatetime(UTC) >= since


async def check() -> list[str]:
    """The silent queues of the installation that the environment names. Raises MandateError, RPCError, RuntimeError."""
    loaded = settings()
    database = Database(loaded.database_url, loaded.mode == "development")
    client = await connect(loaded.temporal_address, installation_id(database))
    return await silent_queues(client, socket.gethostname())


def main() -> int:
    """The exit code: 0 when every queue is asked, 1 with a sentence otherwise."""
    configure_logs("WARNING")
    try:
        silent = asyncio.run(check())
    except (MandateError, RPCError, RuntimeError) as failure:
        print(failure, file=sys.stderr)
        return 1
    if silent:
        print(f"No worker here asks for work on: {', '.join(silent)}.", file=sys.stderr)
    return 1 if silent else 0


if __name__ == "__main__":
    leave(main())
