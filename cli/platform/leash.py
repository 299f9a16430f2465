"""Starts a program that ends with its parent: `python leash.py PARENT COMMAND...` replaces itself by COMMAND.

On Linux the kernel is asked to kill this process when the parent dies (PR_SET_PDEATHSIG), whatever it dies of: one that
is ended by SIGKILL cannot clean up itself. The request outlives the exec. It is made here, in a program of its own,
because code between fork and exec (`preexec_fn`) is not safe in a parent with threads, and ours have threads.
On other systems the parent's own shutdown is the only leash.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CANNOT_RUN = 127


def main(parent: int, command: list[str]) -> None:
    """Become `command`; leave at once when `parent` is already gone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        # The parent may have died before the request was made; then nobody would ever be told.
        if os.getppid() != parent:
            sys.exit(1)
    try:
        os.execvp(command[0], command)
    except OSError as failure:
        print(f"{command[0]}: {failure.strerror}", file=sys.stderr)
        sys.exit(CANNOT_RUN)


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
