"""The worker, with points at which it dies (see faults.py)."""

import asyncio
import os
from datetime import timedelta

import worker
from tests.live import faults

if __name__ == "__main__":
    faults.arm()
    # A worker that dies leaves its cached workflows behind; the server need not wait long to give them away.
    vars(worker)["STICKY"] = timedelta(seconds=1)
    code = asyncio.run(worker.main())
    os._exit(code)
