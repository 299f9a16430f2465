"""Each kind of difference is found by a change of the kind that moves it, each pack has records, and both can be run again.

Beside each, a change that moves nothing of it: what is found is not found everywhere.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from activities.snapshot import refresh
from analysis.assessment import Wide, run_simulation
from analysis.simulation import simulate_few
from analysis.simulation_scenes import live_scenes
from domain.judging import CheckRule, Consequence, doing, judged, unknown_checks
from domain.kinds.eligibility import Rule
from domain.kinds.kind import Touched
from domain.simulation import Difference, Outcome, Pack, Simulation
from queries.simulation import reproduce
from store import artifacts
from store.quotes import open_quotes_using
from store.snapshots import SnapshotFiles
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow
from tests.analysis.simulating import KINDS, LIMITS, check, forced, moving, simulated
from tests.builders import PRICES, Business, proposal, set_price
from tests.databases import as_owner

LINES = table_of(QuoteLineRow)


def put(**entry: Any) -> dict[str, Any]:
    return {"edit": "put", "entry": entry}


DENIED = put(
    type="rule", id="no-voice", name="No voice", effect="deny", reason="Not licensed there.", offering="HOME-PHONE", country="CH"
)  # fmt: skip
REWORDED = put(type="clause", id="price", name="Price", text="The price is {price} a month for {term}.")
SLOWER = put(
    type="task", plan="voice", id="configure", name="Configure the service", system="provisioning", after=["number"],
    attempts=9, compensation="Remove the configuration",
)  # fmt: skip
ASKS_MORE = put(type="field", contract="billing-handoff", name="cost_centre", data_type="text", required=False)
CREDITED = put(
    type="promotion", id="spring-fibre", name="Spring fibre", first_day="2027-03-01", last_day="2027-05-31",
    offerings=["FIBRE-250", "FIBRE-500"], market="DE", channel="direct", segment="consumer", off_basis_points=1000,
    stacking_group="season", billing="credit", attribution="SPRING27",
)  # fmt: skip
STRICTER = {
    "edit": "put_row",
    "row": {
        "type": "row", "table": "quote", "id": "large", "position": 75, "when": {"discount_percent": "3"},
        "then": {"tier": 2, "stages": [{
            "id": "finance", "title": "Finance", "groups": ["finance"], "after": [], "inputs": ["content", "policy"],
            "remind_after": 8, "escalations": [{"after": 24, "groups": ["commercial-directors"]}], "expire_after": 168,
        }]},
        "because": "three percent",
    },
}  # fmt: skip
MOVES = {
    "eligibility": ("eligibility", DENIED),
    "clauses": ("document", REWORDED),
    "fulfillment plan": ("order_mapping", SLOWER),
    "billing mapping": ("integration", ASKS_MORE),
    "billing mapping of a promotion": ("promotion", CREDITED),
    "approval route": ("approval", STRICTER),
}


def difference(found: Simulation, name: str) -> Difference:
    return next(one for one in found.differences if one.name == name)


def named(found: Simulation) -> tuple[CheckRule, ...]:
    """A rule of a policy for each check of a simulation."""
    return tuple(CheckRule(check=one.name) for one in found.checks)


def pack(found: Simulation, name: str) -> Pack:
    return next(one for one in found.packs if one.name == name)


@pytest.mark.parametrize("name", MOVES)
def test_a_change_of_the_kind_that_moves_it_shows_with_counter_examples(trading: Business, name: str) -> None:
    kind, edit = MOVES[name]
    found = simulated(trading, kind, edit)
    moved = difference(found, name.removesuffix(" of a promotion"))

    assert moved.cases and moved.checked >= moved.cases and moved.examples
    assert not found.failed and not unknown_checks(named(found))
    others = {one.name for one in found.differences if one.cases} - {moved.name}
    assert others <= {"price", "margin", "billing mapping"}


def test_what_is_old_and_what_is_new_stands_side_by_side(trading: Business) -> None:
    denied = difference(simulated(trading, "eligibility", DENIED), "eligibility")
    routed = difference(simulated(trading, "approval", STRICTER), "approval route")
    slower = difference(simulated(trading, "order_mapping", SLOWER), "fulfillment plan")

    assert pack(simulated(trading, "eligibility", DENIED), "open_quotes").moved == denied.cases
    assert all("HOME-PHONE in CH: no longer allowed, now denied: Not licensed there." in one for one in denied.examples)
    assert all(one.endswith("Sales operations → Sales operations, Finance") for one in routed.examples)
    assert all("no longer Configure the service in provisioning" in one for one in slower.examples)


def test_a_price_moves_price_margin_and_route_and_nothing_else(trading: Business) -> None:
    found = simulated(trading, "pricing", set_price("9.00", "LEASED-LINE-1G"))

    assert difference(found, "price").cases == difference(found, "margin").cases == found.quotes > 0
    assert difference(found, "approval route").cases
    assert all("Finance" in example for example in difference(found, "approval route").examples)
    assert all(" EUR" in example and " → " in example for example in difference(found, "margin").examples)
    for name in ("eligibility", "clauses", "fulfillment plan", "billing mapping"):
        assert difference(found, name).cases == 0 and difference(found, name).reason


def test_a_window_that_opens_later_is_a_difference_today(trading: Business) -> None:
    later = {**DENIED["entry"], "first_day": "2031-01-01", "last_day": "2031-12-31"}
    found = difference(simulated(trading, "eligibility", put(**later)), "eligibility")

    assert found.cases and all("now denied from 2031-01-01: Not licensed there." in one for one in found.examples)


def test_a_rule_for_one_customer_is_asked_about_that_customer(trading: Business) -> None:
    with trading.database.reading() as session:
        (bought, *_) = open_quotes_using(session, (Touched(offering="FIBRE-500"),))
    rule = {**DENIED["entry"], "offering": "FIBRE-500", "country": "*", "customer": bought.customer}
    found = difference(simulated(trading, "eligibility", put(**rule)), "eligibility")
    assert found.cases == 1 and found.examples[0].startswith(bought.id)


def test_every_pack_has_records_in_the_example_business(trading: Business) -> None:
    risky = set_price("47.90", market="CH", channel="partner", currency="CHF")
    found = simulated(trading, "pricing", set_price("43.90"), risky)

    packs = {one.name: one for one in found.packs}
    assert len(packs) == 9
    assert {name for name, one in packs.items() if one.outcome is not Outcome.PASS} == set()
    assert all(one.quotes for one in packs.values())
    assert packs["accepted"].dearer and packs["renewals"].dearer and packs["promotions"].dearer


def test_business_that_loses_its_price_fails_its_pack_and_that_has_a_consequence(trading: Business) -> None:
    with trading.database.reading() as session:
        entries = artifacts.content(session, PRICES, artifacts.latest(session, PRICES))
    lost = [key for key, entry in entries.items() if entry["type"] == "price" and entry["offering"] == "FIBRE-500"]
    found = forced(trading, PRICES, dict.fromkeys(lost))

    assert all(pack(found, name).outcome is Outcome.FAIL for name in ("accepted", "renewals"))
    assert check(found, "every_line_priced").outcome is Outcome.INCONCLUSIVE
    rules = (CheckRule(failed=Consequence.WARN), CheckRule(check="pack_renewals"))
    assert doing(judged(found, rules), Consequence.BLOCK) == ("pack_renewals",)


def test_a_pack_of_which_nothing_could_be_judged_does_not_pass(trading: Business) -> None:
    names = ("open_quotes", "high_risk", "accepted", "renewals")
    edits = set_price("43.90"), set_price("47.90", market="CH", channel="partner", currency="CHF")
    assert {pack(simulated(trading, "pricing", *edits), name).outcome for name in names} == {Outcome.PASS}
    with as_owner(trading.login) as connection:
        connection.execute(update(LINES).values(quantity=0))
    found = simulated(trading, "pricing", *edits)

    silent = [pack(found, name) for name in names]
    assert {one.outcome for one in silent} == {Outcome.INCONCLUSIVE} and all(one.quotes for one in silent)
    assert "Every affected line can be judged" in silent[0].reason and silent[1].reason == silent[0].reason
    for one in silent[2:]:
        affected, of = re.findall(r"(\d+) of (\d+) that the change affects could not be priced", one.reason)[0]
        assert int(affected) == int(of) > 0


def test_business_that_had_no_price_before_fails_no_pack(trading: Business) -> None:
    with trading.database.reading() as session:
        entries = artifacts.content(session, PRICES, artifacts.latest(session, PRICES))
        prices = [key for key, one in entries.items() if one["type"] == "price" and one["offering"] == "FIBRE-500"]
        subject = moving(session, PRICES, dict.fromkeys(prices))
        never = replace(subject, books=replace(subject.books, old=subject.books.new))
        quotes = open_quotes_using(session, subject.books.touched)
        found = simulate_few(never, quotes, trading.files, live_scenes(session))

    outcomes = {name: pack(found, name).outcome for name in ("accepted", "renewals", "top_revenue")}
    assert set(outcomes.values()) == {Outcome.INCONCLUSIVE}
    assert check(found, "every_line_priced").outcome is Outcome.FAIL


def test_without_business_a_pack_says_what_is_missing(business: Business) -> None:
    found = simulated(business, "pricing", set_price("43.90"))

    inconclusive = {one.name for one in found.packs if one.outcome is Outcome.INCONCLUSIVE}
    assert inconclusive == {"top_revenue", "open_quotes", "accepted", "renewals", "high_risk"}
    assert all(one.reason for one in found.packs if one.outcome is Outcome.INCONCLUSIVE)


def test_systems_that_read_a_contract_are_probed(trading: Business) -> None:
    probes = pack(forced(trading, KINDS["integration"], {"field/price-activated/market": None}), "probes")

    assert probes.outcome is Outcome.FAIL and "runtime-catalog" in probes.examples[0]
    assert pack(simulated(trading, "integration", ASKS_MORE), "probes").moved == 1


def test_an_offering_that_nothing_fulfils_any_more_fails(trading: Business) -> None:
    found = forced(trading, KINDS["order_mapping"], {"route/HOME-PHONE": None})

    assert "every_line_decomposes" in found.failed
    assert "HOME-PHONE in CH" in check(found, "every_line_decomposes").counter_examples
    assert pack(found, "decompositions").outcome is Outcome.FAIL


def test_a_proposal_without_a_required_clause_fails(trading: Business) -> None:
    bare = {"offering": "HOME-PHONE", "country": "CH", "language": "en", "clauses": ["parties"]}
    found = forced(
        trading, KINDS["document"], {"template/bare": {"type": "template", "id": "bare", "name": "Bare", **bare}}
    )

    assert check(found, "required_clauses").counter_examples == ("HOME-PHONE in CH: switzerland",)


def test_a_quote_that_nobody_would_approve_and_a_function_that_drops_out_fail(trading: Business) -> None:
    found = forced(trading, KINDS["approval"], {"row/quote/seller": None})

    assert check(found, "no_unrouted_approval").outcome is Outcome.FAIL
    assert check(found, "approvers_stay").counter_examples == ("quote/seller: sales-operations",)


@pytest.mark.parametrize(
    ("kind", "name", "example"),
    [
        ("document", "required_clauses", "FIBRE-500 in CH: no template"),
        ("order_mapping", "every_line_decomposes", "FIBRE-500 in CH"),
    ],
)
def test_taking_out_all_that_decides_takes_out_no_check(trading: Business, kind: str, name: str, example: str) -> None:
    with trading.database.reading() as session:
        content = artifacts.content(session, KINDS[kind], artifacts.latest(session, KINDS[kind]))
        subject = moving(session, KINDS[kind], dict.fromkeys(content))
        narrow = replace(subject, books=replace(subject.books, touched=(Touched(offering="FIBRE-500"),)))
        found = simulate_few(narrow, [], trading.files, live_scenes(session))

    assert check(found, name).outcome is Outcome.FAIL and example in check(found, name).counter_examples


def test_a_policy_that_says_nothing_about_quotes_any_more_fails(trading: Business) -> None:
    with trading.database.reading() as session:
        content = artifacts.content(session, KINDS["approval"], artifacts.latest(session, KINDS["approval"]))
    found = forced(trading, KINDS["approval"], {key: None for key in content if key.startswith("row/quote/")})

    assert len(check(found, "no_unrouted_approval").counter_examples) == 10
    assert "quote/payment: finance" in check(found, "approvers_stay").counter_examples
    assert sum(name.startswith("scenario_") for name in found.failed) > 5
    assert difference(found, "approval route").cases == difference(found, "approval route").checked > 0


def test_a_group_that_one_row_asks_no_more_drops_out(trading: Business) -> None:
    with trading.database.reading() as session:
        content = artifacts.content(session, KINDS["approval"], artifacts.latest(session, KINDS["approval"]))
    row = content["row/stages/owner-and-finance"]
    alone = {**row, "then": {**row["then"], "stages": row["then"]["stages"][:1]}}
    found = forced(trading, KINDS["approval"], {"row/stages/owner-and-finance": alone})

    assert check(found, "approvers_stay").counter_examples == ("stages/owner-and-finance: finance",)


def test_without_a_quote_nobody_can_say_whether_each_has_an_approver(business: Business) -> None:
    found = check(simulated(business, "pricing", set_price("43.90")), "no_unrouted_approval")
    assert found.outcome is Outcome.INCONCLUSIVE and found.reason


def test_what_was_of_high_risk_is_looked_at_also_where_the_mark_is_taken_out(trading: Business) -> None:
    with trading.database.reading() as session:
        content = artifacts.content(session, KINDS["eligibility"], artifacts.latest(session, KINDS["eligibility"]))
    marks = {key: None for key, entry in content.items() if entry["type"] == "high_risk"}
    denied = {"rule/no-voice": Rule(**DENIED["entry"] | {"country": "*"}).model_dump(mode="json")}
    found = forced(trading, KINDS["eligibility"], marks | denied)
    assert pack(found, "high_risk").quotes and pack(found, "high_risk").moved


def test_who_holds_a_bundle_that_moves_is_listed(trading: Business) -> None:
    found = simulated(
        trading, "catalog", {"edit": "remove", "entry_key": "component/BUSINESS-CONNECT/options/CARE-GOLD"}
    )

    held = check(found, "bundles_listed")
    assert held.outcome is Outcome.PASS and held.checked >= len(held.counter_examples) > 0 and held.reason


@pytest.mark.parametrize("name", ["price", *MOVES])
def test_it_is_the_same_again_after_business_has_moved_on(
    trading: Business, snapshot_files: SnapshotFiles, name: str
) -> None:
    kind, edit = MOVES.get(name, ("pricing", set_price("43.90")))
    wide = Wide(snapshot_files, LIMITS, few=10)
    change = replace(trading, wide=wide).submitted(proposal(edit, kind=kind, artifact=KINDS.get(kind, PRICES)))
    replace(trading, wide=wide).walk(change)
    trading.seed(8, 100)
    refresh(trading.gateway, snapshot_files)

    with trading.database.reading() as session:
        found = reproduce(session, trading.files, change, wide)
    assert (found.same, found.differing) == (True, ())


def test_few_and_many_find_the_same(trading: Business, snapshot_files: SnapshotFiles, tmp_path: Path) -> None:
    refresh(trading.gateway, snapshot_files)
    change = trading.draft(proposal(set_price("43.90")))
    with trading.database.reading() as session:
        few = run_simulation(session, trading.content(change), trading.files)
        many = run_simulation(
            session, trading.content(change), trading.files, 100, Wide(snapshot_files, LIMITS, few=10)
        )

    assert many.snapshot and not few.snapshot
    assert (many.packs, many.differences, many.scenes_file) == (few.packs, few.differences, few.scenes_file)
