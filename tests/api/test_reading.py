"""Reads are version-addressed, lists page by cursor, health says what is missing, and the contract is documented."""

import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi.testclient import TestClient
from temporalio.client import Client

from api.parts import Parts
from commands.command import Gateway
from store.database import Database
from tests.api.conftest import Caller
from tests.api.test_bad_input import PROPOSAL, proposal

PRICE = "/api/prices?offering=FIBRE-500&selling_model=monthly&market=DE&channel=partner&currency=EUR"


def test_a_price_names_the_version_and_the_activation_that_say_so(caller: Callable[[str], Caller]) -> None:
    price = caller("mara.lindqvist").get(PRICE).json()
    assert price["unit_price"] == "39.9"
    assert price["version"] == 1
    assert price["activation"].startswith("activation-")
    assert price["change"].startswith("CR-")


def test_nothing_was_live_before_the_first_activation(caller: Callable[[str], Caller]) -> None:
    answer = caller("mara.lindqvist").get(PRICE + "&at=2020-01-01T00:00:00Z")
    assert (answer.status_code, answer.json()["code"]) == (404, "nothing_live")


def test_lists_page_by_cursor_without_gaps(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    made = [mara.post("/api/changes", proposal(title=f"Change {n}")).json()["change"] for n in range(5)]
    seen, cursor = [], ""
    while cursor is not None:
        page = mara.get(
            f"/api/changes?limit=2&kind=pricing{'&cursor=' + cursor.replace('+', '%2B') if cursor else ''}"
        ).json()
        seen += [item["id"] for item in page["items"]]
        cursor = page["next"]
    assert seen == sorted(made, reverse=True)


def test_a_dry_run_says_tier_people_and_money_and_writes_no_change(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    before = mara.get("/api/changes").json()
    found = mara.post("/api/changes/dry-run", PROPOSAL).json()
    assert found["words"] == ["FIBRE-500, monthly, DE, partner: 39.90 EUR becomes 42.90 EUR"]
    assert set(found["candidates"]["owner"]) >= {"ines.castellano"}
    assert found["forecast"]["decided_at"] < found["forecast"]["completed_at"] and found["missing"] == []
    assert mara.get("/api/changes").json() == before


def test_versions_and_their_difference(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    versions = mara.get("/api/artifacts/pricing/standard/versions").json()
    assert [version["number"] for version in versions] == [1]
    assert {activation["market"] for activation in versions[0]["activations"]} == {"DE", "GB", "CH"}
    difference = mara.get("/api/artifacts/pricing/standard/difference?old=0&new=1").json()
    assert len(difference["words"]) == len(difference["operations"]) > 300


@pytest.mark.parametrize(
    ("artifact", "contains", "key", "own"),
    [("catalog", "offering/FIBRE-500", "offering/FIBRE-500", "FIBRE-500"), ("pricing", "cost/FIBRE-500/", "cost/FIBRE-500/CHF", None)],
)  # fmt: skip
def test_entries_say_their_key_beside_their_own_id(
    caller: Callable[[str], Caller], artifact: str, contains: str, key: str, own: str | None
) -> None:
    path = f"/api/artifacts/{artifact}/standard/versions/1/entries?limit=1"
    page = caller("mara.lindqvist").get(f"{path}&contains={contains}").json()
    assert [(entry["key"], entry.get("id")) for entry in page["items"]] == [(key, own)]
    assert page["next"] == key


def test_ready_names_what_is_missing(client: TestClient) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert set(answer.json()["missing"]) == {"temporal"}
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_a_database_and_a_temporal_that_keep_silent_are_named_and_stop_nobody(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They take connections and say nothing, as behind a network path that is gone."""
    with socket.socket() as silent, ThreadPoolExecutor(3) as threads:
        silent.bind(("127.0.0.1", 0))
        silent.listen(50)
        _depend_on(client, f"127.0.0.1:{silent.getsockname()[1]}")
        monkeypatch.setattr("api.health.PATIENCE", 0.2)
        missing = client.get("/readyz").json()["missing"]
        assert missing == {"database": "The database keeps silent.", "temporal": "Temporal keeps silent."}
        monkeypatch.setattr("api.health.PATIENCE", 60.0)
        asked = [threads.submit(client.get, "/readyz") for _ in range(3)]
        time.sleep(0.3)
        assert client.get("/healthz").is_success
        assert not any(question.done() for question in asked)
        assert sum(thread.name.startswith("asyncio_") for thread in threading.enumerate()) == 1
        silent.close()
        assert {question.result().status_code for question in asked} == {503}


def _depend_on(client: TestClient, address: str) -> None:
    parts: Parts = client.app.state.parts  # type: ignore[attr-defined]
    parts.gateway = Gateway(Database(f"postgresql+psycopg://mandate_app@{address}/mandate"))

    async def connect_lazily() -> None:
        parts.temporal = await Client.connect(address, lazy=True)

    assert client.portal is not None
    client.portal.call(connect_lazily)


def test_metrics_count_requests_by_route_and_not_by_path(client: TestClient, caller: Callable[[str], Caller]) -> None:
    caller("mara.lindqvist").get("/api/changes/CR-1")
    text = client.get("/metrics").text
    assert 'route="/api/changes/{change}"' in text
    assert "CR-1" not in text


def test_every_route_is_documented(client: TestClient) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            assert operation.get("description") or operation.get("summary"), (method, path)


def test_who_owns_a_kind_of_change(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    answer = mara.get("/api/ownership?kind=pricing").json()
    assert answer["ownership"]["accountable"] == "pricing"
    assert "finance" in answer["ownership"]["consulted"]
    assert len(mara.get("/api/ownership/table").json()["kinds"]) == 13
    refused = mara.get("/api/ownership?kind=coffee")
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_kind")
