"""One short test run that uses a real client, worker and workflow; test_ends.py runs it many times in a row.

FAILS=1 makes it fail after everything worked.
"""

import asyncio
import os
from secrets import token_hex

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker


@workflow.defn
class Greeting:
    """Says what it was told."""

    @workflow.run
    async def run(self, name: str) -> str:
        return f"hello {name}"


async def greet() -> str:
    client = await Client.connect(os.environ["ADDRESS"], namespace=os.environ["NAMESPACE"])
    name = token_hex(8)
    async with Worker(client, task_queue=name, workflows=[Greeting], workflow_runner=UnsandboxedWorkflowRunner()):
        return await client.execute_workflow(Greeting.run, "you", id=name, task_queue=name)


def test_a_workflow_runs() -> None:
    assert asyncio.run(greet()) == "hello you"
    assert "FAILS" not in os.environ
