"""The tables of the Temporal service in PostgreSQL, made and brought up to date by the service's own SQL tool."""

import json
import os
import re
import subprocess
from pathlib import Path
from urllib.parse import unquote, urlsplit

from cli.platform.temporal_binaries import Binaries
from cli.platform.temporal_config import DATABASES
from domain.errors import Unavailable


def ensure_schema(binaries: Binaries, database_url: str) -> None:
    """Make both databases and their newest tables; harmless when they exist. The login must be able to make databases.

    Raises Unavailable("temporal_schema_failed") with the tool's last line, or "temporal_missing" without the tool.
    """
    if binaries.sql_tool is None or binaries.schema_dir is None:
        detail = "The `temporal` program knows SQLite only; for PostgreSQL let the pinned service be built with Go."
        raise Unavailable("temporal_missing", detail)
    for schema, database in (("temporal", DATABASES["default"]), ("visibility", DATABASES["visibility"])):
        versions = binaries.schema_dir / schema / "versioned"
        _tool(binaries.sql_tool, database_url, database, "create")
        _tool(binaries.sql_tool, database_url, database, "setup-schema", "-v", "0.0")
        _tool(binaries.sql_tool, database_url, database, "update-schema", "-d", str(versions))


def _tool(tool: Path, database_url: str, database: str, *step: str) -> None:
    url = urlsplit(database_url)
    where = [
        "--ep",
        str(url.hostname),
        "-p",
        str(url.port or 5432),
        "-u",
        unquote(url.username or ""),
        "--db",
        database,
    ]
    # The password travels in the environment: command lines are readable by everybody on the machine.
    environment = {**os.environ, "SQL_PASSWORD": unquote(url.password or "")}
    command = [str(tool), "--plugin", "postgres12_pgx", *where, *step]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        cause = _cause(done.stdout + done.stderr)
        raise Unavailable("temporal_schema_failed", f"`{step[0]}` of Temporal's database {database} failed: {cause}")


def _cause(said: str) -> str:
    """The error inside the tool's last log line, which ends in a JSON object."""
    last = said.strip().rpartition("\n")[2]
    found = re.search(r'"error": ("(?:[^"\\]|\\.)*")', last)
    return str(json.loads(found[1])) if found else last
