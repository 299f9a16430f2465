"""An application on a port of this machine, for programs and clients that come by HTTP."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from cli.platform.ports import LOOPBACK


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Serve it in a thread, without what it would do at its start; its address."""
    config = uvicorn.Config(app, LOOPBACK, 0, lifespan="off", log_config=None, access_log=False, proxy_headers=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, name="served")
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://{LOOPBACK}:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join()
