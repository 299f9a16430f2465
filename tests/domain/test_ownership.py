"""Ownership: the shipped table is the specification's, and what would leave a domain without an owner is refused."""

from typing import Any

import pytest

from domain.artifact import Content
from domain.errors import Refused
from domain.kinds import kinds
from domain.ownership import Duty, groups_of, ownership_of, ownership_problems
from policies.ownership import seed_ownership

SHIPPED = seed_ownership()
RACI = """
create-offering C A C C C C I
publish-catalog C A C C C R I
change-price-book C C A I I R I
change-discount-threshold C I A C I R I
change-proposal-clause C I C A I R I
change-orchestration-plan I C I I A R C
repair-stuck-order I I C I A R C
correct-accepted-quote A C C C I R I
incident-review C C C C C A A
"""
FUNCTIONS = ("sales-ops", "product-ops", "finance", "legal", "fulfillment-ops", "engineering", "sre")


def with_entry(key: str, **fields: Any) -> Content:
    return {**SHIPPED, key: {**SHIPPED[key], **fields}}


def codes(content: Content) -> list[str]:
    return sorted({problem.code for problem in ownership_problems(content)})


def test_the_shipped_raci_table_is_the_specifications() -> None:
    for line in RACI.split("\n")[1:-1]:
        name, *letters = line.split()
        assert SHIPPED[f"activity/{name}"]["duties"] == dict(zip(FUNCTIONS, letters, strict=True))
    assert sum(entry["type"] == "activity" for entry in SHIPPED.values()) == 9


def test_twelve_domains_name_a_business_owner_and_the_role_of_engineering() -> None:
    domains = [entry for entry in SHIPPED.values() if entry["type"] == "domain"]

    assert len(domains) == 12
    assert all(d["accountable"] and d["business_owner"] and d["engineering"] for d in domains)
    assert ownership_problems(SHIPPED) == ()


def test_every_kind_is_mapped() -> None:
    assert {ownership_of(SHIPPED, kind).kind for kind in kinds()} == set(kinds())


def test_who_owns_a_price_change() -> None:
    found = ownership_of(SHIPPED, "pricing")

    assert found.accountable == "pricing"
    assert found.responsible == ("engineering",)
    assert found.consulted == ("finance", "product", "sales-operations")
    assert found.informed == ("fulfillment-operations", "legal", "reliability")


def test_nobody_is_named_twice_and_words_stand_for_groups() -> None:
    for kind in kinds():
        found = ownership_of(SHIPPED, kind)
        named = [found.accountable, *found.responsible, *found.consulted, *found.informed]
        assert len(named) == len(set(named))
        assert set(named) <= groups_of(SHIPPED)
        assert found.groups("owner") == (found.accountable,)
        assert found.groups("consulted") == found.consulted
        assert found.groups("finance") == ("finance",)


def test_another_letter_is_another_answer() -> None:
    duties = {**SHIPPED["activity/change-price-book"]["duties"], "legal": Duty.CONSULTED}
    assert "legal" in ownership_of(with_entry("activity/change-price-book", duties=duties), "pricing").consulted


@pytest.mark.parametrize(
    "content",
    [
        with_entry("domain/price-books", accountable=""),
        with_entry("kind/pricing", domain="none"),
        {key: entry for key, entry in SHIPPED.items() if key != "kind/pricing"},
        {},
    ],
)
def test_a_change_without_an_accountable_group_is_refused(content: Content) -> None:
    with pytest.raises(Refused) as refused:
        ownership_of(content, "pricing")
    assert refused.value.code == "no_accountable_group"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (with_entry("domain/price-books", accountable=""), "no_accountable_group"),
        (with_entry("domain/price-books", accountable="engineering"), "engineering_owns_content"),
        (with_entry("kind/pricing", domain="none"), "unknown_domain"),
        (with_entry("kind/pricing", activity="none"), "unknown_activity"),
        (with_entry("activity/create-offering", duties={"sales-ops": "A"}), "bad_raci_row"),
        (with_entry("activity/create-offering", duties=dict.fromkeys(FUNCTIONS, "C")), "bad_accountability"),
        (
            with_entry("activity/create-offering", duties={**dict.fromkeys(FUNCTIONS, "C"), "sre": "A", "legal": "A"}),
            "bad_accountability",
        ),
        ({key: entry for key, entry in SHIPPED.items() if key != "kind/security"}, "locked_out"),
    ],
)
def test_a_table_that_leaves_something_unowned_is_refused(content: Content, code: str) -> None:
    assert codes(content) == [code]
