"""The facts of a change: each declared with its domain, found in content and impact, and not lowered by splitting."""

from typing import Any

import pytest

from domain.artifact import Operation, Part
from domain.change import ChangeContent
from domain.impact import Impact
from domain.tiering import FACTS, TIER, Earlier, summed_fall, tiering_facts

IMPACT = Impact(artifacts=(), offerings=(), quotes=7, lines=9, value={}, by_market={}, quotes_file="")


def changed(*operations: Operation, kind: str = "pricing") -> ChangeContent:
    part = Part(artifact=f"{kind}/standard", base=1, operations=operations)
    return ChangeContent(kind=kind, title="Some change", objective="Because.", parts=(part,))


def facts(*operations: Operation, kind: str = "pricing", **more: Any) -> dict[str, object]:
    return dict(tiering_facts(changed(*operations, kind=kind), IMPACT, **more))


def price(before: int | None, after: int | None, entry: str = "price/F") -> Operation:
    old, new = (
        {"type": "price", "unit_price_micros": amount} if amount is not None else None for amount in (before, after)
    )
    return Operation(entry=entry, before=old, after=new)


def test_every_fact_is_declared_and_found_in_its_domain() -> None:
    found = facts(price(100, 110))

    assert list(found) == [fact.name for fact in FACTS]
    types = {"whole": int, "text": str, "truth": bool}
    assert all(type(found[fact.name]) is types[fact.type] for fact in FACTS)
    assert all(found[fact.name] in fact.values for fact in FACTS if fact.values)
    assert (TIER.least, TIER.most) == (0, 4)


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        (100, 110, 10),
        (1000, 1001, 1),
        (1, 3, 200),
        (100, 90, -10),
        (100, 100, 0),
        (0, 5, 100),
        (None, 5, 0),
        (5, None, 0),
    ],
)
def test_the_largest_increase(before: int | None, after: int | None, percent: int) -> None:
    assert facts(price(before, after))["largest_increase_percent"] == percent


def test_where_no_price_rises_nothing_is_summed() -> None:
    found = facts(Operation(entry="e", before=None, after=TASK), kind="order_mapping")

    assert (found["largest_increase_percent"], found["summed_increase_percent"]) == (0, 0)


def test_the_largest_of_several_counts() -> None:
    assert (
        facts(price(100, 110), price(100, 130, "price/G"), price(100, 50, "price/H"))["largest_increase_percent"] == 30
    )


def test_splitting_a_rise_does_not_lower_the_sum() -> None:
    whole = facts(price(100, 130))
    second = facts(price(115, 130), earlier=Earlier(prices={"price/F": 100}))

    assert second["largest_increase_percent"] == 14
    assert second["summed_increase_percent"] == whole["summed_increase_percent"] == 30


def test_an_earlier_cut_does_not_hide_a_rise() -> None:
    assert facts(price(100, 130), earlier=Earlier(prices={"price/F": 200}))["summed_increase_percent"] == 30


@pytest.mark.parametrize(
    ("before", "after", "start", "percent"),
    [
        (100, 98, None, 2),
        (1000, 999, None, 1),
        (98, 96, 100, 4),
        (120, 98, 100, 19),
        (90, 95, 100, 5),
        (100, 110, 100, 0),
        (0, 5, None, 0),
        (100, 0, None, 100),
        (None, 5, None, 0),
        (5, None, None, 0),
    ],
)
def test_splitting_a_fall_does_not_lower_the_sum(
    before: int | None, after: int | None, start: int | None, percent: int
) -> None:
    content = changed(price(before, after))
    assert summed_fall(content, Earlier(prices={} if start is None else {"price/F": start})) == percent


def test_quotes_of_the_requesters_other_changes_count() -> None:
    found = facts(price(100, 110), earlier=Earlier(quotes=100))

    assert (found["affected_quotes"], found["summed_affected_quotes"]) == (7, 107)


OFFERING = {
    "type": "offering",
    "id": "F",
    "name": "Fibre",
    "sellable": True,
    "regulated": False,
    "selling_models": ["monthly"],
}
TASK = {"type": "task", "plan": "p", "id": "bill", "name": "Bill", "milestone": "billing_start"}
PROMOTION = {"type": "promotion", "id": "p", "name": "Summer", "billing": "credit", "refund": "none"}
WORDING = {"type": "wording", "audience": "internal", "text": "Old."}


@pytest.mark.parametrize(
    ("kind", "before", "after", "true"),
    [
        ("catalog", OFFERING, {**OFFERING, "name": "Fibre 2"}, {"wording_only"}),
        ("catalog", OFFERING, {**OFFERING, "sellable": False}, set()),
        ("catalog", OFFERING, {**OFFERING, "selling_models": ["yearly"]}, {"billing_model"}),
        ("catalog", OFFERING, {**OFFERING, "regulated": True}, {"regulated", "new_regulated_product"}),
        ("catalog", None, {**OFFERING, "regulated": True}, {"regulated", "new_regulated_product"}),
        ("catalog", {**OFFERING, "regulated": True}, {**OFFERING, "regulated": True, "name": "X"}, {"regulated", "wording_only"}),
        ("catalog", {**OFFERING, "regulated": True}, None, {"regulated"}),
        ("order_mapping", TASK, {**TASK, "name": "Charge"}, {"billing_model", "wording_only"}),
        ("order_mapping", {**TASK, "milestone": ""}, TASK, {"billing_model"}),
        ("promotion", PROMOTION, {**PROMOTION, "billing": "invoice"}, {"billing_model"}),
        ("promotion", PROMOTION, {**PROMOTION, "refund": "all"}, {"billing_model"}),
        ("content", WORDING, {**WORDING, "name": "N", "description": "D", "text": "New."}, {"internal_only", "wording_only"}),
        ("catalog", {"type": "offering", "sellable": True}, {**OFFERING, "regulated": True}, {"regulated", "new_regulated_product", "billing_model"}),
        ("catalog", {"type": "offering", "regulated": True}, {**OFFERING, "regulated": True}, {"regulated", "new_regulated_product", "billing_model"}),
        ("catalog", None, {"type": "offering", "sellable": True}, set()),
        ("content", WORDING, {**WORDING, "text": "New."}, {"internal_only", "wording_only"}),
        ("content", WORDING, {**WORDING, "audience": "customer"}, set()),
        ("content", None, WORDING, {"internal_only"}),
    ],
)  # fmt: skip
def test_what_the_operations_say(kind: str, before: Any, after: Any, true: set[str]) -> None:
    found = facts(Operation(entry="e", before=before, after=after), kind=kind)

    assert {name for name, value in found.items() if value is True} == true


def test_the_calendar_is_a_fact_too() -> None:
    assert facts(price(100, 101), quarter_close=True)["quarter_close"] is True
