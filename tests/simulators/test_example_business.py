"""The shipped example business is whole, and a broken one is refused by file and line."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from domain.canonical import digest
from domain.errors import Invalid
from domain.kinds import catalog, kind_of, pricing
from domain.money import BASIS_POINTS
from store.artifacts import by_kind
from store.example_business import CATALOG, FOLDER, PRICING, ExampleBusiness, load_example

LEAST_MARGIN_PERCENT = 105


@pytest.fixture(scope="module")
def business() -> ExampleBusiness:
    return load_example()


def entries(business: ExampleBusiness, artifact: str, kind: str) -> list[dict[str, Any]]:
    return [entry for entry in business.contents[artifact].values() if entry["type"] == kind]


def test_every_kind_finds_its_content_sound(business: ExampleBusiness) -> None:
    contents = by_kind((artifact.partition("/")[0], content) for artifact, content in business.contents.items())

    assert len(contents) == 10
    assert {name: kind_of(name).validate(contents) for name in contents} == dict.fromkeys(contents, ())


def test_entries_are_in_stored_form_under_their_own_key(business: ExampleBusiness) -> None:
    for kind, artifact in ((catalog.KIND, CATALOG), (pricing.KIND, PRICING)):
        for key, entry in business.contents[artifact].items():
            assert kind.check_entry(entry) == entry
            model = kind.entries.validate_python(entry)
            assert key == model.key


def test_every_sellable_offering_has_a_price_everywhere(business: ExampleBusiness) -> None:
    priced = {
        (p["offering"], p["selling_model"], p["market"], p["channel"], p["currency"])
        for p in entries(business, PRICING, "price")
    }
    wanted = {
        (offering["id"], model, market.code, channel.code, market.currency)
        for offering in entries(business, CATALOG, "offering")
        for model in offering["selling_models"]
        for market in business.markets
        for channel in business.channels
        if offering["sellable"]
    }

    assert len(wanted) >= 6 * 35
    assert wanted <= priced
    assert all(o["selling_models"] for o in entries(business, CATALOG, "offering"))


def test_no_price_under_cost_and_five_percent(business: ExampleBusiness) -> None:
    costs = {(c["offering"], c["currency"]): c["unit_cost_micros"] for c in entries(business, PRICING, "cost")}
    for price in entries(business, PRICING, "price"):
        deepest = max((tier["off_basis_points"] for tier in price["tiers"]), default=0)
        lowest = price["unit_price_micros"] * (BASIS_POINTS - deepest) // BASIS_POINTS
        cost = costs[price["offering"], price["currency"]]

        assert lowest * 100 >= cost * LEAST_MARGIN_PERCENT, price


def test_partners_pay_a_little_less(business: ExampleBusiness) -> None:
    prices = {
        (p["offering"], p["selling_model"], p["market"], p["channel"]): p["unit_price_micros"]
        for p in entries(business, PRICING, "price")
    }
    for (offering, model, market, channel), price in prices.items():
        if channel == "partner":
            assert 0.9 < price / prices[offering, model, market, "direct"] < 1


def test_catalog_names_only_what_it_has(business: ExampleBusiness) -> None:
    categories = {c["id"] for c in entries(business, CATALOG, "category")}
    attributes = {a["id"] for a in entries(business, CATALOG, "attribute")}
    for offering in entries(business, CATALOG, "offering"):
        assert set(offering["categories"]) <= categories
        assert set(offering["attributes"]) <= attributes
    assert {c["parent"] for c in entries(business, CATALOG, "category")} - {""} <= categories


def test_size_and_shape(business: ExampleBusiness) -> None:
    assert len(entries(business, CATALOG, "offering")) == 42
    assert {c["bundle"] for c in entries(business, CATALOG, "component")} == {
        "HOME-START", "HOME-PLUS", "MOBILE-FAMILY", "BUSINESS-CONNECT", "BUSINESS-BRANCH",
    }  # fmt: skip
    assert {(m.code, m.currency) for m in business.markets} == {("DE", "EUR"), ("GB", "GBP"), ("CH", "CHF")}
    assert sum(bool(p["tiers"]) for p in entries(business, PRICING, "price")) == 5 * 6


def test_people_can_fill_the_slots_of_the_approval_policy(business: ExampleBusiness) -> None:
    members = {g.id: {p.id for p in business.persons if g.id in p.groups} for g in business.groups}
    machines = [account.id for account in business.accounts if account.person is None]
    several = [p.id for p in business.persons if len(p.accounts) > 1]

    assert {name: len(persons) for name, persons in members.items()} == {
        "sales-operations": 2, "product": 2, "pricing": 3, "finance": 4, "revenue-operations": 2, "commercial-directors": 2,
        "administrators": 1, "product-management": 2, "legal": 2, "fulfillment-operations": 2, "billing-operations": 2,
        "security-compliance": 2, "engineering": 2, "reliability": 2, "governance-board": 5,
    }  # fmt: skip
    assert machines == ["delivery-pipeline"]
    assert several == ["priya.raman"]
    assert {a.person for a in business.accounts} - {None} == {p.id for p in business.persons}


def test_ids_are_ascii_and_the_contents_have_a_digest(business: ExampleBusiness) -> None:
    ids = [key for content in business.contents.values() for key in content]
    ids += [a.id for a in business.accounts] + [p.id for p in business.persons] + [g.id for g in business.groups]

    assert all(one.isascii() for one in ids)
    assert digest(business.contents) == digest(load_example().contents)


@pytest.mark.parametrize(
    ("file", "old", "new", "place"),
    [
        ("prices.csv", "FIBRE-500,monthly,41.90", "FIBRE-500,monthly,forty", "prices.csv, line 6"),
        ("prices.csv", "FIBRE-500,monthly,41.90,", "FIBRE-500,monthly,", "prices.csv, line 6"),
        ("prices.csv", "FIBRE-500,monthly,", "FIBRE-250,monthly,", "FIBRE-250"),
        ("prices.csv", "GB-partner", "FR-partner", "prices.csv: the columns"),
        ("costs.csv", "DSL-16,13.10", "DSL-16,13.1234567", "costs.csv, line 2"),
        ("tiers.csv", "25,5", "many,5", "tiers.csv, line 2"),
        ("tiers.csv", "DESK-PHONE", "DESK-PHONES", "tiers without a price: DESK-PHONES"),
        ("markets.yaml", "Europe/Berlin", "Europe/Bern", "markets.yaml"),
        ("markets.yaml", "currency: CHF", "currency: CHX", "markets.yaml"),
        ("people.yaml", "groups: [product], accounts: [felix.nygaard]", "groups: [produce], accounts: [f]", "produce"),
        ("people.yaml", "accounts: [tom.okafor]", "accounts: [mara.lindqvist]", "listed twice: mara.lindqvist"),
        ("order_mapping.yaml", "type: system, id: field,", "type: machinery, id: field,", "order_mapping.yaml"),
        ("promotion.yaml", "off_basis_points: 1000", "off_basis_points: 10.5", "promotion.yaml"),
        ("access.yaml", "id: decide,", "id: propose,", "permission/propose is listed twice"),
        ("catalog.yaml", "business:", "business: [", "catalog.yaml"),
        ("catalog.yaml", "- {offering: DSL-50}", "- DSL-50", "catalog.yaml"),
        ("catalog.yaml", "maximum: 3}", "maximum: many}", "catalog.yaml"),
        ("catalog.yaml", "id: FIBRE-500, ", "id: FIBRE-250, ", "offering/FIBRE-250 is listed twice"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, old: str, new: str, place: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "example")
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(Invalid) as caught:
        load_example(folder)

    assert caught.value.code == "bad_example"
    assert file in caught.value.detail
    assert place in caught.value.detail


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as caught:
        load_example(tmp_path)

    assert caught.value.detail == "markets.yaml: cannot be read: No such file or directory"
