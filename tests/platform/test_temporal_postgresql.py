"""The Temporal service with its workflows in PostgreSQL: its configuration, and what is said when that fails."""

from pathlib import Path

import pytest
import yaml

from cli.platform import temporal_config
from cli.platform.ports import LOOPBACK
from cli.platform.temporal_binaries import Binaries
from cli.platform.temporal_postgresql import ensure_schema
from cli.platform.temporal_service import TemporalService
from domain.errors import Unavailable


def test_the_url_becomes_two_stores_on_one_server(tmp_path: Path) -> None:
    ports = dict(zip(temporal_config.PORTS, range(20_000, 20_100), strict=False))
    file = tmp_path / "server.yaml"
    temporal_config.write_server(file, ports, tmp_path / "dynamic.yaml", "postgresql://t%40x:p%2Fw@db.example:5433/")
    persistence = yaml.safe_load(file.read_text())["persistence"]
    stores = {name: store["sql"] for name, store in persistence["datastores"].items()}
    assert {name: store["databaseName"] for name, store in stores.items()} == temporal_config.DATABASES
    for store in stores.values():
        login = (store["pluginName"], store["connectAddr"], store["user"], store["password"])
        assert login == ("postgres12_pgx", "db.example:5433", "t@x", "p/w")
    assert persistence["numHistoryShards"] == temporal_config.POSTGRESQL_SHARDS


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    service = TemporalService(tmp_path, database_url=f"postgresql://postgres@{LOOPBACK}:9/")
    with pytest.raises(Unavailable) as refused:
        service.start()
    assert refused.value.code == "temporal_schema_failed"
    assert refused.value.detail == (
        "`create` of Temporal's database temporal failed: no usable database connection found"
    )


def test_the_all_in_one_program_refuses_postgresql() -> None:
    with pytest.raises(Unavailable, match="SQLite only"):
        ensure_schema(Binaries(server=Path("temporal")), "postgresql://postgres@127.0.0.1/")
