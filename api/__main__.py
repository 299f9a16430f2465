"""`python -m api`: serve the API and the pages with the settings of the environment."""

import os
import signal
import sys

import uvicorn

from api.app import create_app
from domain.errors import MandateError
from store.kept import settle
from store.logs import configure_logs
from store.settings import settings
from web import pages


def main() -> int:
    """Serve until SIGTERM. Returns the exit code: 2 when the installation is not ready to be served."""
    try:
        loaded = settings()
        configure_logs(loaded.log_level)
        app = create_app(loaded)
        pages.mount(app)
        settle()
    except MandateError as error:
        print(f"api: {error.code}: {error.detail}", file=sys.stderr)
        return 2
    # uvicorn raises the signal that ended it once more after it has drained; a drained server ends well.
    signal.signal(signal.SIGTERM, lambda *_: None)
    uvicorn.run(
        app,
        host=loaded.api_host,
        port=loaded.api_port,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=10,
    )
    return 0


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter aborts now and then while it ends after a Temporal client was used; everything is done by here.
    os._exit(code)
