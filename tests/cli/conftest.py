import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from cli.platform.ports import remembered_ports
from commands.command import Gateway
from commands.example import set_up_example
from store.database import Database
from store.migrate import upgrade
from tests.cli.command_line import CommandLine, surroundings
from tests.live import nursery


@contextmanager
def api_alone(folder: Path, with_content: bool) -> Iterator[CommandLine]:
    """An API process on a database of its own, without Temporal: enough for whatever does not wait for a workflow."""
    database_url = f"sqlite:///{folder / 'mandate.db'}"
    upgrade(database_url)
    database = Database(database_url, development=True)
    set_up_example(Gateway(database), with_content)
    database.close()
    port = remembered_ports(folder / "ports.json", ("api",))["api"]
    settings = {
        "MANDATE_DATABASE_URL": database_url,
        "MANDATE_MODE": "development",
        "MANDATE_API_PORT": str(port),
        "MANDATE_FILES_DIR": str(folder / "files"),
        "MANDATE_SNAPSHOT_URL": str(folder / "snapshots"),
        "MANDATE_AUDIT_KEY_FILE": str(folder / "key.pem"),
        "MANDATE_CHECKPOINT_DIR": str(folder / "checkpoints"),
        "MANDATE_TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    url = f"http://127.0.0.1:{port}"
    process = nursery.start(("-m", "api"), {**surroundings(), **settings}, folder / "api.log")
    try:
        _wait_for(url, process, folder / "api.log")
        yield CommandLine(folder, url, settings)
    finally:
        process.terminate()
        process.wait(20)


def _wait_for(url: str, process: nursery.Child, log: Path) -> None:
    limit = time.monotonic() + 60
    while time.monotonic() < limit and process.poll() is None:
        with suppress(httpx.TransportError):
            if httpx.get(f"{url}/openapi.json", trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise AssertionError(f"the API does not answer: {log.read_text()[-2000:]}")


@pytest.fixture(scope="module")
def shop_with_content(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommandLine]:
    """The command line of an installation with the example business."""
    with api_alone(tmp_path_factory.mktemp("content"), with_content=True) as found:
        yield found
