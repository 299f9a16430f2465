"""Corrections over HTTP: what can be corrected, previewed, asked for, decided on, read (chapter 17)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.builders import Business

People = Callable[[str], Caller]
PREVIEW = "/api/corrections/preview"


@pytest.fixture
def line(business: Business, caller: People) -> dict[str, Any]:
    """The first line of a draft quote, and how it is named."""
    business.seed(7, 60)
    quote = caller("tom.okafor").get("/api/quotes?status=draft").json()["items"][0]
    return {**quote["lines"][0], "quote": quote["id"], "key": f"{quote['id']}/1", "total_minor": quote["total_minor"]}


def body(line: dict[str, Any], **changes: object) -> dict[str, object]:
    found = {"record": "quote_line", "key": line["key"], "field": "discount_basis_points", "corrected": "777"}
    return {**found, "original": str(line["discount_basis_points"]), "reason": "Typed wrongly.", **changes}


def agree(caller: People, request: str, *people: str) -> None:
    for person in people:
        seen = caller(person).get(f"/api/requests/{request}").json()["seen"]
        ballot = {"choice": "approve", "revision": 1, "seen": seen}
        assert caller(person).post(f"/api/approvals/{request}/decisions", ballot).is_success


def test_a_line_is_previewed_asked_about_decided_on_and_read(caller: People, line: dict[str, Any]) -> None:
    mara = caller("mara.lindqvist")
    asked = f"record=quote_line&key={line['key']}&field=discount_basis_points&corrected=777"
    shown = mara.get(f"{PREVIEW}?{asked}").json()
    assert (shown["tier"], shown["asks"]) == (2, [["finance"], ["legal"]])
    assert shown["preview"]["original"] == str(line["discount_basis_points"])
    after = {one["field"]: one["after"] for one in shown["preview"]["follows"]}
    assert mara.get("/api/requests").json()["items"] == [], "nothing is written"

    answer = mara.post("/api/corrections", body(line))
    assert answer.status_code == 201, answer.text
    request = answer.json()["request"]
    again = mara.get(f"{PREVIEW}?{asked}").json()["preview"]
    assert again["downstream"]["requests"] == {"count": 1, "ids": [request]}
    agree(caller, request, "helene.aubry", "sunita.iyer")

    quote = mara.get(f"/api/quotes/{line['quote']}").json()
    assert (quote["lines"][0]["net_minor"], quote["total_minor"]) == (after["net_minor"], after["total_minor"])
    (kept,) = mara.get(f"/api/corrections?key={line['quote']}").json()
    assert (kept["request"], kept["corrected"], kept["reason"], kept["requester_name"]) == (
        request, "777", "Typed wrongly.", "Mara Lindqvist",
    )  # fmt: skip
    assert {one["field"]: one["after"] for one in kept["follows"]} == after
    assert mara.get("/api/corrections?record=asset").json() == []
    assert mara.get("/api/corrections?record=quote_line").json() == [kept]


def test_every_field_says_who_agrees(caller: People) -> None:
    found = caller("mara.lindqvist").get("/api/corrections/fields").json()
    asks = {(one["record"], one["field"]): one["asks"] for one in found}
    assert asks == {
        ("quote", "owner"): [["sales-operations"]],
        ("quote_line", "discount_basis_points"): [["finance"], ["legal"]],
        ("quote_line", "quantity"): [["finance"], ["legal"]],
        ("sales_order", "status"): [["engineering"], ["fulfillment-operations"]],
        ("billed_item", "payment_days"): [["finance"], ["billing-operations"]],
        ("asset", "status"): [["fulfillment-operations"]],
        ("asset", "quantity"): [["fulfillment-operations"]],
    }
    assert {one["key"] for one in found if one["record"] == "quote_line"} == {"quote/line"}


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"record": "decision"}, 403, "audit_is_never_corrected"),
        ({"record": "nothing"}, 422, "unknown_record"),
        ({"field": "net_minor"}, 422, "not_correctable"),
        ({"corrected": "a lot"}, 422, "bad_value"),
        ({"key": "Q-0/1"}, 404, "unknown_quote"),
        ({"original": "31"}, 409, "original_moved"),
        ({"reason": ""}, 422, "bad_request_body"),
        ({"approved": True}, 422, "bad_request_body"),
        ({"corrected": 777}, 422, "bad_request_body"),
    ],
)
def test_what_is_refused_says_why_and_asks_nobody(
    caller: People, line: dict[str, Any], changes: dict[str, object], status: int, code: str
) -> None:
    mara = caller("mara.lindqvist")
    answer = mara.post("/api/corrections", body(line, **changes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert mara.get("/api/requests").json()["items"] == []


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("record=decision&key=x&field=choice&corrected=approve", 403, "audit_is_never_corrected"),
        ("record=quote&key=Q-0&field=owner&corrected=x", 404, "unknown_quote"),
        ("record=quote&key=Q-0&field=owner", 422, "bad_request_body"),
    ],
)
def test_a_preview_that_cannot_be(caller: People, query: str, status: int, code: str) -> None:
    answer = caller("mara.lindqvist").get(f"{PREVIEW}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("path", ["", "/fields", "/preview?record=quote&key=Q-0&field=owner&corrected=x"])
def test_only_the_signed_in_read(client: Any, path: str) -> None:
    assert client.get(f"/api/corrections{path}").status_code == 401
