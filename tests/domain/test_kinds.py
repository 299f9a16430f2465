"""The kinds: what each registers, which edits make sense, and which content its validator refuses, with how to mend it."""

from typing import Any

import pytest

from domain.artifact import Content, Operation, apply
from domain.errors import Invalid
from domain.kinds import kind_of, kind_of_artifact, kinds
from domain.kinds.catalog import Component, Group, Offering
from domain.kinds.pricing import Cost, Price, Tier

CATALOG, PRICING, APPROVAL = kind_of("catalog"), kind_of("pricing"), kind_of("approval")


def stored(*entries: Any) -> Content:
    return {entry.key: entry.model_dump(mode="json") for entry in entries}


def price(offering: str = "FIBRE", micros: int = 40_000_000, tiers: tuple[Tier, ...] = ()) -> Price:
    return Price(
        offering=offering, selling_model="monthly", currency="EUR", unit_price_micros=micros, market="DE", channel="direct", tiers=tiers
    )  # fmt: skip


FIBRE = Offering(id="FIBRE", name="Fibre 500")
BUNDLE = Offering(id="HOME", name="Home", sellable=False)
PLACE: dict[str, Any] = {"offering": "FIBRE", "selling_model": "monthly", "market": "DE", "channel": "direct"}


def component(bundle: str = "HOME", offering: str = "FIBRE") -> Component:
    return Component(bundle=bundle, group="access", offering=offering)


def codes(name: str, **contents: Content) -> list[str]:
    problems = kind_of(name).validate(contents)
    assert all(problem.message and problem.mend for problem in problems)
    return sorted(problem.code for problem in problems)


def code_of(name: str, edit: dict[str, Any], content: Content) -> str:
    kind = kind_of(name)
    with pytest.raises(Invalid) as caught:
        [kind.compile(one, content) for one in kind.parse_edits([edit])]
    return caught.value.code


def compiled(name: str, edit: dict[str, Any], content: Content) -> Operation:
    kind = kind_of(name)
    return kind.compile(kind.parse_edits([edit])[0], content)


def test_every_kind_declares_what_it_must() -> None:
    for kind in kinds().values():
        assert kind.risk and kind.strategy and kind.rollback
        assert kind.schema == f"{kind.name}/1"
        assert kind_of_artifact(f"{kind.name}/standard") is kind


@pytest.mark.parametrize("name", ["", "colour", "Pricing"])
def test_an_unknown_kind_is_refused(name: str) -> None:
    with pytest.raises(Invalid) as caught:
        kind_of(name)

    assert caught.value.code == "unknown_kind"


def test_a_sound_catalog_and_price_book_have_no_problem() -> None:
    group = Group(id="access", bundle="HOME", name="Access", minimum=1, maximum=1)
    catalog = stored(FIBRE, BUNDLE, group, component())

    assert codes("catalog", catalog=catalog) == []
    assert codes("pricing", catalog=catalog, pricing=stored(price())) == []


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([BUNDLE, component()], ["unknown_offering"]),
        ([FIBRE, component()], ["unknown_offering"]),
        ([BUNDLE, Group(id="a", bundle="HOME", name="A", minimum=1)], ["bad_cardinality"]),
        ([BUNDLE, Group(id="a", bundle="HOME", name="A", minimum=3, maximum=2)], ["bad_cardinality"]),
        ([BUNDLE, component(offering="HOME")], ["bundle_cycle"]),
        ([BUNDLE, FIBRE, component(), component("FIBRE", "HOME")], ["bundle_cycle", "bundle_cycle"]),
    ],
)
def test_what_a_catalog_must_not_be(entries: list[Any], expected: list[str]) -> None:
    assert codes("catalog", catalog=stored(*entries)) == expected


OVERLAP = (Tier(from_quantity=10, off_basis_points=1), Tier(from_quantity=10, off_basis_points=2))


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], ["offering_without_price"]),
        ([price(micros=-1)], ["negative_price"]),
        ([price(), Cost(offering="FIBRE", currency="EUR", unit_cost_micros=-1)], ["negative_price"]),
        ([price(), price("COPPER")], ["unknown_offering"]),
        ([price(tiers=OVERLAP)], ["tiers_overlap"]),
        ([price(tiers=OVERLAP[::-1])], ["tiers_overlap"]),
    ],
)
def test_what_a_price_book_must_not_be(entries: list[Any], expected: list[str]) -> None:
    assert codes("pricing", catalog=stored(FIBRE, BUNDLE), pricing=stored(*entries)) == expected


def test_a_retired_offering_needs_no_price() -> None:
    retired = FIBRE.model_copy(update={"lifecycle": "retired"})

    assert codes("pricing", catalog=stored(retired), pricing={}) == []


