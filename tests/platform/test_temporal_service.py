"""The real Temporal service from one state folder: it starts, survives a crash, skips time and ends with its parent."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from secrets import token_hex

import httpx
import psutil
import pytest
from temporalio import workflow
from temporalio.client import Client
from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from cli.platform.ports import is_free
from cli.platform.temporal_service import TemporalService, ensure_namespace, ensure_namespace_async
from domain.errors import Unavailable

QUEUE = "platform-test"


@workflow.defn
class Patient:
    """Waits a day or for a signal and says which it was."""

    def __init__(self) -> None:
        self.woken = False

    @workflow.signal
    def wake(self) -> None:
        self.woken = True

    @workflow.run
    async def run(self) -> str:
        try:
            await workflow.wait_condition(lambda: self.woken, timeout=timedelta(days=1))
        except TimeoutError:
            return "a day passed"
        return "woken"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TemporalService]:
    running = TemporalService(tmp_path_factory.mktemp("temporal"), time_skipping=True, ui=True)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def namespace(service: TemporalService) -> str:
    name = f"test-{token_hex(8)}"
    ensure_namespace(service.address, name)
    return name


def worker(client: Client) -> Worker:
    return Worker(client, task_queue=QUEUE, workflows=[Patient], workflow_runner=UnsandboxedWorkflowRunner())


@pytest.mark.asyncio
async def test_a_namespace_is_usable_at_once_and_finds_workflows_by_the_shared_attributes(
    service: TemporalService,
) -> None:
    name = f"test-{token_hex(8)}"
    await ensure_namespace_async(service.address, name)
    await ensure_namespace_async(service.address, name)
    client = await Client.connect(service.address, namespace=name)
    attributes = TypedSearchAttributes(
        [
            SearchAttributePair(SearchAttributeKey.for_keyword("WaitingFor"), "finance"),
            SearchAttributePair(SearchAttributeKey.for_int("Tier"), 3),
            SearchAttributePair(SearchAttributeKey.for_bool("Emergency"), True),
        ]
    )
    async with worker(client):
        handle = await client.start_workflow(Patient.run, id="patient", task_queue=QUEUE, search_attributes=attributes)
        await handle.signal(Patient.wake)
        assert await handle.result() == "woken"
    assert await found(client, "WaitingFor = 'finance' AND Tier = 3 AND Emergency = true") == ["patient"]
    assert await found(client, "WaitingFor = 'legal' OR DueAt < '2020-01-01T00:00:00Z'") == []


async def found(client: Client, query: str) -> list[str]:
    return [one.id async for one in client.list_workflows(query)]


@pytest.mark.asyncio
async def test_a_day_passes_in_seconds_when_time_skipping_is_on(service: TemporalService, namespace: str) -> None:
    client = await Client.connect(service.address, namespace=namespace)
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    async with worker(client):
        handle = await skipper.client.start_workflow(Patient.run, id="patient", task_queue=QUEUE)
        await skipper.fast_forward(handle, timedelta(hours=25))
        assert await handle.result() == "a day passed"


def test_the_web_ui_serves_pages_on_loopback(service: TemporalService) -> None:
    assert service.ui_url is not None
    assert "<html" in httpx.get(service.ui_url, follow_redirects=True, trust_env=False).text
    addresses = {
        listening.laddr.ip
        for process in (service.process, service.web_ui_process)
        if process is not None
        for listening in psutil.Process(process.pid).net_connections("tcp")
        if listening.status == psutil.CONN_LISTEN
    }
    assert addresses == {"127.0.0.1"}


@pytest.mark.asyncio
async def test_a_killed_server_continues_where_it_was(tmp_path: Path) -> None:
    crashing = TemporalService(tmp_path / "state")
    crashing.start()
    address, name = crashing.address, f"test-{token_hex(8)}"
    await ensure_namespace_async(address, name)
    client = await Client.connect(address, namespace=name)
    await client.start_workflow(Patient.run, id="patient", task_queue=QUEUE)
    await client.get_workflow_handle("patient").signal(Patient.wake)
    crashing.kill()
    crashing.start()
    try:
        assert crashing.address == address
        client = await Client.connect(address, namespace=name)
        async with worker(client):
            assert await client.get_workflow_handle("patient").result() == "woken"
    finally:
        crashing.stop()


def test_stop_frees_the_ports_and_is_harmless_twice(tmp_path: Path) -> None:
    short = TemporalService(tmp_path)
    short.start()
    ports = json.loads((tmp_path / "ports.json").read_text())
    assert not is_free(ports["frontend"])
    short.stop()
    short.stop()
    assert all(is_free(port) for port in ports.values())


def test_fixed_ports_that_are_taken_are_named(service: TemporalService, tmp_path: Path) -> None:
    taken = int(service.address.rpartition(":")[2])
    with pytest.raises(Unavailable, match=str(taken)) as refused:
        TemporalService(tmp_path, port_base=taken).start()
    assert refused.value.code == "port_taken"


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "default.db").mkdir()
    with pytest.raises(Unavailable) as refused:
        TemporalService(tmp_path).start()
    assert refused.value.code == "temporal_not_started"
    assert "unable to open database file" in refused.value.detail


def test_the_server_dies_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from cli.platform.temporal_service import TemporalService;"
        "service = TemporalService(Path(sys.argv[1])); service.start();"
        "print(service.process.pid, flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    server = psutil.Process(int(parent.stdout.readline()))
    os.kill(parent.pid, signal.SIGKILL)
    parent.communicate()
    server.wait(timeout=5)


def test_the_server_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started = TemporalService(tmp_path)
    with ThreadPoolExecutor(max_workers=1) as thread:
        thread.submit(started.start).result()
    time.sleep(0.2)
    assert started.is_ready()
    started.stop()


def test_a_namespace_needs_a_service(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        ensure_namespace("127.0.0.1:9", "nowhere")
    assert refused.value.code == "temporal_unreachable"
