"""The worker: settings -> database, client -> workers on their queues, the relay of bells and the sweeper."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from temporalio.client import Client
from temporalio.common import VersioningBehavior, WorkerDeploymentVersion
from temporalio.worker import PollerBehaviorAutoscaling, Worker, WorkerDeploymentConfig

from activities.approval import ApprovalActivities
from activities.change import ChangeActivities
from activities.doorbell import Relay
from activities.history import keep_forever
from activities.house import ANALYSIS_QUEUE, CONTROL_QUEUE, INTEGRATION_QUEUE
from activities.housekeeping import checkpoint_forever, forget_forever, reconcile_forever, watch_reviews_forever
from activities.observing import Observing
from activities.policy_watch import watch_policies_forever
from activities.reconciliation import ReconciliationActivities
from activities.runtime import connect
from activities.snapshot import refresh_forever
from activities.sweeper import sweep_forever
from analysis.assessment import Wide
from analysis.engine import Limits
from commands.command import Gateway
from connectors.runtime_catalog import RuntimeCatalog
from connectors.target import Target
from domain.errors import MandateError
from store.database import Database
from store.files import FileStore
from store.installation import installation_id
from store.kept import settle
from store.logs import configure_logs
from store.settings import RUNTIME_CATALOG, Settings, settings
from store.snapshots import SnapshotFiles
from workflows.approval import ApprovalWorkflow
from workflows.change import ChangeWorkflow
from workflows.reconciliation import ReconciliationWorkflow

AT_ONCE = 16
STICKY = timedelta(seconds=3)
"""How long a wake-up waits for the worker that has the workflow in memory: a worker that is gone delays it so much."""
BEATS = timedelta(seconds=1)
log = structlog.get_logger("worker")


class Queue(NamedTuple):
    """What is done on a queue, and how many regular steps are taken at once."""

    name: str
    at_once: int
    workflows: Sequence[type] = ()

    @property
    def threads(self) -> int:
        """One for every step that can be given: the SDK queues the rest behind them, where a step runs out of time."""
        return self.at_once + (AT_ONCE if self.workflows else 0)


QUEUES = (
    Queue(CONTROL_QUEUE, AT_ONCE, (ChangeWorkflow, ApprovalWorkflow, ReconciliationWorkflow)),
    Queue(INTEGRATION_QUEUE, AT_ONCE),
    # One analysis at a time: each may use all the memory and threads that are set for it.
    Queue(ANALYSIS_QUEUE, 1),
)
"""No thread is shared: a target that keeps silent holds those of its own queue, and decisions and timers go on."""


def targets(loaded: Settings) -> dict[str, Target]:
    """The target systems that releases are delivered to."""
    if loaded.runtime_catalog_url is None:
        return {}
    return {RUNTIME_CATALOG: RuntimeCatalog(loaded.runtime_catalog_url, loaded.delivery_timeout)}


def wide(loaded: Settings) -> Wide:
    """Where wide analyses read, and how much memory and how many threads each may use."""
    limits = Limits(loaded.analysis_memory, loaded.analysis_threads)
    return Wide(SnapshotFiles(loaded.snapshot_url), limits, loaded.analysis_few)


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


def limits(loaded: Settings) -> Limits:
    """How much one analysis may use."""
    return Limits(loaded.analysis_memory, loaded.analysis_threads)


def workers(
    client: Client,
    steps: Sequence[Callable[..., object]],
    loaded: Settings,
    pools: ExitStack,
    observing: Observing,
) -> list[Worker]:
    """One worker a queue, each with threads of its own, which end with `pools`."""
    polling = PollerBehaviorAutoscaling(minimum=1, maximum=20, initial=2)
    return [
        Worker(
            client,
            task_queue=queue.name,
            workflows=queue.workflows,
            activities=steps,
            activity_executor=pools.enter_context(ThreadPoolExecutor(queue.threads, f"{queue.name} step")),
            interceptors=[observing],
            max_cached_workflows=loaded.worker_cache if queue.workflows else 0,
            sticky_queue_schedule_to_start_timeout=STICKY,
            # Progress is shown and a cancellation heard with the beats; by default they are held back for a minute.
            max_heartbeat_throttle_interval=BEATS,
            default_heartbeat_throttle_interval=BEATS,
            max_concurrent_activities=queue.at_once,
            max_concurrent_local_activities=AT_ONCE,
            workflow_task_poller_behavior=polling,
            activity_task_poller_behavior=polling,
            deployment_config=deployment(loaded),
        )
        for queue in QUEUES
    ]


def housekeeping(gateway: Gateway, loaded: Settings) -> list[Coroutine[Any, Any, None]]:
    """What the worker does beside its queues; checkpoints only where a key is named (D5a)."""
    files = SnapshotFiles(loaded.snapshot_url)
    tasks = [
        forget_forever(gateway, FileStore(loaded.files_dir)),
        watch_reviews_forever(gateway),
        watch_policies_forever(gateway, loaded.sweep_interval),
        refresh_forever(gateway, files, loaded.snapshot_interval),
        reconcile_forever(gateway, loaded.reconciliation_interval),
    ]
    if loaded.audit_key_file is not None:
        tasks.append(
            checkpoint_forever(gateway, loaded.audit_key_file, loaded.checkpoint_dir, loaded.checkpoint_interval)
        )
    return tasks


async def run(loaded: Settings, stop: asyncio.Event) -> None:
    """Work until `stop` is set; then finish what is in hand. Raises MandateError when a part is missing."""
    database = Database(loaded.database_url, loaded.mode == "development")
    client = await connect(loaded.temporal_address, installation_id(database))
    relay = Relay(loaded.public_url)
    gateway = Gateway(database, relay)
    files = FileStore(loaded.files_dir)
    steps = [
        *ChangeActivities(gateway, files, targets(loaded), wide(loaded)).all(),
        *ApprovalActivities(gateway, files, {}).all(),
        *ReconciliationActivities(gateway, files, limits(loaded)).all(),
    ]
    with ExitStack() as pools:
        made = workers(client, steps, loaded, pools, Observing(database))
        running = [asyncio.create_task(worker.run()) for worker in made]
        helpers = [
            *(asyncio.create_task(task) for task in housekeeping(gateway, loaded)),
            asyncio.create_task(relay.run(client, Gateway(database))),
            asyncio.create_task(keep_forever(gateway, client, files)),
            asyncio.create_task(sweep_forever(gateway, client, loaded.public_url, loaded.sweep_interval)),
        ]
        settle()
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
