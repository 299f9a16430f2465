"""The worker, with points at which it dies (see faults.py)."""

import asyncio
import os
from datetime import timedelta
from functools import partial

import worker
from tests.live import faults

if __name__ == "__main__":
    faults.arm()
    # A worker that dies leaves its cached workflows behind; the server need not wait ten seconds to give them away.
    program = vars(worker)
    program["Worker"] = partial(program["Worker"], sticky_queue_schedule_to_start_timeout=timedelta(seconds=1))
    code = asyncio.run(worker.main())
    os._exit(code)
