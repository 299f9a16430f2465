"""Takes snapshots in processes that are killed: `python -m tests.analysis.killed URL FOLDER`; one number a line says when.

The number counts what the interpreter tells its audit hooks (files opened, renamed, removed), so that no code of ours is
touched. Each answer is the number of events of a run that was not killed, or -1.
"""

import os
import signal
import sys

from activities.snapshot import refresh
from commands.command import Gateway
from store.database import Database
from store.snapshots import SnapshotFiles

EVENTS = frozenset({"open", "os.rename", "os.mkdir", "os.remove", "os.rmdir", "fcntl.flock"})


def take(url: str, folder: str, kill_at: int) -> int:
    """Take a snapshot and die at an event; 0: never. Returns the number of events."""
    seen = 0

    def count(event: str, _arguments: object) -> None:
        nonlocal seen
        if event in EVENTS:
            seen += 1
            if seen == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    database = Database(url, development=True)
    sys.addaudithook(count)
    refresh(Gateway(database), SnapshotFiles(folder))
    database.close()
    return seen


def main(url: str, folder: str) -> None:
    """Fork before anything has started a thread, once for each number, and answer."""
    for line in sys.stdin:
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            os.write(writing, str(take(url, folder, int(line))).encode())
            os._exit(0)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        with os.fdopen(reading) as answer:
            print(-1 if os.WIFSIGNALED(status) else answer.read(), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
