"""Quotes over HTTP: submitted, decided on and read with what was approved (R-7.11)."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from tests.api.conftest import Caller
from tests.builders import Business
from tests.databases import as_owner

People = Callable[[str], Caller]
SALES = "tom.okafor"
NUMBERS = ("quantity", "unit_price_micros", "discount_basis_points", "net_minor")


@pytest.fixture
def quote(business: Business, caller: People) -> str:
    """A draft quote."""
    business.seed(7, 60)
    found: str = caller(SALES).get("/api/quotes?status=draft").json()["items"][0]["id"]
    return found


def test_a_quote_is_submitted_decided_on_and_read(caller: People, quote: str) -> None:
    mara, tom = caller("mara.lindqvist"), caller(SALES)
    asked = mara.post(f"/api/quotes/{quote}/approval", {"payment_days": 20})
    assert asked.status_code == 201
    request = asked.json()["request"]
    shown = tom.get(f"/api/requests/{request}").json()
    assert (shown["content"]["quote"], shown["content"]["payment_days"]) == (quote, 20)

    ballot = {"choice": "approve", "revision": 1, "seen": shown["seen"]}
    assert tom.post(f"/api/approvals/{request}/decisions", ballot).json()["change"]["state"] == "completed"

    found = mara.get(f"/api/quotes/{quote}/approvals").json()
    assert [(one["id"], one["state"]) for one in found["requests"]] == [(request, "completed")]
    assert [(one["person"], one["name"], one["stands"]) for one in found["approvals"]] == [(SALES, "Tom Okafor", True)]
    assert mara.get(f"/api/quotes/{quote}").json()["status"] == "approved"
    again = mara.post(f"/api/quotes/{quote}/approval", {})
    assert (again.status_code, again.json()["code"], again.json()["state"]) == (409, "quote_not_draft", "approved")


@pytest.mark.parametrize(
    "terms",
    [{"payment_days": -1}, {"payment_days": "soon"}, {"regions": 0}, {"discount": 5}, {"standard_clauses": 3}, []],
)
def test_bad_terms_are_refused_and_nothing_is_asked(caller: People, quote: str, terms: object) -> None:
    mara = caller("mara.lindqvist")

    assert mara.post(f"/api/quotes/{quote}/approval", terms).status_code == 422
    assert mara.get(f"/api/quotes/{quote}/approvals").json() == {"requests": [], "approvals": []}


def test_who_did_not_ask_takes_nothing_back(caller: People, quote: str) -> None:
    mara, tom = caller("mara.lindqvist"), caller(SALES)
    request = mara.post(f"/api/quotes/{quote}/approval", {}).json()["request"]

    assert tom.post(f"/api/requests/{request}/withdraw").json()["code"] == "not_yours"
    assert mara.post(f"/api/requests/{request}/withdraw").json()["state"] == "withdrawn"
    assert mara.get("/api/quotes/Q-0/approvals").json()["code"] == "unknown_quote"
    assert mara.post("/api/quotes/Q-0/approval", {}).json()["code"] == "unknown_quote"


def test_a_quote_that_holds_what_nobody_can_read_is_read_with_the_others(
    business: Business, caller: People, client: TestClient, quote: str
) -> None:
    mara = caller("mara.lindqvist")
    before = mara.get("/api/quotes?limit=200").json()["items"]
    sqlite = business.database.is_sqlite
    with as_owner(business.login) as connection:
        never = "'soon'" if sqlite else "'infinity'"
        connection.execute(text(f"UPDATE quote SET created_at = {never}, expires_at = {never} WHERE id = '{quote}'"))
        if sqlite:
            wrong = ", ".join(f"{name} = 'many'" for name in NUMBERS)
            connection.execute(text(f"UPDATE quote_line SET {wrong} WHERE quote = '{quote}'"))
            connection.execute(text(f"UPDATE quote SET total_minor = 0.5, price_version = 'x' WHERE id = '{quote}'"))

    shown = mara.get("/api/quotes?limit=200").json()["items"]
    assert [one["id"] for one in shown] == [one["id"] for one in before]
    found = mara.get(f"/api/quotes/{quote}").json()
    assert (found["created_at"], found["expires_at"]) == (None, None)
    assert not sqlite or {line[name] for line in found["lines"] for name in NUMBERS} == {None}
    client.post("/sign-in/development", data={"account": "mara.lindqvist"})
    page = client.get(f"/quotes/{quote}")
    assert page.status_code == 200 and "<dt>Created</dt><dd>–</dd>" in page.text
