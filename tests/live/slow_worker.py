"""The worker, but one step prices all partitions, each a second later and noted in the file that WORKED names.

A worker that is gone is noticed after seconds, not minutes.
"""

import asyncio
import os
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import worker
from activities import house
from activities import simulation as steps
from analysis import simulation
from domain.snapshot import PARTITIONS

LONGER = 1.0


def noted(work: Any, *args: Any) -> Iterator[Any]:
    """Each partition later, and noted."""
    for piece in work(*args):
        time.sleep(LONGER)
        with Path(os.environ["WORKED"]).open("a") as file:
            file.write(".")
        yield piece


if __name__ == "__main__":
    vars(steps)["GROUP"] = PARTITIONS
    house.PART["heartbeat_timeout"] = timedelta(seconds=10)
    vars(simulation)["effects_by_engine"] = partial(noted, vars(simulation)["effects_by_engine"])
    code = asyncio.run(worker.main())
    os._exit(code)
