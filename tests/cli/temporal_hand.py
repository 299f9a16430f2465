"""A hand in Temporal, as a process of its own: `python -m tests.cli.temporal_hand ADDRESS NAMESPACE status|terminate ID`."""

import asyncio
import sys

from temporalio.client import Client

from cli.platform.prepare import leave


async def act(address: str, namespace: str, what: str, workflow_id: str) -> None:
    handle = (await Client.connect(address, namespace=namespace)).get_workflow_handle(workflow_id)
    if what == "terminate":
        await handle.terminate("lost")
    status = (await handle.describe()).status
    print(status.name if status else "UNKNOWN")


if __name__ == "__main__":
    asyncio.run(act(*sys.argv[1:]))
    leave(0)
