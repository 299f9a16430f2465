"""A policy replay sends every deal where the approval engine's evaluator sends it, and counts people, money and work."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from analysis import replay as engine
from analysis.engine import Limits, workspace
from analysis.replay import Disagreement, Version, replay
from analysis.replay_deals import deals_of
from domain.errors import Invalid
from domain.replay import Replay
from policies.content import document_of, policy_in, seed_policy

COLUMNS: Mapping[str, pa.DataType] = {
    "deal": pa.string(),
    "currency": pa.string(),
    "value_minor": pa.int64(),
    "discount_percent": pa.int64(),
    "margin_percent": pa.int64(),
    "strategic_account": pa.bool_(),
    "payment_days": pa.int64(),
    "standard_clauses": pa.bool_(),
    "regions": pa.int64(),
}
Deal = dict[str, Any]


def deal(name: str = "Q-1", **facts: Any) -> Deal:
    """A deal that the shipped policy asks nobody but sales operations about."""
    usual = {"currency": "EUR", "value_minor": 1_000, "discount_percent": 0, "margin_percent": 40}
    more = {"strategic_account": False, "payment_days": 30, "standard_clauses": True, "regions": 1}
    return {"deal": name, **usual, **more, **facts}


def drawn(count: int) -> list[Deal]:
    chance = random.Random(5)
    return [
        deal(
            f"Q-{number}",
            currency=chance.choice(["EUR", "CHF"]),
            value_minor=chance.randrange(100_000),
            discount_percent=chance.randrange(40),
            margin_percent=chance.randrange(-10, 60),
            strategic_account=chance.random() < 0.1,
            payment_days=chance.choice([14, 30, 60]),
            standard_clauses=chance.random() < 0.9,
            regions=chance.choice([1, 1, 1, 2]),
        )
        for number in range(count)
    ]


def shipped() -> Version:
    return Version(seed_policy(), "version 1")


def changed(**rows: Mapping[str, str] | None) -> Version:
    """The shipped policy with other conditions of rows of its quote table; None takes a row out."""
    document = document_of(seed_policy())
    kept = [row for row in document["quote"]["rows"] if rows.get(row["id"], {}) is not None]
    for row in kept:
        row["when"] = {**row["when"], **(rows.get(row["id"]) or {})}
    return Version(policy_in({**document, "quote": {"rows": kept}}), "draft")


def run(deals: Sequence[Deal], old: Version, new: Version, sample: int = 1_000) -> Replay:
    with workspace(Limits("200MB", 1)) as (connection, _):
        table = pa.table({name: pa.array([d[name] for d in deals], kind) for name, kind in COLUMNS.items()})
        connection.register("deal", table)
        return replay(connection, "approval/standard", old, new, "sha256:x", sample)


def test_the_deals_of_a_flow_are_the_largest_of_each_currency_in_turn() -> None:
    values = {
        "yen": ("JPY", 3_000),
        "less": ("JPY", 2_000),
        "euro": ("EUR", 9),
        "cent": ("EUR", 1),
        "more": ("JPY", 1_000),
    }
    deals = [deal(name, currency=currency, value_minor=minor) for name, (currency, minor) in values.items()]
    with workspace(Limits("200MB", 1)) as (connection, _):
        table = pa.table({name: pa.array([d[name] for d in deals], kind) for name, kind in COLUMNS.items()})
        connection.register("deal", table)
        found = deals_of(connection, shipped(), shipped(), 0, 1, 3)
    assert [one.deal for one in found.items] == ["yen", "cent", "less"], "without the first, euro, and the last, more"


def test_every_deal_goes_where_the_evaluator_sends_it() -> None:
    deals, old = drawn(2_000), shipped()
    new = changed(discount={"discount_percent": "> 20"}, payment={"payment_days": "> 14"}, regions=None)
    found = run(deals, old, new)
    wanted = Counter((old.route(d).name, new.route(d).name) for d in deals)
    assert {(flow.old.name, flow.new.name): flow.deals for flow in found.flows} == dict(wanted)
    assert found.deals == 2_000 and found.unreadable == 0 and found.sampled == 1_000
    both = sum(flow.deals for flow in found.flows if flow.under_routed and flow.over_routed)
    assert found.under_routed.deals + found.over_routed.deals - both + found.same_people.deals == found.deals
    for way, share in (("under_routed", found.under_routed), ("over_routed", found.over_routed)):
        chosen = [d for d in deals if _moved(old, new, d, way)]
        assert share.deals == len(chosen) > 0
        assert share.money == {c: sum(d["value_minor"] for d in chosen if d["currency"] == c) for c in ("CHF", "EUR")}
    for item in found.work:
        assert item.new_signatures == sum(new.route(d).signatures.get(item.group, 0) for d in deals)
        assert item.old_signatures == sum(old.route(d).signatures.get(item.group, 0) for d in deals)
    assert found.hours == tuple(sum(v.route(d).hours for d in deals) for v in (old, new))


def _moved(old: Version, new: Version, facts: Deal, way: str) -> bool:
    before, after = set(old.route(facts).groups), set(new.route(facts).groups)
    return bool(after - before if way == "under_routed" else before - after)


def test_the_same_policy_moves_nothing() -> None:
    found = run(drawn(300), shipped(), shipped())
    assert found.same_people.deals == found.deals == 300
    assert found.under_routed.deals == found.over_routed.deals == 0


@pytest.mark.parametrize(("percent", "groups"), [(15, ()), (16, ("finance",))])
def test_a_lower_threshold_asks_somebody_more(percent: int, groups: tuple[str, ...]) -> None:
    old = changed(discount={"discount_percent": "> 30"})
    found = run([deal(discount_percent=percent)], old, shipped())
    assert found.flows[0].asked_now == groups


def test_the_same_people_in_another_order_are_the_same_people() -> None:
    old = shipped()
    rows = old.table.rows
    new = Version(old.policy.model_copy(update={"quote": old.table.model_copy(update={"rows": rows[::-1]})}), "draft")
    found = run(drawn(300), old, new)
    assert found.same_people.deals == 300
    assert any(flow.old != flow.new for flow in found.flows)


def test_a_deal_without_a_fact_is_counted_and_not_routed() -> None:
    found = run([deal("Q-1", margin_percent=None), deal("Q-2")], shipped(), shipped())
    assert (found.deals, found.unreadable, sum(flow.deals for flow in found.flows)) == (2, 1, 1)


def test_no_deals_give_no_flows() -> None:
    found = run([], shipped(), shipped())
    assert (found.deals, found.flows, found.sampled) == (0, (), 0)


def test_a_deal_that_no_row_holds_for_is_refused_and_not_hidden() -> None:
    found = run([deal()], shipped(), changed(seller={"regions": "> 5"}))
    assert found.flows[0].new.name == "refused: no rule"
    assert found.over_routed.deals == 1


def test_a_wrong_set_based_answer_fails_the_replay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "cell_holds", lambda row, column, value: True)
    with pytest.raises(Disagreement) as caught:
        run(drawn(50), shipped(), changed(discount={"discount_percent": "> 20"}))
    assert caught.value.code == "replay_disagrees"


def test_more_rows_than_a_number_has_bits() -> None:
    document = document_of(seed_policy())
    rows = document["quote"]["rows"]
    last = {**rows[1], "when": {"discount_percent": "> 30"}}
    more = [{**rows[0], "id": f"row-{n}", "when": {"discount_percent": f"== {n}"}} for n in range(130)]
    new = Version(policy_in({**document, "quote": {"rows": [*more, {**last, "id": "last"}]}}), "draft")
    found = run([deal(str(n), discount_percent=n) for n in range(40)], shipped(), new)
    assert sum(flow.deals for flow in found.flows if "finance" in flow.new.groups) == 9


def test_a_cell_that_cannot_be_asked_stops_the_replay() -> None:
    connection = duckdb.connect()
    connection.execute("CREATE TABLE readable AS SELECT 'x' AS discount_percent")
    with pytest.raises(Invalid) as caught:
        engine._answered(connection, "old", shipped().table)
    assert caught.value.code == "bad_rule"
    connection.close()
