"""Simulations through the API and on pages: what was decided on, and what a change or a version would do today (R-6.6)."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from activities.snapshot import refresh
from analysis.assessment import Wide
from analysis.engine import Limits
from commands.orders import seed_orders
from queries.simulation import stored
from store.snapshots import SnapshotFiles
from tests.api.conftest import Caller
from tests.builders import FINANCE, Business, everything, proposal, set_price
from web import pages


@pytest.fixture
def trading(business: Business) -> Business:
    """Open quotes, orders and contracts."""
    business.seed(1, 300)
    seed_orders(business.gateway, business.system(), 1, 0, 60, (), 0, True)
    return business


@pytest.fixture
def browser(client: TestClient) -> TestClient:
    """Somebody at the pages."""
    assert isinstance(client.app, FastAPI)
    pages.mount(client.app)
    client.post("/sign-in/development", data={"account": FINANCE})
    return client


def test_a_change_is_run_on_the_quotes_of_today_and_its_evidence_stays(
    trading: Business, caller: Callable[[str], Caller]
) -> None:
    change = trading.approved(proposal(set_price()))
    trading.seed(2, 300)
    before, asking = everything(trading.database), caller(FINANCE)
    stored = asking.get(f"/api/changes/{change}/simulation").json()
    found = asking.get(f"/api/changes/{change}/simulation/today").json()
    again = asking.get(f"/api/changes/{change}/simulation/reproduction").json()

    assert found["on_live"] and found["simulation"]["quotes"] > stored["quotes"] > 0
    assert again["same"] and again["stored"] == stored["digest"] != found["simulation"]["digest"]
    assert everything(trading.database)["evidence"] == before["evidence"]


def test_the_page_says_when_a_quote_is_not_as_the_simulation_saw_it(
    trading: Business, browser: TestClient, tmp_path: Path
) -> None:
    elsewhere = SnapshotFiles(str(tmp_path / "elsewhere"))
    refresh(trading.gateway, elsewhere)
    wide = replace(trading, wide=Wide(elsewhere, Limits("256MB", 1), few=0))
    change = wide.awaiting(proposal(set_price()))
    with trading.database.reading() as session:
        quote = stored(session, change).largest[0].quote
    page = browser.get(f"/changes/{change}/simulation/quotes/{quote}").text

    assert "no longer kept: this is the quote as it is now" in page


def test_a_released_change_is_run_on_what_was_live_before_it(
    trading: Business, caller: Callable[[str], Caller]
) -> None:
    change = trading.released(proposal(set_price()))
    trading.seed(2, 300)
    found = caller(FINANCE).get(f"/api/changes/{change}/simulation/today").json()

    assert not found["on_live"] and found["simulation"]["dearer"] == found["simulation"]["quotes"] > 0


def test_an_old_version_is_run_as_if_it_were_live_today(trading: Business, caller: Callable[[str], Caller]) -> None:
    trading.released(proposal(set_price()))
    asking, path = caller(FINANCE), "/api/simulations/version?artifact=pricing/standard&version="
    old, now = (asking.get(f"{path}{number}").json() for number in (1, 2))

    assert old["cheaper"] == old["quotes"] > 0 and now["quotes"] == 0
    for number, artifact, code in ((9, "pricing/standard", "unknown_version"), (1, "pricing/none", "unknown_artifact")):
        answer = asking.get(f"/api/simulations/version?artifact={artifact}&version={number}")
        assert (answer.status_code, answer.json()["code"]) == (404, code)


def test_the_pages_show_what_differs_and_lead_to_today(trading: Business, browser: TestClient) -> None:
    change = trading.released(proposal(set_price()))
    text = browser.get(f"/changes/{change}/simulation").text
    today = browser.get(f"/changes/{change}/simulation/today").text
    version = browser.get("/artifacts/pricing/standard/versions/1/today").text

    for name in (
        "Eligibility",
        "Approval route",
        "Clauses",
        "Fulfillment plan",
        "Billing mapping",
        "Renewal candidates",
    ):
        assert name in text and name in today and name in version
    assert f"/changes/{change}/simulation/today" in text and "Nothing is recorded" in today
    assert "/artifacts/pricing/standard/versions/1/today" in browser.get("/artifacts/pricing/standard").text
    assert browser.get("/artifacts/pricing/standard/versions/9/today").status_code == 404
    assert (
        browser.get(f"/changes/{trading.draft(proposal(set_price(channel='partner')))}/simulation/today").status_code
        == 200
    )
