"""A policy replay over the records of a snapshot, from the API; and the words for what cannot be replayed."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import delete, select, update
from sqlmodel import col

from activities.snapshot import refresh
from analysis.engine import AT_ONCE, Limits, engine
from analysis.policies import policy_at
from analysis.replay import Version
from api.app import create_app
from commands.orders import seed_orders
from commands.quote_approvals import submit_quote
from domain.quote import QuoteTerms
from policies.content import document_of, policy_in
from queries.replay import replay_policy, replayed_deals, version_of
from store.settings import Settings
from store.snapshots import SnapshotFiles
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow, QuoteRow
from tests.api.conftest import Caller
from tests.builders import FINANCE, REQUESTER, Business
from tests.commands.test_ownership import change_table, put
from web import pages

POLICY, PROMOTED = "approval/standard", "Q-7-0000001"
SOFIA = "sofia.marin"


@pytest.fixture
def files(business: Business, tmp_path: Path) -> SnapshotFiles:
    """A snapshot of two hundred accepted quotes."""
    seed_orders(business.gateway, business.call(SOFIA), 4, 0, 200, (), 0, True)
    files = SnapshotFiles(str(tmp_path / "snapshots"))
    refresh(business.gateway, files)
    return files


def test_past_deals_through_a_draft(business: Business, files: SnapshotFiles) -> None:
    with business.database.reading() as session:
        policy = policy_at(session, POLICY, 1)
        draft = document_of(policy)
        for row in draft["quote"]["rows"]:
            if row["id"] == "discount":
                row["when"] = {"discount_percent": "> 2"}
        found = replay_policy(
            session,
            files,
            Limits("200MB", 1),
            POLICY,
            version_of(session, POLICY, 1),
            Version(policy_in(draft), "draft"),
        )
    assert found.deals == 200 and found.unreadable == 0 and found.sampled == 200
    assert 0 < found.under_routed.deals < 200 and set(found.under_routed.money) <= {"EUR", "GBP", "CHF"}
    assert found.over_routed.deals == 0
    assert found.under_routed.deals + found.same_people.deals == 200
    finance = next(item for item in found.work if item.group == "finance")
    assert finance.new_signatures - finance.old_signatures == finance.asked_now == found.under_routed.deals
    assert found.hours[1] >= found.hours[0] > 0
    assert Version(policy, "version 1").route(dict.fromkeys((), 0) | _plain()).stages


def test_a_deal_is_replayed_as_it_was_decided(business: Business, tmp_path: Path) -> None:
    business.seed(7, 60)
    _promoted(business)
    with business.database.reading() as session:
        drafts = select(col(QuoteRow.id)).where(col(QuoteRow.status) == "draft").order_by(col(QuoteRow.id))
        quote = str(session.execute(drafts).scalars().first())
    terms = QuoteTerms(payment_days=60, standard_clauses=False, regions=2)
    request = submit_quote(business.gateway, business.call(REQUESTER), quote, terms).request
    for person in (FINANCE, "sunita.iyer", "tom.okafor", "olivia.hartmann"):
        business.decide(request, person)
    files = SnapshotFiles(str(tmp_path / "snapshots"))
    refresh(business.gateway, files)

    with business.database.reading() as session:
        one = version_of(session, POLICY, 1)
        found = replay_policy(session, files, Limits("200MB", 1), POLICY, one, one)
        number = next(place for place, flow in enumerate(found.flows) if "legal" in flow.old.groups)
        page = replayed_deals(session, files, Limits("200MB", 1), (one, one), number, 0)
        thin = next(
            place for place, flow in enumerate(found.flows) if flow.old.groups == ("finance", "sales-operations")
        )
        promoted = replayed_deals(session, files, Limits("200MB", 1), (one, one), thin, 0)
    assert [deal.facts["margin_percent"] for deal in promoted.items if deal.deal == PROMOTED] == [14]
    assert found.decided == 1 and found.compared == found.deals - 1
    assert [deal.deal for deal in page.items] == [quote]
    asked = {"payment_days": 60, "standard_clauses": False, "regions": 2}
    assert {name: page.items[0].facts[name] for name in asked} == asked


def _promoted(business: Business) -> None:
    """An approved quote of one router for partners, made while the example's promotion of it runs."""
    made = datetime(2027, 3, 15, tzinfo=UTC)
    place = {"market": "DE", "channel": "partner", "segment": "business", "currency": "EUR"}
    router = {"offering": "ROUTER-PRO", "selling_model": "one_time", "quantity": 1, "discount_basis_points": 0}
    quotes, lines = table_of(QuoteRow), table_of(QuoteLineRow)
    of = {"status": "approved", "created_at": made, "expires_at": made + timedelta(days=120)}
    with business.database.writing() as session:
        session.execute(update(quotes).where(quotes.c.id == PROMOTED).values(place | of))
        session.execute(delete(lines).where(lines.c.quote == PROMOTED, lines.c.line > 1))
        session.execute(update(lines).where(lines.c.quote == PROMOTED).values(router))


def test_the_owner_of_quotes_is_who_the_ownership_table_says(business: Business) -> None:
    change_table(business, put(business, "domain/quote-lifecycle", accountable="sales-operations"))
    with business.database.reading() as session:
        document = document_of(policy_at(session, POLICY, 1))
        owner = version_of(session, POLICY, 1).owner
    for row in document["quote"]["rows"]:
        for stage in row["then"]["stages"]:
            stage["groups"] = ["owner"]
    route = Version(policy_in(document), "draft", owner).route(_plain())
    assert (owner, route.groups) == ("sales-operations", ("sales-operations",))


