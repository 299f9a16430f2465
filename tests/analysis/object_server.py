"""An S3 server on loopback, moto's, over real HTTP; when it is asked to write for the nth time it can do what it is told."""

import logging
import threading
from collections.abc import Callable, Iterable
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

WRITES = ("PUT", "POST", "DELETE")
REGION = "us-east-1"
"""The one in which a bucket needs no location of its own."""


class ObjectServer:
    """The server, and how often it was asked to write."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._turn = threading.Lock()
        self.writes = 0
        self._at = 0
        self._then: Callable[[], None] = lambda: None

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs to know."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self._server.server_port}",
            "AWS_ACCESS_KEY_ID": "somebody",
            "AWS_SECRET_ACCESS_KEY": "something",
            "AWS_DEFAULT_REGION": REGION,
        }

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """End the server."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def at_write(self, number: int, then: Callable[[], None]) -> None:
        """Count anew, and do something when it is asked to write for so many a time; 0: never."""
        self.writes, self._at, self._then = 0, number, then

    def _serve(self, environ: dict[str, Any], answer: Any) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] not in WRITES:
            return self._app(environ, answer)
        with self._turn:
            self.writes += 1
            # By turns before it is written and after, so that both sides of every write are tried.
            if self.writes == self._at and self._at % 2:
                self._then()
            written = self._app(environ, answer)
            if self.writes == self._at and not self._at % 2:
                self._then()
            return written
