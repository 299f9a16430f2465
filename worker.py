"""The worker: settings -> database, client -> workers on their queues, the relay of bells and the sweeper."""

import asyncio
import os
import signal
import sys
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from activities.change import ChangeActivities
from activities.doorbell import Relay
from activities.house import ANALYSIS_QUEUE, CONTROL_QUEUE, INTEGRATION_QUEUE
from activities.housekeeping import checkpoint_forever, forget_forever
from activities.runtime import connect
from activities.sweeper import sweep_forever
from commands.command import Gateway
from connectors.runtime_catalog import RuntimeCatalog
from connectors.target import Target
from domain.errors import MandateError
from store.database import Database
from store.files import FileStore
from store.installation import installation_id
from store.logs import configure_logs
from store.settings import Settings, settings
from workflows.change import ChangeWorkflow

THREADS = 16
RUNTIME_CATALOG = "runtime-catalog"
log = structlog.get_logger("worker")


def targets(loaded: Settings) -> dict[str, Target]:
    """The target systems that releases are delivered to."""
    if loaded.runtime_catalog_url is None:
        return {}
    return {RUNTIME_CATALOG: RuntimeCatalog(loaded.runtime_catalog_url, loaded.delivery_timeout)}


def deployment(loaded: Settings) -> WorkerDeploymentConfig | None:
    """Worker versioning, only where a deployment is named (D8)."""
    if loaded.deployment is None:
        return None
    name, _, build = loaded.deployment.partition(":")
    return WorkerDeploymentConfig(
        version=WorkerDeploymentVersion(deployment_name=name, build_id=build),
        use_worker_versioning=True,
        default_versioning_behavior=VersioningBehavior.AUTO_UPGRADE,
    )


def workers(
    client: Client, activities: ChangeActivities, loaded: Settings, threads: ThreadPoolExecutor
) -> list[Worker]:
    """One worker a queue: lifecycles, downstream systems, analysis."""
    steps = activities.all()
    polling = PollerBehaviorAutoscaling(minimum=1, maximum=20, initial=2)
    queues: tuple[tuple[str, list[type]], ...] = (
        (CONTROL_QUEUE, [ChangeWorkflow]),
        (INTEGRATION_QUEUE, []),
        (ANALYSIS_QUEUE, []),
    )
    return [
        Worker(
            client,
            task_queue=queue,
            workflows=workflows,
            activities=steps,
            activity_executor=threads,
            max_cached_workflows=loaded.worker_cache if workflows else 0,
            max_concurrent_activities=THREADS,
            max_concurrent_local_activities=THREADS,
            workflow_task_poller_behavior=polling,
            activity_task_poller_behavior=polling,
            deployment_config=deployment(loaded),
        )
        for queue, workflows in queues
    ]


def housekeeping(gateway: Gateway, loaded: Settings) -> list[Coroutine[Any, Any, None]]:
    """What the worker does beside its queues; checkpoints only where a key is named (D5a)."""
    tasks = [forget_forever(gateway)]
    if loaded.audit_key_file is not None:
        tasks.append(
            checkpoint_forever(gateway, loaded.audit_key_file, loaded.checkpoint_dir, loaded.checkpoint_interval)
        )
    return tasks


async def run(loaded: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set; then finish what is in hand. Raises MandateError when a part is missing."""
    database = Database(loaded.database_url, loaded.mode == "development")
    client = await connect(loaded.temporal_address, installation_id(database))
    relay = Relay()
    gateway = Gateway(database, relay)
    activities = ChangeActivities(gateway, FileStore(loaded.files_dir), targets(loaded))
    with ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="step") as threads:
        made = workers(client, activities, loaded, threads)
        running = [asyncio.create_task(worker.run()) for worker in made]
        helpers = [
            *(asyncio.create_task(task) for task in housekeeping(gateway, loaded)),
            asyncio.create_task(relay.run(client, Gateway(database))),
            asyncio.create_task(sweep_forever(gateway, client, loaded.sweep_interval)),
        ]
        log.info("worker_ready", temporal=loaded.temporal_address, queues=len(made))
        done, _ = await asyncio.wait(
            [*running, *helpers, asyncio.create_task(stop.wait())], return_when=asyncio.FIRST_COMPLETED
        )
        await asyncio.gather(*(worker.shutdown() for worker in made))
        for helper in helpers:
            helper.cancel()
            with suppress(asyncio.CancelledError):
                await helper
        for task in done:
            if task in running:
                task.result()
    database.close()


async def main() -> int:
    """Run until SIGTERM or SIGINT. Returns the exit code."""
    loaded = settings()
    configure_logs(loaded.log_level)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, stop.set)
    await run(loaded, stop)
    return 0


if __name__ == "__main__":
    try:
        code = asyncio.run(main())
    except MandateError as error:
        print(f"worker: {error.code}: {error.detail}", file=sys.stderr)
        code = 2
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter aborts now and then while it ends after a worker was used; everything is done by here.
    os._exit(code)
