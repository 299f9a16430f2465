"""Bad input gets a clear problem document with a stable code, and nothing is written."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from tests.api.conftest import Caller

EDIT = {
    "edit": "set_price",
    "offering": "FIBRE-500",
    "selling_model": "monthly",
    "market": "DE",
    "channel": "partner",
    "currency": "EUR",
    "unit_price": "42.90",
}
PROPOSAL: dict[str, Any] = {
    "kind": "pricing",
    "title": "Fibre 500 for partners",
    "objective": "Follow the cost of wholesale access.",
    "parts": [{"artifact": "pricing/standard", "edits": [EDIT]}],
}


def proposal(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PROPOSAL), **changes}


def edited(**changes: Any) -> dict[str, Any]:
    return proposal(parts=[{"artifact": "pricing/standard", "edits": [{**EDIT, **changes}]}])


BAD = {
    "unknown offering": (edited(edit="add_price", offering="NO-SUCH"), 422, "invalid_content"),
    "no such price": (edited(selling_model="yearly"), 422, "unknown_price"),
    "currency without a price": (edited(currency="USD"), 422, "unknown_price"),
    "unknown currency": (edited(currency="XXQ"), 422, "unknown_currency"),
    "negative price": (edited(unit_price="-1"), 422, "invalid_content"),
    "price is not a number": (edited(unit_price="cheap"), 422, "bad_price"),
    "price beyond every range": (edited(unit_price="9e9999999"), 422, "bad_price"),
    "price with seven decimals": (edited(unit_price="1.0000001"), 422, "bad_price"),
    "price as a number, not as text": (edited(unit_price=42.9), 422, "bad_edit"),
    "the same price": (edited(unit_price="39.90"), 422, "nothing_changes"),
    "an edit with an unknown field": (edited(approved=True), 422, "bad_edit"),
    "two edits of one entry": (
        proposal(parts=[{"artifact": "pricing/standard", "edits": [EDIT, EDIT]}]),
        422,
        "entry_twice",
    ),
    "no edits": (proposal(parts=[{"artifact": "pricing/standard", "edits": []}]), 422, "bad_request_body"),
    "no parts": (proposal(parts=[]), 422, "bad_request_body"),
    "unknown artifact": (proposal(parts=[{"artifact": "pricing/other", "edits": [EDIT]}]), 404, "unknown_artifact"),
    "artifact of another kind": (
        proposal(kind="catalog"),
        422,
        "wrong_kind",
    ),
    "unknown kind": (proposal(kind="weather"), 422, "unknown_kind"),
    "date in the past": (proposal(effective={"date": "2020-01-01"}), 422, "effective_in_past"),
    "no such time zone": (proposal(effective={"date": "2099-01-01", "zone": "Mars/Olympus"}), 422, "unknown_zone"),
    "wrong markets": (proposal(markets=["GB"]), 422, "scope_mismatch"),
    "title with hidden direction marks": (proposal(title="Fibre \u202egnihton"), 422, "bad_change"),
    "blank title": (proposal(title="   "), 422, "bad_change"),
    "who asks, in the body": (proposal(requester="helene.aubry"), 422, "bad_request_body"),
    "state, in the body": (proposal(state="approved"), 422, "bad_request_body"),
    "title of the wrong type": (proposal(title=7), 422, "bad_request_body"),
    "a migration by hand": (proposal(kind="migration"), 422, "wrong_kind"),
}


@pytest.mark.parametrize("case", BAD, ids=str)
def test_a_bad_proposal_is_refused_and_leaves_nothing(case: str, caller: Callable[[str], Caller]) -> None:
    body, status, code = BAD[case]
    mara = caller("mara.lindqvist")
    before = mara.get("/api/changes").json()["items"]
    answer = mara.post("/api/changes", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]
    assert mara.get("/api/changes").json()["items"] == before


def test_a_good_proposal_is_accepted(caller: Callable[[str], Caller]) -> None:
    assert caller("mara.lindqvist").post("/api/changes", PROPOSAL).status_code == 201


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"", 422, "bad_request_body"),
        (b"{", 422, "bad_request_body"),
        (b"[]", 422, "bad_request_body"),
        (b"null", 422, "bad_request_body"),
        (b'{"title": "' + b"x" * 10_000_000 + b'"}', 413, "body_too_large"),
    ],
    ids=["empty", "broken", "a list", "null", "ten megabytes"],
)
def test_a_body_that_is_no_proposal(
    content: bytes, status: int, code: str, caller: Callable[[str], Caller], client: TestClient
) -> None:
    token = caller("mara.lindqvist").token
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k", "Content-Type": "application/json"}
    answer = client.post("/api/changes", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "no_token"),
        ({"Authorization": "Bearer wrong"}, 401, "bad_token"),
        ({"Authorization": "Basic bWFyYTpt"}, 401, "no_token"),
        ({"X-User": "helene.aubry", "X-Forwarded-User": "helene.aubry"}, 401, "no_token"),
    ],
)
def test_nobody_known_is_asking(headers: dict[str, str], status: int, code: str, client: TestClient) -> None:
    answer = client.get("/api/changes", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_writes_need_an_idempotency_key(caller: Callable[[str], Caller], client: TestClient) -> None:
    token = caller("mara.lindqvist").token
    answer = client.post("/api/changes", json=PROPOSAL, headers={"Authorization": f"Bearer {token}"})
    assert answer.json()["code"] == "idempotency_key_missing"


def test_the_same_key_answers_the_same_and_another_body_is_refused(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    first = mara.post("/api/changes", PROPOSAL, **{"Idempotency-Key": "once"})
    again = mara.post("/api/changes", PROPOSAL, **{"Idempotency-Key": "once"})
    other = mara.post("/api/changes", proposal(title="Another title"), **{"Idempotency-Key": "once"})
    assert first.json() == again.json()
    assert other.json()["code"] == "idempotency_key_reused"


def test_a_lost_update_is_refused(caller: Callable[[str], Caller]) -> None:
    mara = caller("mara.lindqvist")
    made = mara.post("/api/changes", PROPOSAL)
    tag = made.headers["etag"]
    path = f"/api/changes/{made.json()['change']}"
    sent = {"Authorization": f"Bearer {mara.token}", "If-Match": tag}
    put = mara.client.put(path, json=proposal(title="Second thought"), headers={**sent, "Idempotency-Key": "a"})
    late = mara.client.put(path, json=proposal(title="From an old tab"), headers={**sent, "Idempotency-Key": "b"})
    assert put.status_code == 200
    assert (late.status_code, late.json()["code"]) == (409, "version_moved")


@pytest.mark.parametrize("path", ["/api/changes/CR-0", "/api/quotes/Q-0", "/api/artifacts/pricing/none/versions"])
def test_what_is_not_there_is_not_found(path: str, caller: Callable[[str], Caller]) -> None:
    answer = caller("mara.lindqvist").get(path)
    assert answer.status_code == 404
    assert answer.json()["code"].startswith("unknown_")


def test_a_cursor_of_another_list_is_refused(caller: Callable[[str], Caller]) -> None:
    assert caller("mara.lindqvist").get("/api/changes?cursor=nonsense").json()["code"] == "bad_cursor"


@pytest.mark.parametrize(
    "headers", [{"Host": "mandate.example"}, {"X-Forwarded-For": "10.0.0.1"}, {"Forwarded": "for=10.0.0.1"}]
)
def test_development_sign_in_answers_this_machine_only(headers: dict[str, str], client: TestClient) -> None:
    answer = client.post("/api/sessions/development", json={"account": "helene.aubry"}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "development_only")