def _plain() -> dict[str, object]:
    facts = {"discount_percent": 0, "margin_percent": 50, "payment_days": 30, "regions": 1}
    return {**facts, "strategic_account": False, "standard_clauses": True}


@pytest.fixture
def sofia(business: Business, files: SnapshotFiles, tmp_path: Path) -> Iterator[Caller]:
    settings = Settings(
        mode="development",
        database_url=business.login.application,
        files_dir=tmp_path / "files",
        snapshot_url=files.url,
        temporal_address="127.0.0.1:1",
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        token = client.post("/api/sessions/development", json={"account": SOFIA}).json()["token"]
        yield Caller(client, token)


def test_a_change_that_is_proposed(sofia: Caller) -> None:
    change = any_discount(sofia)
    found = sofia.get(f"/api/policy-replays?old=1&change={change}").json()
    assert found["under_routed"]["deals"] > 0 and found["over_routed"]["deals"] == 0
    assert found["new"] == change


def test_two_versions_by_the_api(sofia: Caller) -> None:
    found = sofia.get("/api/policy-replays?old=1&new=1").json()
    assert found["deals"] == found["same_people"]["deals"] == 200
    assert found["snapshot"].startswith("sha256:")


def test_while_as_many_as_may_are_analysed_another_is_asked_to_come_again(
    sofia: Caller, files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.parts.PATIENCE", 1)
    with ExitStack() as others:
        for _ in range(AT_ONCE):
            others.enter_context(engine(files, Limits("100MB", 1)))
        answer = sofia.get("/api/policy-replays?old=1&new=1")
    assert (answer.status_code, answer.json()["code"]) == (503, "analysis_busy")
    assert int(answer.headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("old=1&new=9", 404, "unknown_version"),
        ("old=1&new=1&policy=approval/none", 404, "unknown_artifact"),
        ("old=1", 422, "nothing_to_compare"),
        ("old=1&change=CR-1", 404, "unknown_change_request"),
    ],
)
def test_what_cannot_be_compared(sofia: Caller, query: str, status: int, code: str) -> None:
    answer = sofia.get(f"/api/policy-replays?{query}")
    assert answer.status_code == status, answer.text
    assert not code or answer.json()["code"] in (code, "unknown_version")


def test_without_a_snapshot_it_says_so(caller: Callable[[str], Caller], tmp_path: Path) -> None:
    answer = caller(SOFIA).get("/api/policy-replays?old=1&new=1")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_snapshot")


def any_discount(sofia: Caller) -> str:
    """A change of the policy by which finance sees every discount."""
    row = {"type": "row", "table": "quote", "id": "discount", "position": 2, "because": "any discount"}
    stages = sofia.get("/api/policies/approval/standard").json()["document"]["quote"]["rows"][1]["then"]
    put = {"edit": "put_row", "row": {**row, "when": {"discount_percent": "> 0"}, "then": stages}}
    proposal = {"kind": "approval", "title": "Finance sees every discount", "objective": "Watch discounts for a while."}
    made = sofia.post("/api/changes", {**proposal, "parts": [{"artifact": POLICY, "edits": [put]}]})
    return str(made.json()["change"])


def test_a_flow_leads_down_to_its_deals(sofia: Caller) -> None:
    asked = f"old=1&change={any_discount(sofia)}"
    found = sofia.get(f"/api/policy-replays?{asked}").json()
    for number, flow in enumerate(found["flows"]):
        deals = []
        for start in range(0, flow["deals"], 50):
            deals += sofia.get(f"/api/policy-replays/deals?{asked}&flow={number}&start={start}").json()["items"]
        money: dict[str, int] = {}
        for deal in deals:
            money[deal["currency"]] = money.get(deal["currency"], 0) + deal["value_minor"]
        assert (len({deal["deal"] for deal in deals}), money) == (flow["deals"], flow["money"])
        more = flow["new"]["groups"] != flow["old"]["groups"]
        assert {deal["facts"]["discount_percent"] > 0 for deal in deals} == {True} if more else deals
    beyond = sofia.get(f"/api/policy-replays/deals?{asked}&flow={len(found['flows'])}")
    assert (beyond.status_code, beyond.json()["code"]) == (404, "unknown_flow")


def test_the_page_shows_cycle_time_and_leads_to_deals(sofia: Caller) -> None:
    assert isinstance(sofia.client.app, FastAPI)
    pages.mount(sofia.client.app)
    sofia.client.post("/sign-in/development", data={"account": SOFIA})
    asked = f"old=1&change={any_discount(sofia)}"
    text = sofia.client.get(f"/policy-replays/compare?{asked}").text
    deals = sofia.client.get(f"/policy-replays/deals?{asked}&flow=0").text

    assert "hours a deal before" in text and f"/policy-replays/deals?{asked.replace('&', '&amp;')}&amp;flow=0" in text
    assert deals.count('<a href="/quotes/QA-4-') == 50 and "Discount percent" in deals and "start=50" in deals
    assert sofia.client.get(f"/policy-replays/deals?{asked}&flow=99").status_code == 404
