"""The configuration of the Temporal server and its web UI on one machine: all of it listens on loopback only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml

from cli.platform.ports import LOOPBACK

SERVICES = ("frontend", "history", "matching", "worker")
PORTS = ("frontend", "frontend_http", "web_ui", *(f"{name}_membership" for name in SERVICES), *SERVICES[1:])
"""The ports that one service takes, in the order of a fixed base: base + 0 is the address, base + 2 the web UI."""

SQLITE_SHARDS = 1
POSTGRESQL_SHARDS = 4
DATABASES = {"default": "temporal", "visibility": "temporal_visibility"}

# The server's defaults are quotas for many tenants; one machine serves one, and a bulk import runs into them.
UNLIMITED = 1_000_000
QUOTAS = (
    "frontend.rps",
    "frontend.namespaceRPS",
    "frontend.namespaceRPS.visibility",
    "frontend.namespaceRPS.namespaceReplicationInducingAPIs",
    "frontend.rps.namespaceReplicationInducingAPIs",
    "frontend.persistenceMaxQPS",
    "history.rps",
    "history.persistenceMaxQPS",
    "matching.rps",
    "matching.persistenceMaxQPS",
    "system.visibilityPersistenceMaxReadQPS",
    "system.visibilityPersistenceMaxWriteQPS",
)


def dynamic_values(time_skipping: bool) -> dict[str, bool | int]:
    """The server's dynamic settings. New search attributes are seen at once, not after a minute."""
    values: dict[str, bool | int] = {"system.forceSearchAttributesCacheRefreshOnRead": True}
    values |= dict.fromkeys(QUOTAS, UNLIMITED)
    return values | ({"frontend.WorkflowTimeSkippingEnabled": True} if time_skipping else {})


def write_dynamic(file: Path, time_skipping: bool) -> None:
    """Write the dynamic configuration file."""
    values = dynamic_values(time_skipping)
    file.write_text(yaml.safe_dump({key: [{"value": value}] for key, value in values.items()}))


def write_server(file: Path, ports: Mapping[str, int], dynamic: Path, database_url: str | None) -> None:
    """Write the server's configuration: SQLite files beside `file`, or the PostgreSQL server of `database_url`."""
    stores = _postgresql(database_url) if database_url else _sqlite(file.parent)
    config = {
        "log": {"stdout": True, "level": "warn", "format": "json"},
        "persistence": {
            "defaultStore": "default",
            "visibilityStore": "visibility",
            "numHistoryShards": POSTGRESQL_SHARDS if database_url else SQLITE_SHARDS,
            "datastores": {name: {"sql": store} for name, store in stores.items()},
        },
        "global": {"membership": {"maxJoinDuration": "30s", "broadcastAddress": LOOPBACK}},
        "services": {name: {"rpc": _listeners(name, ports)} for name in SERVICES},
        "clusterMetadata": _cluster(ports),
        "dcRedirectionPolicy": {"policy": "noop"},
        "dynamicConfigClient": {"filepath": str(dynamic), "pollInterval": "10s"},
    }
    # It can hold a database password.
    file.touch(mode=0o600)
    file.write_text(yaml.safe_dump(config, sort_keys=False))


def write_web_ui(file: Path, ports: Mapping[str, int]) -> None:
    """Write the configuration of the Temporal web UI."""
    config = {
        "temporalGrpcAddress": f"{LOOPBACK}:{ports['frontend']}",
        "host": LOOPBACK,
        "port": ports["web_ui"],
        "enableUi": True,
        "disableNewsFetch": True,
        "hideLogs": True,
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(config))


def _listeners(name: str, ports: Mapping[str, int]) -> dict[str, Any]:
    rpc = {"grpcPort": ports[name], "membershipPort": ports[f"{name}_membership"], "bindOnLocalHost": True}
    return rpc | ({"httpPort": ports["frontend_http"]} if name == "frontend" else {})


def _cluster(ports: Mapping[str, int]) -> dict[str, Any]:
    here = {
        "enabled": True,
        "initialFailoverVersion": 1,
        "rpcName": "frontend",
        "rpcAddress": f"{LOOPBACK}:{ports['frontend']}",
        "httpAddress": f"{LOOPBACK}:{ports['frontend_http']}",
    }
    return {
        "enableGlobalNamespace": False,
        "failoverVersionIncrement": 10,
        "masterClusterName": "active",
        "currentClusterName": "active",
        "clusterInformation": {"active": here},
    }


def _sqlite(folder: Path) -> dict[str, dict[str, Any]]:
    """One connection and synchronous FULL: what was acknowledged survives a SIGKILL and a power cut."""
    attributes = {
        "cache": "private",
        "setup": "true",
        "journal_mode": "wal",
        "synchronous": "2",
        "busy_timeout": "10000",
    }
    common: dict[str, Any] = {
        "pluginName": "sqlite",
        # Required of every store; a store in a file has no address and ignores them.
        "connectAddr": "localhost",
        "connectProtocol": "tcp",
        "connectAttributes": attributes,
        "maxConns": 1,
        "maxIdleConns": 1,
    }
    return {name: {**common, "databaseName": str(folder / f"{name}.db")} for name in DATABASES}


def _postgresql(database_url: str) -> dict[str, dict[str, Any]]:
    url = urlsplit(database_url)
    common = {
        "pluginName": "postgres12_pgx",
        "connectProtocol": "tcp",
        "connectAddr": f"{url.hostname}:{url.port or 5432}",
        "user": unquote(url.username or ""),
        "password": unquote(url.password or ""),
        "maxConns": 20,
        "maxIdleConns": 20,
        "maxConnLifetime": "1h",
    }
    return {name: {**common, "databaseName": database} for name, database in DATABASES.items()}
