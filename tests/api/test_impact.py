"""The impact of a change through the API and on its page: answers, lists page by page and whole, the graph."""

import csv
import io
import json
from collections.abc import Callable

import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from commands.changes import revise_change
from commands.orders import seed_orders
from domain.errors import Invalid
from queries.impact import _columns, _csv, impact_view
from store import artifacts
from tests.api.conftest import Caller
from tests.builders import PRICES, REQUESTER, Business, proposal, set_price
from web import pages

QUOTES = 400


@pytest.fixture
def change(business: Business) -> str:
    """A change that waits for approval, in a business that sells."""
    business.seed(1, QUOTES)
    seed_orders(business.gateway, business.system(), 1, 0, 100, (), 0, True)
    return business.awaiting(proposal(set_price()))


def test_the_answers_say_how_they_were_found(change: str, caller: Callable[[str], Caller]) -> None:
    found = caller("helene.aubry").get(f"/api/changes/{change}/impact").json()

    assert [answer["name"] for answer in found["impact"]["answers"]][:3] == ["quotes", "orders", "assets"]
    assert found["impact"]["answers"][0]["count"] == found["impact"]["quotes"] > 0
    assert found["provenance"]["way"] == "index"
    assert found["digest"].startswith("sha256:")
    assert set(found["asked"]) <= set(found["titles"])


def test_lists_page_and_export_the_same_documents(change: str, caller: Callable[[str], Caller]) -> None:
    helene, path = caller("helene.aubry"), f"/api/changes/{change}/impact/quotes"
    seen, cursor = [], ""
    while cursor is not None:
        page = helene.get(f"{path}?limit=3&cursor={cursor}").json()
        seen += [item["document"] for item in page["items"]]
        cursor = page["next"]

    assert len(seen) == page["total"] == len(set(seen))
    answer = helene.get(f"{path}/export?format=csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="{change}-quotes.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["document"] for row in rows] == seen
    table = pq.read_table(io.BytesIO(helene.get(f"{path}/export?format=parquet").content))
    assert table["document"].to_pylist() == seen
    assert sum(table["value"].to_pylist()) == sum(int(row["value"]) for row in rows)
    assert helene.get(f"/api/changes/{change}/quotes?limit=2").json()["items"] == seen[:2]


def test_a_page_of_a_list_that_was_found_again_is_not_the_next_of_the_list_before(
    change: str, business: Business, caller: Callable[[str], Caller]
) -> None:
    helene = caller("helene.aubry")
    paths = [f"/api/changes/{change}/{name}" for name in ("impact/quotes", "quotes", "cases")]
    cursors = [helene.get(f"{path}?limit=1").json()["next"] for path in paths]
    for path, cursor in zip(paths, cursors, strict=True):
        assert helene.get(f"{path}?limit=1&cursor={cursor}").status_code == 200
        assert helene.get(f"{path}?cursor=x|{cursor}").json()["code"] == "bad_cursor"

    revised = proposal(set_price("45.90"), set_price(channel="partner"))
    revise_change(business.gateway, business.call(REQUESTER), change, revised, None)
    assert business.walk(change).state == "awaiting_approval"

    for path, cursor in zip(paths, cursors, strict=True):
        answer = helene.get(f"{path}?limit=1&cursor={cursor}")
        assert (answer.status_code, answer.json()["code"]) == (409, "list_moved"), path


def test_no_cell_of_a_list_is_run_by_a_spreadsheet() -> None:
    rows = {"document": ['=HYPERLINK("http://x")', "Q-1"], "market": ["DE", "@SUM(A1)"], "value": [-1, 2]}
    read = list(csv.reader(io.StringIO(_csv(rows).decode())))
    assert read[1:] == [['\'=HYPERLINK("http://x")', "DE", "-1"], ["Q-1", "'@SUM(A1)", "2"]]


def test_entries_behind_an_answer_page_and_export_too(business: Business, caller: Callable[[str], Caller]) -> None:
    with business.database.reading() as session:
        prices = [e for e in artifacts.content(session, PRICES, 1).values() if e["type"] == "price"][:13]
    places = ("offering", "market", "channel", "currency")
    change = business.awaiting(proposal(*(set_price("999.00", **{n: e[n] for n in places}) for e in prices)))
    helene, path = caller("helene.aubry"), f"/api/changes/{change}/impact"
    answers = {a["name"]: a for a in helene.get(path).json()["impact"]["answers"]}
    seen: list[dict[str, str]] = []
    for start in (0, 10):
        seen += helene.get(f"{path}/rollback?limit=10&cursor={start}").json()["items"]

    assert len(seen) == answers["rollback"]["count"] == 13 and answers["rollback"]["file"]
    assert {item["artifact"] for item in seen} == {PRICES} and seen == sorted(seen, key=lambda item: item["entry"])
    whole = helene.get(f"{path}/rollback/export?format=csv").text
    assert list(csv.DictReader(io.StringIO(whole))) == seen
    assert pq.read_table(io.BytesIO(helene.get(f"{path}/rollback/export?format=parquet").content)).to_pylist() == seen
    for name, answer in answers.items():
        assert helene.get(f"{path}/{name}").json()["total"] == answer["count"], name


