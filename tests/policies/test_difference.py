"""Two versions of a policy, cell by cell, and the edits that lead from one to the other (R-8.2)."""

from collections.abc import Mapping
from copy import deepcopy
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import apply
from domain.kinds.approval import KIND
from policies.content import content_of, document_of, edits_between, policy_in, policy_of, seed_policy
from policies.difference import policy_difference
from policies.table import ApprovalPolicy

SHIPPED = seed_policy()


def changed(work: Any) -> ApprovalPolicy:
    """The shipped policy after its document was worked on."""
    document = deepcopy(document_of(SHIPPED))
    work(document)
    return policy_in(document)


def tier_rows(document: dict[str, Any]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = document["tier"]["rows"]
    return rows


def sentences(work: Any) -> list[str]:
    return [one.sentence for one in policy_difference(SHIPPED, changed(work))]


def test_the_same_policy_does_not_differ() -> None:
    assert policy_difference(SHIPPED, SHIPPED) == ()
    assert edits_between(content_of(SHIPPED), SHIPPED) == []


def test_a_cell_an_outcome_and_a_reason_are_named_with_both_texts() -> None:
    def work(document: dict[str, Any]) -> None:
        row = next(row for row in tier_rows(document) if row["id"] == "price-jump")
        row["when"]["summed_increase_percent"] = "> 30"
        row["when"]["affected_quotes"] = "> 5"
        row["then"] = {"tier": 4}
        row["because"] = "a price jumps"
        row["answered_by"], row["review_on"] = "helene.aubry", date(2027, 3, 31)

    assert sentences(work) == [
        "tier row price-jump, affected quotes: any becomes > 5",
        "tier row price-jump, summed increase percent: > 25 becomes > 30",
        "tier row price-jump, outcome.tier: 3 becomes 4",
        "tier row price-jump, reason: a price rises by more than 25 percent, together with its recent and open changes becomes a price jumps",
        "tier row price-jump, answered by: as the policy becomes helene.aubry",
        "tier row price-jump, review on: as the policy becomes 2027-03-31",
    ]


def test_a_row_that_says_nothing_of_its_owner_is_stored_as_ever() -> None:
    assert {key for entry in content_of(SHIPPED).values() for key in entry} & {"answered_by", "review_on"} == set()


def test_an_owner_of_a_row_is_one_edit_and_goes_round() -> None:
    after = changed(lambda document: tier_rows(document)[0].update(answered_by="helene.aubry", review_on="2027-03-31"))
    (edit,) = edits_between(content_of(SHIPPED), after)

    assert (edit["row"]["answered_by"], edit["row"]["review_on"]) == ("helene.aubry", "2027-03-31")
    assert policy_of(content_of(after)) == after


def test_added_removed_and_moved_rows() -> None:
    def work(document: dict[str, Any]) -> None:
        rows = tier_rows(document)
        rows[:] = [row for row in rows if row["id"] != "migration"]
        rows.insert(0, {"id": "new", "when": {"kind": "'migration'"}, "then": {"tier": 4}, "because": "always"})
        rows.append(rows.pop(1))

    found = policy_difference(SHIPPED, changed(work))

    assert [(one.row, one.cell, one.kind) for one in found] == [
        ("migration", "", "removed"),
        ("new", "", "added"),
        (tier_rows(document_of(SHIPPED))[0]["id"], "order", "changed"),
    ]


def test_a_field_of_a_stage_is_named_by_its_path() -> None:
    def work(document: dict[str, Any]) -> None:
        document["stages"]["rows"][0]["then"]["stages"][0]["remind_after"] = 5
        document["confirm_within_minutes"] = 30
        document["audit"]["keep_years"] = 12

    assert sentences(work) == [
        "policy, confirm within minutes: 15 becomes 30",
        "policy, audit.keep years: 10 becomes 12",
        "stages row board-migration, outcome.stages.owner.remind after: 24 becomes 5",
    ]


@pytest.mark.parametrize("place", [0, 1, 3])
def test_an_inserted_row_is_one_edit(place: int) -> None:
    new = changed(lambda d: tier_rows(d).insert(place, {"id": "new", "when": {}, "then": {"tier": 4}}))

    assert [edit["row"]["id"] for edit in edits_between(content_of(SHIPPED), new)] == ["new"]


@given(order=st.permutations(range(len(SHIPPED.tier.rows))), kept=st.integers(1, len(SHIPPED.tier.rows)))
def test_the_edits_lead_to_the_policy(order: list[int], kept: int) -> None:
    rows = tier_rows(document_of(SHIPPED))
    new = changed(
        lambda d: d["tier"].update(
            rows=[rows[number] for number in order[:kept]],
        )
    )
    live = content_of(SHIPPED)

    edits = KIND.parse_edits(edits_between(live, new))
    result = apply(live, [KIND.compile(edit, live) for edit in edits])

    assert policy_of(result) == new
    assert bool(edits) == bool(policy_difference(SHIPPED, new))


def test_fields_that_are_younger_than_the_live_version_are_no_difference() -> None:
    live: dict[str, Mapping[str, Any]] = {key: dict(entry) for key, entry in content_of(SHIPPED).items()}
    old = {"owner", "type", "confirm_within_minutes", "impact_bound_basis_points"}
    live["policy"] = {key: value for key, value in live["policy"].items() if key in old}

    assert edits_between(live, policy_of(live)) == []
