"""The API of reconciliations: ask, follow, read page by page, export, give up; bad input is told, nothing happens."""

import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest

from activities.payloads import ReconciliationRef
from activities.reconciliation import ReconciliationActivities
from analysis.engine import Limits
from analysis.order_seeding import Fault
from commands.orders import seed_orders
from store.files import FileStore
from tests.api.conftest import Caller
from tests.builders import Business

PAIR = "order-billing"


@pytest.fixture
def sofia(business: Business, caller: Callable[[str], Caller]) -> Caller:
    """Somebody who looks after thirty orders, half of them spoilt."""
    faults = (Fault.WRONG_CHARGE, Fault.MISSING_SUBSCRIPTION)
    seed_orders(business.gateway, business.call("sofia.marin"), 1, 0, 30, faults, 5_000, True)
    business.travel(3 * 86_400)
    return caller("sofia.marin")


def carried_out(business: Business, sofia: Caller, tmp_path: Path) -> str:
    asked = sofia.post("/api/reconciliations", {"pair": PAIR, "mode": "incident", "reason": "Bills look wrong."})
    assert asked.status_code == 202, asked.text
    run = str(asked.json()["run"])
    steps = ReconciliationActivities(business.gateway, FileStore(tmp_path / "files"), Limits("300MB", 1))
    steps.reconcile(ReconciliationRef(run=run))
    return run


def test_a_run_from_asking_to_its_export(business: Business, sofia: Caller, tmp_path: Path) -> None:
    run = carried_out(business, sofia, tmp_path)
    view = sofia.get(f"/api/reconciliations/{run}").json()
    assert (view["summary"]["state"], view["summary"]["mode"]) == ("done", "incident")
    total = view["result"]["differences"]
    assert total == view["summary"]["breaks"] > 0
    seen, cursor = [], "0"
    while cursor is not None:
        page = sofia.get(f"/api/reconciliations/{run}/differences?limit=2&cursor={cursor}").json()
        seen += [item["number"] for item in page["items"]]
        cursor = page["next"]
    assert seen == list(range(1, total + 1))
    one = sofia.get(f"/api/reconciliations/{run}/differences/1").json()
    assert one["severity"] == "critical" and one["right"] is None and one["left"]["subscription"] == "active"
    text = sofia.get(f"/api/reconciliations/{run}/differences.csv").text
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [int(row["number"]) for row in rows] == seen and rows[0]["key"] == one["key"]
    work = sofia.get("/api/reconciliation-work").json()
    assert {item["last_run"] for item in work} == {run}
    pairs = {item["id"]: item for item in sofia.get("/api/reconciliation-pairs").json()}
    assert pairs[PAIR]["last"]["id"] == run and pairs[PAIR]["open_work"] == len(work) and len(pairs) == 8


def test_differences_can_be_narrowed(business: Business, sofia: Caller, tmp_path: Path) -> None:
    path = f"/api/reconciliations/{carried_out(business, sofia, tmp_path)}/differences"
    everything = sofia.get(f"{path}?limit=200").json()["items"]
    for query, wanted in (
        ("kind=missing_right", [item for item in everything if item["kind"] == "missing_right"]),
        ("field=amount_minor", [item for item in everything if "amount_minor" in item["fields"]]),
        ("severity=high", [item for item in everything if item["severity"] == "high"]),
    ):
        assert wanted and sofia.get(f"{path}?limit=200&{query}").json()["items"] == wanted


def test_runs_page_newest_first_and_can_be_given_up(sofia: Caller) -> None:
    runs = [sofia.post("/api/reconciliations", {"pair": PAIR}).json()["run"] for _ in range(3)]
    page = sofia.get("/api/reconciliations?limit=2").json()
    assert [item["id"] for item in page["items"]] == runs[:0:-1]
    assert [item["id"] for item in sofia.get(f"/api/reconciliations?cursor={page['next']}").json()["items"]] == runs[:1]
    assert sofia.post(f"/api/reconciliations/{runs[0]}/cancel").json()["state"] == "cancelled"
    again = sofia.post(f"/api/reconciliations/{runs[0]}/cancel")
    assert (again.status_code, again.json()["code"]) == (409, "run_is_over")
    answer = sofia.get(f"/api/reconciliations/{runs[0]}/differences")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_result")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/reconciliations/RC-1999-0001", 404, "unknown_reconciliation"),
        ("/api/reconciliations/RC-1999-0001/differences", 404, "unknown_reconciliation"),
        ("/api/reconciliations?cursor=made-up", 422, "bad_cursor"),
    ],
)
def test_what_cannot_be_read(caller: Callable[[str], Caller], path: str, status: int, code: str) -> None:
    answer = caller("sofia.marin").get(path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("query", "code"), [("kind=x", "bad_filter"), ("severity=x", "bad_filter"), ("cursor=-1", "invalid_request")]
)
def test_a_bad_filter_is_told(business: Business, sofia: Caller, tmp_path: Path, query: str, code: str) -> None:
    run = carried_out(business, sofia, tmp_path)
    answer = sofia.get(f"/api/reconciliations/{run}/differences?{query}")
    assert answer.status_code == 422
    assert answer.json()["code"] == code or code == "invalid_request"
    assert sofia.get(f"/api/reconciliations/{run}/differences/99999").json()["code"] == "unknown_difference"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"pair": "nothing"}, 404),
        ({}, 422),
        ({"pair": PAIR, "mode": "x"}, 422),
        ({"pair": PAIR, "reason": "hidden \u202e"}, 422),
        ({"pair": PAIR, "more": 1}, 422),
    ],
)
def test_a_bad_request_makes_no_run(caller: Callable[[str], Caller], body: dict[str, object], status: int) -> None:
    sofia = caller("sofia.marin")
    assert sofia.post("/api/reconciliations", body).status_code == status
    assert sofia.get("/api/reconciliations").json()["items"] == []