def test_a_list_that_was_not_kept_whole_is_not_taken_for_whole(change: str, business: Business) -> None:
    with business.database.reading() as session:
        found = impact_view(session, change).impact
    old = next(a for a in found.answers if a.name == "rollback").model_copy(update={"count": 11})
    with pytest.raises(Invalid) as caught:
        _columns(business.files, found.model_copy(update={"answers": (old,)}), "rollback")
    assert caught.value.code == "list_not_kept"


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("impact/nothing", 404, "unknown_list"),
        ("impact/quotes/export?format=exe", 422, "bad_request_body"),
    ],
)
def test_what_there_is_no_list_of(
    change: str, caller: Callable[[str], Caller], path: str, status: int, code: str
) -> None:
    answer = caller("helene.aubry").get(f"/api/changes/{change}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_draft_has_no_impact_yet(business: Business, caller: Callable[[str], Caller]) -> None:
    answer = caller("helene.aubry").get(f"/api/changes/{business.draft()}/impact")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_assessed")


def test_the_graph_leads_from_the_price_to_what_sells_it(change: str, caller: Callable[[str], Caller]) -> None:
    found = caller("helene.aubry").get(f"/api/changes/{change}/graph").json()

    moved = [node for node in found["nodes"] if node["changed"]]
    assert [node["type"] for node in moved] == ["price"]
    edges = {(edge["source"], edge["target"]) for edge in found["edges"]}
    offering = "catalog/standard:offering/FIBRE-500"
    assert (moved[0]["id"], offering) in edges
    bundles = [node for node in found["nodes"] if node["type"] == "component"]
    assert bundles and all((bundle["id"], offering) in edges for bundle in bundles if bundle["distance"] == 1)


def test_the_page_shows_numbers_then_documents_then_the_graph(change: str, client: TestClient) -> None:
    assert isinstance(client.app, FastAPI)
    pages.mount(client.app)
    client.post("/sign-in/development", data={"account": "helene.aubry"})

    text = client.get(f"/changes/{change}/impact").text
    places = [text.index(part) for part in ("What it moves", 'id="documents"', "<svg", "The same as a list")]
    assert places == sorted(places)
    assert client.get(f"/changes/{change}/impact?show=orders&start=50").status_code == 200
    entries = client.get(f"/changes/{change}/impact?show=rollback").text
    assert "What taking it back moves" in entries and f'<a href="/artifacts/{PRICES}">' in entries
    export = client.get(f"/changes/{change}/impact/export?show=orders&format=csv")
    assert export.text.startswith("document,market,currency,value,lines\n")
    assert client.get(f"/changes/{change}/impact?show=%3Cscript%3E").status_code == 404
    assert json.dumps("<script>") not in text


def test_what_uses_an_offering_is_answered_before_there_is_a_change(
    change: str, caller: Callable[[str], Caller]
) -> None:
    helene = caller("helene.aubry")
    impact = helene.get(f"/api/changes/{change}/impact").json()["impact"]
    found = helene.get("/api/where-used?offering=FIBRE-500&market=DE&channel=direct").json()

    uses = {use["kind"]: use for use in found["uses"]}
    assert list(uses) == ["quote", "order", "asset", "contract"]
    assert uses["quote"]["documents"] == impact["quotes"] > 0
    assert uses["quote"]["lines"] == impact["lines"]
    assert uses["quote"]["value"] == impact["value"]
    assert found["provenance"]["way"] == "index"
    everywhere = helene.get("/api/where-used?offering=FIBRE-500").json()
    assert everywhere["uses"][0]["documents"] > uses["quote"]["documents"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("", 422, "bad_request_body"),
        ("offering=", 422, "bad_request_body"),
        ("&".join(["offering=FIBRE-500"] * 201), 422, "bad_request_body"),
        ("offering=FIBRE-500&offering=nothing", 200, ""),
        ("offering=nothing", 404, "unknown_offering"),
    ],
    ids=["none", "empty", "too-many", "one-of-two", "unknown"],
)
def test_what_uses_an_offering_refuses_bad_questions(
    change: str, caller: Callable[[str], Caller], query: str, status: int, code: str
) -> None:
    answer = caller("helene.aubry").get(f"/api/where-used?{query}")
    assert answer.status_code == status
    assert answer.json().get("code", "") == code


def test_what_an_entry_is_about_is_answered_before_there_is_a_change(
    change: str, caller: Callable[[str], Caller]
) -> None:
    """The change moves one price: taking the price out would affect the same documents."""
    helene, path = caller("helene.aubry"), f"/api/where-used/entry?artifact={PRICES}&entry="
    impact = helene.get(f"/api/changes/{change}/impact").json()["impact"]

    uses = {use["kind"]: use for use in helene.get(f"{path}price/FIBRE-500/monthly/DE/direct/EUR").json()["uses"]}

    assert (uses["quote"]["documents"], uses["quote"]["value"]) == (impact["quotes"], impact["value"])
    assert uses["order"]["documents"] == impact["answers"][1]["count"]
    for wrong, code in ((f"{path}price/nothing", "unknown_entry"), (path, "bad_request_body")):
        assert helene.get(wrong).json()["code"] == code
    assert helene.get("/api/where-used/entry?artifact=nothing&entry=x").json()["code"] == "unknown_artifact"