def test_an_approval_policy_keeps_a_row_in_each_table() -> None:
    row = {"type": "row", "table": "tier", "id": "x", "position": 1, "when": {}, "then": {"tier": 1}, "because": ""}

    assert codes("approval", approval={"row/tier/x": row}) == ["empty_table"]
    assert codes("approval", approval={}) == ["empty_table", "empty_table"]


BOOK = stored(price(tiers=(Tier(from_quantity=10, off_basis_points=500),)))


def test_a_new_price_keeps_the_tiers() -> None:
    operation = compiled("pricing", {"edit": "set_price", **PLACE, "currency": "EUR", "unit_price": "42.90"}, BOOK)

    assert operation.before == BOOK[price().key]
    assert operation.after == {**BOOK[price().key], "unit_price_micros": 42_900_000}
    assert PRICING.describe(operation) == "FIBRE, monthly, DE, direct: 40.00 EUR becomes 42.90 EUR"
    assert PRICING.place(operation) == ("DE", "direct")


@pytest.mark.parametrize(
    ("edit", "expected"),
    [
        ({"edit": "set_price", "currency": "EUR", "unit_price": "many"}, "bad_price"),
        ({"edit": "set_price", "currency": "EUR", "unit_price": "9e9999999"}, "bad_price"),
        ({"edit": "set_price", "currency": "XXY", "unit_price": "1"}, "unknown_currency"),
        ({"edit": "set_price", "currency": "GBP", "unit_price": "1"}, "unknown_price"),
        ({"edit": "set_price", "currency": "eur", "unit_price": "1"}, "bad_edit"),
        ({"edit": "set_price", "currency": "EUR", "unit_price": 1.5}, "bad_edit"),
        ({"edit": "set_price", "currency": "EUR"}, "bad_edit"),
        ({"edit": "add_price", "currency": "EUR", "unit_price": "1"}, "price_exists"),
        ({"edit": "remove_price", "currency": "GBP"}, "unknown_price"),
        ({"edit": "give_away", "currency": "EUR"}, "bad_edit"),
    ],
)
def test_edits_of_a_price_book_that_make_no_sense(edit: dict[str, Any], expected: str) -> None:
    assert code_of("pricing", {**PLACE, **edit}, BOOK) == expected


def test_adding_removing_and_costing_a_price() -> None:
    added = compiled("pricing", {"edit": "add_price", **PLACE, "currency": "GBP", "unit_price": "1"}, BOOK)
    removed = compiled("pricing", {"edit": "remove_price", **PLACE, "currency": "EUR"}, BOOK)
    cost = {"edit": "set_cost", "offering": "FIBRE", "currency": "EUR", "unit_cost": "20"}
    costed = compiled("pricing", cost, BOOK)

    assert [op.action for op in (added, removed, costed)] == ["add", "remove", "add"]
    assert apply(BOOK, [removed]) == {}
    assert PRICING.describe(added) == "FIBRE, monthly, DE, direct: new at 1.00 GBP"
    assert PRICING.describe(removed) == "FIBRE, monthly, DE, direct: 40.00 EUR taken out"


def test_edits_of_a_catalog() -> None:
    renamed = FIBRE.model_copy(update={"name": "Fibre 600"}).model_dump(mode="json")

    put = compiled("catalog", {"edit": "put", "entry": renamed}, stored(FIBRE))
    removed = compiled("catalog", {"edit": "remove", "entry_key": "offering/FIBRE"}, stored(FIBRE))

    assert CATALOG.describe(put) == "Offering Fibre 600 changed: name"
    assert (put.action, removed.action) == ("change", "remove")
    assert code_of("catalog", {"edit": "remove", "entry_key": "offering/COPPER"}, stored(FIBRE)) == "unknown_entry"
    assert code_of("catalog", {"edit": "put", "entry": {**renamed, "colour": "red"}}, stored(FIBRE)) == "bad_edit"


def test_edits_of_an_approval_policy() -> None:
    row = {"table": "tier", "id": "price", "position": 1, "when": {}, "then": {"tier": 1}}

    put = compiled("approval", {"edit": "put_row", "row": row}, {})

    assert put.entry == "row/tier/price"
    assert APPROVAL.describe(put) == "Row price of table tier added"
    assert code_of("approval", {"edit": "remove_row", "table": "tier", "id": "x"}, {}) == "unknown_row"


def test_a_migration_is_not_edited_by_hand() -> None:
    kind = kind_of("migration")
    with pytest.raises(Invalid) as caught:
        kind.compile(None, {})

    assert caught.value.code == "not_editable"
    assert kind.spans


@pytest.mark.parametrize(
    "entry", [{}, {"type": "price"}, {"type": "offering", "id": "", "name": "x"}, {"type": "tree"}]
)
def test_an_entry_that_is_none_of_the_kind_is_refused(entry: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        CATALOG.check_entry(entry)

    assert caught.value.code == "bad_entry"
