"""Brings an installation's database and its Temporal namespace to the state that API and worker expect.

`python -m cli.platform.prepare` is the one-shot of a deployment: it migrates with the owner's login, then makes the
namespace named after the installation in that database. The name exists only after the migration, so both are one step.
Where an audit key is named and not there it is made here, once, before the services that read it start (D5a).
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from cli.platform.temporal_namespace import ensure_namespace
from domain.errors import MandateError, Unavailable
from store.settings import settings
from store.signing import signer

CHECKOUT = Path(__file__).resolve().parents[2]
MIGRATE = (sys.executable, "-m", "store.migrate")
ANNOUNCEMENT = "installation "
ERROR = re.compile(r"[\w.]+: ")


def migrate(environment: Mapping[str, str]) -> str:
    """Run the migrations as a process with `environment` and return the installation id that the database holds.

    Raises Unavailable("migration_failed") with the error that the migration met.
    """
    done = subprocess.run(MIGRATE, env=environment, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    last = done.stdout.strip().rpartition("\n")[2]
    if done.returncode or not last.startswith(ANNOUNCEMENT):
        raise Unavailable("migration_failed", f"The database could not be migrated: {_cause(done.stderr)}")
    return last.removeprefix(ANNOUNCEMENT)


def _cause(said: str) -> str:
    """The line of a traceback that names the error; drivers add hints and links below it."""
    lines = [line for line in said.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in reversed(lines) if ERROR.match(line)), lines[-1])


def main() -> int:
    """Migrate, make namespace and audit key by the MANDATE_* environment; the exit code, 1 with why on failure."""
    try:
        installation = migrate(os.environ)
        ensure_namespace(settings().temporal_address, installation)
        if (key_file := settings().audit_key_file) is not None:
            signer(key_file)
    except MandateError as failure:
        print(failure.detail, file=sys.stderr)
        return 1
    print(f"{ANNOUNCEMENT}{installation}")
    return 0


def leave(code: int) -> None:
    """End this process now: after use of a Temporal client the interpreter aborts now and then while it ends."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    leave(main())
