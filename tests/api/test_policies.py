"""Policies over the API: read, examine, compare, propose; the same code path as any change (chapter 8)."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.builders import REQUESTER, Business, everything

PATH = "/api/policies/approval/standard"


@pytest.fixture
def mara(caller: Callable[[str], Caller]) -> Caller:
    return caller(REQUESTER)


def document(mara: Caller) -> dict[str, Any]:
    """The live policy, to be changed."""
    found: dict[str, Any] = mara.get(PATH).json()["document"]
    return found


def set_cell(document: dict[str, Any], row: str, column: str, cell: str) -> dict[str, Any]:
    next(one for one in document["tier"]["rows"] if one["id"] == row)["when"][column] = cell
    return document


def test_a_policy_is_read_with_its_owner_its_time_and_what_is_found(mara: Caller) -> None:
    (listed,) = mara.get("/api/policies").json()
    found = mara.get(PATH).json()

    assert listed == found["summary"]
    assert (listed["artifact"], listed["owner"], listed["retires_at"]) == (
        "approval/standard",
        "revenue-operations",
        None,
    )
    assert {one["severity"] for one in found["findings"]} <= {"information", "warning"}
    assert found["document"]["delegation"]["at_most_days"] == 30


def test_what_is_no_policy_is_not_found(mara: Caller) -> None:
    for path in ("/api/policies/pricing/standard", "/api/policies/approval/other"):
        assert mara.get(path).json()["code"] == "unknown_policy"
    assert mara.get(f"{PATH}?version=9").json()["code"] == "unknown_version"


def test_a_draft_is_examined_and_only_the_fact_is_kept(mara: Caller, business: Business) -> None:
    draft = set_cell(document(mara), "price-jump", "summed_increase_percent", "> 30")
    before = everything(business.database)

    found = mara.post(f"{PATH}/examination", {"document": draft}).json()

    assert not found["refused"]
    assert [(one["cell"], one["old"], one["new"]) for one in found["difference"]] == [
        ("summed_increase_percent", "> 25", "> 30")
    ]
    after = everything(business.database)
    assert {name for name in after if after[name] != before[name]} <= {
        "audit_record", "audit_chain", "idempotency_key", "audit_head",
    }  # fmt: skip


def test_a_draft_with_faults_says_where_and_with_which_example(mara: Caller) -> None:
    draft = set_cell(document(mara), "price-jump", "kind", "'prices'")

    found = mara.post(f"{PATH}/examination", {"document": draft}).json()

    fault = next(one for one in found["findings"] if one["severity"] == "error")
    assert found["refused"]
    assert (fault["kind"], fault["row"], fault["column"]) == ("wrong_type", "price-jump", "kind")


def test_a_draft_that_cannot_be_read_says_row_and_column(mara: Caller) -> None:
    draft = set_cell(document(mara), "price-jump", "kind", "((")

    found = mara.post(f"{PATH}/examination", {"document": draft}).json()

    assert found["refused"]
    assert (found["unreadable"]["code"], found["unreadable"]["row"], found["unreadable"]["column"]) == (
        "bad_rule",
        "price-jump",
        "kind",
    )


def test_a_proposal_is_a_change_with_one_edit_for_each_entry_that_differs(mara: Caller) -> None:
    draft = set_cell(document(mara), "price-jump", "summed_increase_percent", "> 30")
    body = {"document": draft, "title": "Price jumps from 30 percent", "objective": "Fewer questions for small rises."}

    receipt = mara.post(f"{PATH}/changes", body).json()
    view = mara.get(f"/api/changes/{receipt['change']}").json()

    assert (receipt["state"], view["summary"]["kind"]) == ("draft", "approval")
    assert [op["entry"] for op in view["content"]["parts"][0]["operations"]] == ["row/tier/price-jump"]


@pytest.mark.parametrize(("cell", "code"), [("> 25", "nothing_changes"), ("((", "bad_rule"), ("'x'", "policy_faults")])
def test_a_proposal_that_is_none_is_refused_and_nothing_is_written(
    cell: str, code: str, mara: Caller, business: Business
) -> None:
    draft = set_cell(document(mara), "price-jump", "summed_increase_percent", cell)
    before = everything(business.database)

    answer = mara.post(f"{PATH}/changes", {"document": draft, "title": "A title", "objective": "An objective."})

    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert everything(business.database) == before
