"""Price rules one by one against sums done by hand, and what no combination of them may do (R-10.2, R-10.3)."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import EVERYWHERE
from domain.deal import deal_facts
from domain.errors import Invalid
from domain.kinds import kind_of
from domain.kinds import promotion as launched
from domain.kinds.pricing_entries import (
    BundlePrice,
    Contract,
    Cost,
    Floor,
    Price,
    PriceEntry,
    Promotion,
    Rate,
    Rounding,
    Tier,
)
from domain.money import BASIS_POINTS, rounded
from domain.pricing import PriceBook, Priced, book_of, line_fault, price_line
from domain.pricing_rules import promotion_rules
from domain.quote import Quote, QuoteLine

EUR = 1_000_000
PLACE: dict[str, Any] = {"offering": "FIBRE", "selling_model": "monthly", "currency": "EUR"}
COST: dict[str, Any] = {"offering": "FIBRE", "currency": "EUR", "unit_cost_micros": 5 * EUR}
TIERS = (Tier(from_quantity=11, unit_price_micros=9 * EUR), Tier(from_quantity=21, off_basis_points=2_000))


def list_price(micros: int = 10 * EUR, **fields: Any) -> Price:
    return Price(**PLACE, unit_price_micros=micros, **fields)


def promotion(code: str = "SPRING", off: int = 1_000, **fields: Any) -> Promotion:
    window = {"since": date(2026, 1, 1), "until": date(2026, 2, 1)}
    return Promotion(**{"code": code, "offering": "FIBRE", "off_basis_points": off} | window | fields)


def line(
    quantity: int = 1, discount: int = 0, offering: str = "FIBRE", number: int = 1, model: str = "monthly"
) -> QuoteLine:
    amounts = {"unit_price_micros": 0, "discount_basis_points": discount, "net_minor": 0}
    return QuoteLine(line=number, offering=offering, selling_model=model, quantity=quantity, **amounts)


def quote(*lines: QuoteLine, customer: str = "c", created: datetime | None = None, currency: str = "EUR") -> Quote:
    at = created or datetime(2026, 1, 15, tzinfo=UTC)
    words = {"id": "Q", "status": "draft", "owner": "o", "market": "DE", "channel": "direct", "segment": "business"}
    pinned = {"catalog_version": 1, "price_version": 1, "total_minor": 0, "created_at": at, "expires_at": at}
    return Quote(**words, **pinned, customer=customer, currency=currency, lines=lines)


def priced(*entries: PriceEntry, of: QuoteLine | None = None, within: Quote | None = None) -> Priced:
    wanted = of or line()
    book = PriceBook({entry.key: entry.model_dump(mode="json") for entry in entries})
    result = price_line(book, within or quote(wanted), wanted)
    assert result is not None
    return result


@pytest.mark.parametrize(("quantity", "net"), [(10, 100_00), (11, 109_00), (20, 190_00), (21, 198_00), (30, 270_00)])
def test_in_graduated_tiers_each_unit_has_the_price_of_its_own_tier(quantity: int, net: int) -> None:
    found = priced(list_price(tiers=TIERS, tier_mode="graduated"), of=line(quantity))

    assert found.net_minor == net


def test_volume_counts_the_offering_in_the_whole_quote() -> None:
    book = list_price(tiers=TIERS, tier_basis="quote")
    lines = line(5, number=1), line(6, number=2), line(90, number=3, offering="OTHER")

    assert priced(book, of=lines[0], within=quote(*lines)).unit_price_micros == 9 * EUR
    assert priced(book, of=lines[0]).unit_price_micros == 10 * EUR


def test_a_contract_price_takes_the_place_of_list_tiers_and_promotions() -> None:
    contract = Contract(**PLACE, customer="acme", unit_price_micros=7 * EUR)
    entries = (list_price(tiers=TIERS), promotion(), contract)

    agreed = priced(*entries, of=line(30, discount=1_000), within=quote(customer="acme"))
    assert (agreed.unit_price_micros, [s.rule for s in agreed.trace]) == (6_300_000, ["contract", "discount", "net"])
    assert priced(*entries, of=line(1)).unit_price_micros == 9 * EUR


def test_a_bundle_counts_only_where_the_quote_has_it_and_the_largest_wins() -> None:
    bundles = [BundlePrice(**PLACE, bundle=name, off_basis_points=off) for name, off in (("A", 500), ("B", 800))]
    one = line(), line(number=2, offering="A")
    both = *one, line(number=3, offering="B")

    assert priced(list_price(), *bundles).unit_price_micros == 10 * EUR
    assert priced(list_price(), *bundles, within=quote(*one)).unit_price_micros == 9_500_000
    assert priced(list_price(), *bundles, within=quote(*both)).unit_price_micros == 9_200_000


def test_promotions_stack_by_adding_up() -> None:
    amount = promotion("WELCOME", 0, off_micros=EUR // 2, currency="EUR")
    found = priced(list_price(), promotion(), promotion("SEGMENT", 500, segment="business"), amount)

    assert found.unit_price_micros == 8_000_000
    assert found.trace[1].entry.count("promotion/") == 3


def test_an_exclusive_promotion_applies_alone_by_priority_and_then_by_id() -> None:
    exclusive = [
        promotion(code, off, exclusive=True, priority=p)
        for code, off, p in (("X", 100, 2), ("Z", 300, 1), ("Y", 200, 1))
    ]

    assert priced(list_price(), promotion(), *exclusive).unit_price_micros == 9_800_000


@pytest.mark.parametrize(
    "other",
    [{"market": "AT"}, {"channel": "partner"}, {"segment": "public"}, {"currency": "GBP"}, {"since": date(2026, 1, 16)},
     {"until": date(2026, 1, 15)}, {"offering": "COPPER"}],
)  # fmt: skip
def test_a_promotion_for_others_or_for_another_time_does_not_apply(other: dict[str, Any]) -> None:
    assert priced(list_price(), promotion(**other)).unit_price_micros == 10 * EUR
    assert priced(list_price(), promotion(offering=EVERYWHERE)).unit_price_micros == 9 * EUR


@pytest.mark.parametrize(
    ("off", "discount", "unit"), [(1_000, 500, 8_550_000), (2_000, 1_000, 8 * EUR), (0, 5_000, 8 * EUR)]
)
def test_promotion_and_discount_stop_at_the_floor(off: int, discount: int, unit: int) -> None:
    floor = Floor(**PLACE, unit_floor_micros=8 * EUR)

    assert priced(list_price(), promotion(off=off), floor, of=line(3, discount)).unit_price_micros == unit
    assert priced(list_price(7 * EUR), promotion(off=off), floor, of=line(3, discount)).unit_price_micros == 7 * EUR


def test_usage_is_priced_by_its_rate() -> None:
    rate = Rate(offering="FIBRE", resource="minutes", unit="minute", currency="EUR", unit_price_micros=5_700)
    found = priced(rate, of=line(1_000, model="minutes"))

    assert (found.net_minor, found.charge, found.trace[0].rule) == (570, "usage", "rate")


@pytest.mark.parametrize(
    ("mode", "step", "value", "minor"),
    [("half_up", 5, 25_000, 5), ("half_up", 5, 24_999, 0), ("half_even", 1, 25_000, 2), ("half_even", 1, 35_000, 4),
     ("up", 1, 20_001, 3), ("up", 1, 20_000, 2), ("down", 1, 29_999, 2), ("half_up", 1, -25_000, -3), ("up", 1, -20_001, -3)],
)  # fmt: skip
def test_rounding_by_currency(mode: str, step: int, value: int, minor: int) -> None:
    assert rounded(value, "EUR", step, mode) == minor


def test_the_rounding_rule_of_a_currency_holds_for_its_lines() -> None:
    assert priced(list_price(10_030_000), Rounding(currency="EUR", step=5)).net_minor == 1005
    assert priced(list_price(10_030_000), Rounding(currency="CHF", step=5)).net_minor == 1003


@given(
    st.integers(0, 10**9),
    st.integers(1, 500),
    st.lists(st.tuples(st.integers(0, BASIS_POINTS), st.integers(0, 10**9), st.booleans()), max_size=5),
    st.integers(0, BASIS_POINTS),
)
def test_stacked_promotions_and_discounts_never_make_a_price_negative(
    micros: int, quantity: int, offs: list[tuple[int, int, bool]], discount: int
) -> None:
    promotions = [
        promotion(f"P{number}", points, off_micros=amount, currency="EUR", exclusive=alone)
        for number, (points, amount, alone) in enumerate(offs)
    ]
    graduated = list_price(micros, tiers=TIERS, tier_mode="graduated")

    found = priced(graduated, *promotions, of=line(quantity, discount))
    assert found.net_minor >= 0
    assert found.trace[-1].after == found.net_minor
    assert [step.before for step in found.trace][1:] == [step.after for step in found.trace][:-1]


@pytest.mark.parametrize(
    ("bad", "fault"),
    [(line(0), "quantity"), (line(-3), "quantity"), (line(2 * 10**9), "quantity"), (line(discount=10_001), "discount")],
)
def test_a_line_that_nobody_can_price_says_why(bad: QuoteLine, fault: str) -> None:
    assert line_fault(quote(bad), bad) == fault
    assert line_fault(quote(currency="XXQ"), line()) == "currency"
    assert line_fault(quote().model_copy(update={"created_at": None}), line()) == "date"
    assert line_fault(quote(), line()) is None


@pytest.mark.parametrize("value", [None, "many", 1.5, True])
def test_a_line_without_a_whole_number_is_one_that_nobody_can_price(value: object) -> None:
    for name, fault in (("quantity", "quantity"), ("discount_basis_points", "discount")):
        bad = line().model_copy(update={name: value})
        assert line_fault(quote(bad), bad) == fault


def test_of_a_line_that_cannot_be_read_no_fact_is_known() -> None:
    entries = (list_price(), Cost(offering="FIBRE", currency="EUR", unit_cost_micros=5 * EUR))
    book = PriceBook({entry.key: entry.model_dump(mode="json") for entry in entries})

    def facts(**unread: None) -> tuple[object, object]:
        found = deal_facts(book, quote(line(), line(number=2).model_copy(update=unread)), 30)
        return found["discount_percent"], found["margin_percent"]

    assert facts() == (0, 50)
    assert facts(discount_basis_points=None, net_minor=None) == (None, None)
    assert facts(quantity=None, net_minor=None) == (0, None)


def test_an_amount_that_no_line_comes_to_leaves_the_margin_unknown() -> None:
    most = line(10**9)
    for entry in (list_price(10**15), Cost(offering="FIBRE", currency="EUR", unit_cost_micros=10**15)):
        entries = {one.key: one.model_dump(mode="json") for one in (list_price(), entry)}
        book = PriceBook({Cost(**COST).key: Cost(**COST).model_dump(mode="json"), **entries})
        assert deal_facts(book, quote(line()), 30)["margin_percent"] is not None
        assert deal_facts(book, quote(most), 30)["margin_percent"] is None


def test_a_price_without_later_fields_keeps_its_stored_form() -> None:
    stored = {
        "type": "price", "offering": "FIBRE", "selling_model": "monthly", "market": "DE", "channel": "direct",
        "currency": "EUR", "unit_price_micros": 1, "tiers": [{"from_quantity": 2, "unit_price_micros": None, "off_basis_points": 5}],
    }  # fmt: skip
    kind = kind_of("pricing")

    assert kind.check_entry(stored) == stored
    assert kind.check_entry({**stored, "tier_mode": "graduated"}) == {**stored, "tier_mode": "graduated"}


def test_rules_are_put_and_taken_out_by_edits() -> None:
    kind = kind_of("pricing")
    rule = promotion().model_dump(mode="json")
    put = kind.compile(kind.parse_edits([{"edit": "put_rule", "rule": rule}])[0], {})
    content = {put.entry: put.after or {}}
    take = kind.compile(kind.parse_edits([{"edit": "remove_rule", "entry": put.entry}])[0], content)

    assert (take.before, take.after) == (rule, None)
    assert kind.describe(put) == "promotion SPRING, FIBRE: new at 10 % off from 2026-01-01 until 2026-02-01"
    with pytest.raises(Invalid) as caught:
        kind.compile(kind.parse_edits([{"edit": "remove_rule", "entry": "promotion/none"}])[0], content)
    assert caught.value.code == "unknown_rule"


def test_tiers_are_set_by_an_edit_and_a_new_amount_keeps_them() -> None:
    kind = kind_of("pricing")
    content = {list_price().key: list_price().model_dump(mode="json")}
    tiers = [{"from_quantity": 10, "off_basis_points": 500}]
    edit = {"edit": "set_tiers", **PLACE, "tiers": tiers, "tier_mode": "graduated"}
    done = kind.compile(kind.parse_edits([edit])[0], content)
    assert kind.describe(done) == "FIBRE, monthly: no tiers becomes graduated tiers: from 10 5 % off"

    dearer = {"edit": "set_price", **PLACE, "unit_price": "11"}
    after = kind.compile(kind.parse_edits([dearer])[0], {done.entry: done.after or {}}).after
    assert after is not None
    assert (after["unit_price_micros"], after["tier_mode"], len(after["tiers"])) == (11 * EUR, "graduated", 1)


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        (promotion(until=date(2026, 1, 1)), "empty_window"),
        (promotion(off_micros=5), "amount_without_currency"),
        (promotion(offering="NONE"), "unknown_offering"),
        (BundlePrice(**PLACE, bundle="NONE", off_basis_points=1), "unknown_offering"),
        (list_price(tiers=TIERS, tier_mode="graduated", tier_basis="quote"), "graduated_volume"),
    ],
)
def test_what_a_rule_must_not_be(entry: PriceEntry, code: str) -> None:
    offering = {"type": "offering", "id": "FIBRE", "name": "Fibre", "sellable": False, "lifecycle": "active"}
    found = kind_of("pricing").validate(
        {"catalog": {"o": offering}, "pricing": {entry.key: entry.model_dump(mode="json")}}
    )

    assert [problem.code for problem in found] == [code]


def test_a_promotion_artifact_prices_lines_and_of_a_group_only_the_best_counts() -> None:
    def launch(name: str, off: int, group: str = "standard") -> dict[str, Any]:
        entry = launched.Promotion(
            id=name, name=name, first_day=date(2026, 1, 1), last_day=date(2026, 1, 15), offerings=("FIBRE", "TV"),
            off_basis_points=off, stacking_group=group, attribution=name,
        )  # fmt: skip
        return entry.model_dump(mode="json")

    content = {"a": launch("A", 500), "b": launch("B", 1_000), "c": launch("C", 200, "other")}
    book = PriceBook(
        {list_price().key: list_price().model_dump(mode="json"), **promotion_rules("promotion/standard", content)}
    )
    last, after = datetime(2026, 1, 15, 23, tzinfo=UTC), datetime(2026, 1, 16, tzinfo=UTC)

    found = [price_line(book, quote(line(), created=at), line()) for at in (last, after)]
    assert [one.unit_price_micros for one in found if one] == [8_800_000, 10 * EUR]


def test_promotions_of_the_same_id_in_a_book_and_in_artifacts_all_stay() -> None:
    def launch(off: int) -> dict[str, Any]:
        entry = launched.Promotion(
            id="SPRING", name="Spring", first_day=date(2026, 1, 1), last_day=date(2026, 1, 31), offerings=("FIBRE",),
            off_basis_points=off, stacking_group=str(off), attribution="SPRING",
        )  # fmt: skip
        return {entry.key: entry.model_dump(mode="json")}

    prices = {entry.key: entry.model_dump(mode="json") for entry in (list_price(), promotion(off=1_000))}
    book = book_of(prices, {"promotion/a": launch(200), "promotion/b": launch(300), "catalog/a": launch(5_000)})

    found = price_line(book, quote(line()), line())
    assert found is not None
    assert found.unit_price_micros == 8_500_000
