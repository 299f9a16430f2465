"""Each further kind refuses what would do harm and says how to mend it; a further kind is one new file (R-3.1)."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from domain.artifact import Content, Operation
from domain.errors import Invalid
from domain.kinds import kind_of, kinds
from domain.kinds.document import required
from domain.kinds.eligibility import eligible
from domain.kinds.kind import Touched
from domain.kinds.order_mapping import tasks_in_order
from domain.kinds.security import access
from domain.pricing_rules import promotion_rules

CATALOG: Content = {
    f"offering/{code}": {"type": "offering", "id": code, "name": code, "sellable": True, "lifecycle": "active"}
    for code in ("FIBRE", "TV")
}
PRICES: Content = {
    "price/FIBRE": {
        "type": "price", "offering": "FIBRE", "selling_model": "monthly", "market": "DE", "channel": "direct", "currency": "EUR",
        "unit_price_micros": 40_000_000, "tiers": [],
    }
}  # fmt: skip

PROMOTION: dict[str, Any] = {
    "type": "promotion", "id": "summer", "name": "Summer", "first_day": "2027-06-01", "last_day": "2027-08-31",
    "offerings": ["FIBRE"], "off_basis_points": 2_000, "attribution": "SUM27",
}  # fmt: skip
RULE: dict[str, Any] = {
    "type": "rule",
    "id": "one",
    "name": "One",
    "effect": "deny",
    "reason": "Not licensed.",
    "offering": "FIBRE",
}
CLAUSE: dict[str, Any] = {"type": "clause", "id": "law", "name": "Law", "text": "The law of {country} holds."}
TEMPLATE: dict[str, Any] = {"type": "template", "id": "offer", "name": "Offer", "clauses": ["law"]}
REQUIREMENT: dict[str, Any] = {"type": "requirement", "clause": "law", "country": "DE", "because": "German law."}
WORDING: dict[str, Any] = {"type": "wording", "offering": "FIBRE", "slot": "teaser", "text": "Fast."}
SYSTEM: dict[str, Any] = {"type": "system", "id": "net", "name": "Network", "countries": ["DE"]}
PLAN: dict[str, Any] = {"type": "plan", "id": "line", "name": "Line", "countries": ["DE"]}
BUILD: dict[str, Any] = {
    "type": "task", "plan": "line", "id": "build", "name": "Build", "system": "net", "milestone": "asset_created", "compensation": "remove it",
}  # fmt: skip
BILL: dict[str, Any] = {
    **BUILD, "id": "bill", "name": "Bill", "after": ["build"], "milestone": "billing_start", "compensation": "end it",
}  # fmt: skip
ROUTES = [{"type": "route", "offering": code, "plan": "line"} for code in ("FIBRE", "TV")]
MAPPING = [SYSTEM, PLAN, BUILD, BILL, *ROUTES]
MACHINE: dict[str, Any] = {"type": "machine", "id": "order", "name": "Order", "owner": "operations", "initial": "new"}
STATES = [
    {"type": "state", "machine": "order", "id": "new"},
    {"type": "state", "machine": "order", "id": "done", "final": True},
]
FINISH: dict[str, Any] = {
    "type": "transition", "machine": "order", "source": "new", "action": "finish", "target": "done", "owner": "operations",
}  # fmt: skip
RETRY: dict[str, Any] = {
    "type": "retry", "id": "provider", "attempts": 5, "first_seconds": 5, "longest_seconds": 300, "timeout_seconds": 60,
}  # fmt: skip
PERIOD: dict[str, Any] = {
    "type": "period", "id": "q4", "name": "Fourth quarter", "kind": "quarter_close", "first_day": "2026-12-15", "last_day": "2026-12-31",
}  # fmt: skip
WORKFLOW = [MACHINE, *STATES, FINISH, RETRY, PERIOD]
CONTRACT: dict[str, Any] = {
    "type": "contract",
    "id": "order",
    "name": "Order event",
    "provider": "mandate",
    "direction": "event",
}
FIELD: dict[str, Any] = {"type": "field", "contract": "order", "name": "id", "data_type": "text", "required": True}
CONSUMER: dict[str, Any] = {
    "type": "consumer", "contract": "order", "system": "billing", "owner": "billing-operations", "fields": {"id": "text"}, "needs": ["id"],
}  # fmt: skip
CONTRACTS = [CONTRACT, FIELD, CONSUMER]
PERMISSIONS = [{"type": "permission", "id": name, "name": name} for name in ("propose", "decide", "read")]
ROLES = [
    {"type": "role", "id": "author", "name": "Author", "permissions": ["propose", "read"]},
    {"type": "role", "id": "judge", "name": "Judge", "permissions": ["decide"]},
]
GRANT: dict[str, Any] = {"type": "grant", "role": "author", "group": "sales"}
CONFLICT: dict[str, Any] = {
    "type": "conflict",
    "first": "propose",
    "second": "decide",
    "because": "Nobody judges their own.",
}
RELEASE: dict[str, Any] = {
    "type": "release", "component": "api", "version": "2.14.0", "commit": "a1" * 20, "digest": f"sha256:{'b2' * 32}",
    "build": "https://ci.example.com/api/812", "contains": ["Quicker lists"], "authors": ["yara.haddad"],
}  # fmt: skip
ACCESS = [*PERMISSIONS, *ROLES, GRANT, CONFLICT]


def stored(name: str, *entries: dict[str, Any]) -> Content:
    """Entries in their stored form under their keys, as the kind keeps them."""
    models = [kind_of(name).entries.validate_python(entry) for entry in entries]
    return {model.key: model.model_dump(mode="json") for model in models}


def codes(name: str, *entries: dict[str, Any]) -> list[str]:
    problems = kind_of(name).validate({"catalog": CATALOG, "pricing": PRICES, name: stored(name, *entries)})
    assert all(problem.message.endswith(".") and problem.mend for problem in problems)
    return sorted({problem.code for problem in problems})


def test_the_twelve_kinds_and_platform_releases_declare_what_they_must() -> None:
    risks = {name: kind.risk for name, kind in kinds().items()}

    assert risks == {
        "content": "customer confusion",
        "catalog": "invalid sellable product",
        "pricing": "revenue leakage",
        "promotion": "margin leakage, billing mismatch",
        "eligibility": "compliance violation",
        "approval": "control failure",
        "document": "legal dispute",
        "order_mapping": "fulfillment failure",
        "workflow": "stuck quote or order",
        "integration": "downstream breakage",
        "security": "data exposure or fraud",
        "migration": "historical corruption",
        "platform": "outage of the platform itself",
    }
    assert all(k.questions and k.packs and k.controls and k.strategy and k.rollback for k in kinds().values())
    assert {kind.plane for kind in kinds().values()} == {
        "catalog", "price", "promotion", "approval", "orchestration", "platform",
    }  # fmt: skip


def test_a_further_kind_is_one_new_file(tmp_path: Path) -> None:
    (tmp_path / "loyalty.py").write_text(
        (Path(__file__).parents[2] / "domain/kinds/content.py")
        .read_text(encoding="utf-8")
        .replace('name="content"', 'name="loyalty"'),
        encoding="utf-8",
    )
    found = subprocess.run(
        [sys.executable, "-c", f"import domain.kinds as k; k.__path__.append({str(tmp_path)!r}); print(*k.kinds())"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip

    assert set(found) - set(kinds()) == {"loyalty"}


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("content", [WORDING]),
        ("promotion", [PROMOTION]),
        ("eligibility", [RULE]),
        ("document", [CLAUSE, TEMPLATE, REQUIREMENT]),
        ("order_mapping", MAPPING),
        ("workflow", WORKFLOW),
        ("integration", CONTRACTS),
        ("security", ACCESS),
        ("platform", [RELEASE, {**RELEASE, "component": "worker"}]),
    ],
)
def test_sound_content_has_no_problem(name: str, entries: list[dict[str, Any]]) -> None:
    assert codes(name, *entries) == []


@pytest.mark.parametrize(
    ("name", "entries", "code"),
    [
        ("content", [{**WORDING, "offering": "NONE"}], "unknown_offering"),
        ("content", [{**WORDING, "text": "Fast, TODO."}], "unfinished_text"),
        ("content", [{**WORDING, "text": "Hello {{name}}"}], "unfinished_text"),
        ("content", [{**WORDING, "language": "de"}], "no_english_text"),
        ("promotion", [{**PROMOTION, "offerings": ["NONE"]}], "unknown_offering"),
        ("promotion", [{**PROMOTION, "last_day": "2027-05-31"}], "bad_window"),
        ("promotion", [{**PROMOTION, "off_micros": 1, "currency": "EUR"}], "bad_discount"),
        ("promotion", [{**PROMOTION, "off_basis_points": None}], "bad_discount"),
        ("promotion", [{**PROMOTION, "budget_cap_minor": 1}], "no_currency"),
        ("promotion", [{**PROMOTION, "coupon_limit": 1, "per_customer_limit": 2}], "bad_limit"),
        ("promotion", [PROMOTION, {**PROMOTION, "id": "two", "exclusive": True}], "exclusive_overlap"),
        ("promotion", [{**PROMOTION, "off_basis_points": None, "off_micros": 40_000_001, "currency": "EUR"}], "negative_price"),
        (
            "promotion",
            [
                {**PROMOTION, "off_basis_points": 6_000},
                {**PROMOTION, "id": "two", "off_basis_points": 4_001, "stacking_group": "other", "first_day": "2027-08-31"},
            ],
            "negative_price",
        ),
        ("eligibility", [{**RULE, "offering": "NONE"}], "unknown_offering"),
        ("eligibility", [{**RULE, "first_day": "2027-01-02", "last_day": "2027-01-01"}], "bad_window"),
        ("eligibility", [RULE, {**RULE, "id": "two", "effect": "allow"}], "contradiction"),
        ("eligibility", [RULE, {**RULE, "id": "two"}], "rule_twice"),
        ("document", [{**CLAUSE, "text": "Pay {everything}."}], "unknown_placeholder"),
        ("document", [CLAUSE, {**TEMPLATE, "clauses": ["none"]}], "unknown_clause"),
        ("document", [REQUIREMENT], "unknown_clause"),
        ("document", [CLAUSE, {**CLAUSE, "id": "other"}, {**TEMPLATE, "clauses": ["other"]}, REQUIREMENT], "required_clause_missing"),
        ("document", [CLAUSE, {**TEMPLATE, "offering": "NONE"}], "unknown_offering"),
        ("order_mapping", [*MAPPING, {**BUILD, "plan": "none"}], "unknown_plan"),
        ("order_mapping", [*MAPPING, {**BUILD, "system": "none"}], "unknown_system"),
        ("order_mapping", [*MAPPING, {**PLAN, "countries": ["DE", "CH"]}], "system_not_in_country"),
        ("order_mapping", [*MAPPING, {**BUILD, "after": ["none"]}], "unknown_task"),
        ("order_mapping", [*MAPPING, {**BUILD, "after": ["bill"]}], "task_cycle"),
        ("order_mapping", [*MAPPING, {**BUILD, "compensation": ""}], "no_compensation"),
        ("order_mapping", [*MAPPING, {**BILL, "milestone": ""}], "bad_milestones"),
        ("order_mapping", [*MAPPING, {**BILL, "id": "again"}], "bad_milestones"),
        ("order_mapping", [*MAPPING, {**PLAN, "id": "empty"}], "empty_plan"),
        ("order_mapping", MAPPING[:-1], "no_route"),
        ("order_mapping", [*MAPPING, {**ROUTES[0], "plan": "none"}], "unknown_plan"),
        ("workflow", [*WORKFLOW, {**FINISH, "action": "go", "target": "nowhere"}], "unknown_state"),
        ("workflow", [*WORKFLOW, {**FINISH, "source": "done", "target": "new"}], "leaves_final"),
        ("workflow", [*WORKFLOW, {**STATES[1], "id": "island"}], "unreachable_state"),
        ("workflow", [*WORKFLOW, {**STATES[0], "id": "trap"}, {**FINISH, "action": "go", "target": "trap"}], "dead_end"),
        ("workflow", [FINISH], "unknown_machine"),
        ("workflow", [{**RETRY, "longest_seconds": 1}], "bad_retry"),
        ("workflow", [{**PERIOD, "last_day": "2026-12-01"}], "bad_window"),
        ("workflow", [{**RETRY, "timeout_seconds": 31 * 86_400}], "bad_timeout"),
        ("integration", [CONTRACT], "empty_contract"),
        ("integration", [FIELD], "unknown_contract"),
        ("integration", [CONTRACT, {**FIELD, "name": "number"}, CONSUMER], "consumer_breaks"),
        ("integration", [*CONTRACTS, {**FIELD, "data_type": "integer"}], "consumer_breaks"),
        ("integration", [*CONTRACTS, {**FIELD, "required": False}], "consumer_breaks"),
        ("integration", [*CONTRACTS, {**CONTRACT, "direction": "request"}, {**FIELD, "name": "new"}], "consumer_breaks"),
        ("security", [*ACCESS, {**ROLES[0], "permissions": ["write"]}], "unknown_permission"),
        ("security", [*ACCESS, {**GRANT, "role": "none"}], "unknown_role"),
        ("security", [*ACCESS, {**CONFLICT, "second": "none"}], "unknown_permission"),
        ("security", [*ACCESS, {**GRANT, "role": "judge"}], "conflict_of_duties"),
        ("security", [*ACCESS, {**ROLES[0], "permissions": ["propose", "decide"]}], "conflict_of_duties"),
    ],
)  # fmt: skip
def test_harmful_content_is_refused(name: str, entries: list[dict[str, Any]], code: str) -> None:
    assert code in codes(name, *entries)


def test_a_contract_may_grow_beside_its_consumers() -> None:
    assert codes("integration", *CONTRACTS, {**FIELD, "name": "new"}) == []


@pytest.mark.parametrize("name", ["promotion", "eligibility", "workflow"])
@pytest.mark.parametrize("day", [1893456000, "1893456000", "2031-01-01T00:00:00"])
def test_a_number_is_no_day_of_an_entry(name: str, day: object) -> None:
    entry = {"promotion": PROMOTION, "eligibility": RULE, "workflow": WORKFLOW[-1]}[name]
    with pytest.raises(Invalid) as caught:
        kind_of(name).parse_edits([{"edit": "put", "entry": {**entry, "last_day": day}}])
    assert (caught.value.code, "2026-12-24" in caught.value.detail) == ("bad_edit", True)


def test_a_promotion_until_the_last_day_of_the_calendar_has_no_end() -> None:
    [rule] = promotion_rules("promotion/a", stored("promotion", {**PROMOTION, "last_day": "9999-12-31"})).values()
    assert rule["until"] == "9999-12-31"


def test_promotions_of_one_group_do_not_add_up() -> None:
    deep = {**PROMOTION, "off_basis_points": 6_000}
    assert codes("promotion", deep, {**deep, "id": "two"}) == []


def test_promotions_for_different_people_or_days_do_not_meet() -> None:
    deep = {**PROMOTION, "off_basis_points": 6_000, "segment": "consumer"}
    other = {**deep, "id": "two", "stacking_group": "other"}
    assert codes("promotion", deep, {**other, "segment": "business"}) == []
    assert codes("promotion", deep, {**other, "first_day": "2027-09-01", "last_day": "2027-09-30"}) == []


@pytest.mark.parametrize(
    ("country", "on", "allowed", "rule"),
    [
        ("DE", date(2027, 1, 1), True, "home"),
        ("CH", date(2027, 1, 1), False, None),
        ("DE", date(2027, 2, 1), False, "stop"),
    ],
)
def test_deny_beats_allow_and_allowing_some_denies_the_rest(
    country: str, on: date, allowed: bool, rule: str | None
) -> None:
    content = stored(
        "eligibility",
        {**RULE, "id": "home", "effect": "allow", "country": "DE"},
        {**RULE, "id": "stop", "first_day": "2027-02-01"},
    )
    case = {"country": country, "customer": "c", "segment": "consumer", "channel": "direct"}
    found = eligible(content, on, offering="FIBRE", **case)

    assert (found.allowed, found.rule) == (allowed, rule)
    assert found.reason
    assert eligible(content, on, offering="TV", **case).allowed


def test_clauses_are_required_by_product_country_and_terms() -> None:
    content = stored("document", CLAUSE, {**REQUIREMENT, "terms": "60-days"})

    assert required(content, "FIBRE", "DE", "60-days") == ("law",)
    assert required(content, "FIBRE", "DE", "30-days") == ()
    assert required(content, "FIBRE", "CH", "60-days") == ()


def test_tasks_come_after_those_that_they_wait_for() -> None:
    assert tasks_in_order(stored("order_mapping", BILL, BUILD).values()) == ["build", "bill"]


def test_a_security_change_says_who_gains_and_who_loses() -> None:
    before = stored("security", *ACCESS)
    after = stored("security", *PERMISSIONS, *ROLES, {**GRANT, "role": "judge"})

    assert access(before) == {"sales": frozenset({"propose", "read"})}
    assert kind_of("security").consequences(before, after) == ("sales gains decide", "sales loses propose, read")


@pytest.mark.parametrize(
    ("name", "entry", "place", "touched"),
    [
        (
            "promotion",
            {**PROMOTION, "market": "DE", "segment": "public"},
            ("DE", "*"),
            (Touched(offering="FIBRE", market="DE", segment="public", period="2027-06-01/2027-09-01"),),
        ),
        (
            "eligibility",
            {**RULE, "country": "DE", "customer": "acme"},
            ("DE", "*"),
            (Touched(offering="FIBRE", market="DE", customer="acme"),),
        ),
        (
            "eligibility",
            {**RULE, "effect": "allow", "customer": "acme"},
            ("*", "*"),
            (Touched(offering="FIBRE"),),
        ),
        (
            "document",
            {**TEMPLATE, "offering": "TV", "country": "CH"},
            ("CH", "*"),
            (Touched(offering="TV", market="CH"),),
        ),
        ("order_mapping", ROUTES[0], ("*", "*"), (Touched(offering="FIBRE"),)),
        ("content", {**WORDING, "market": "DE"}, ("DE", "*"), ()),
        ("workflow", FINISH, ("*", "*"), ()),
    ],
)
def test_what_an_operation_touches_and_where(
    name: str, entry: dict[str, Any], place: tuple[str, str], touched: tuple[Touched, ...]
) -> None:
    kind = kind_of(name)
    operation = kind.compile(kind.parse_edits([{"edit": "put", "entry": entry}])[0], {})

    assert (kind.place(operation), kind.touched(operation)) == (place, touched)
    assert kind.describe(operation).endswith("added")


def test_taking_out_what_is_not_there_is_refused() -> None:
    kind = kind_of("promotion")
    remove = kind.parse_edits([{"edit": "remove", "entry_key": "promotion/summer"}])[0]
    content = stored("promotion", PROMOTION)

    assert kind.compile(remove, content) == Operation(
        entry="promotion/summer", before=dict(content["promotion/summer"]), after=None
    )
    with pytest.raises(Invalid) as caught:
        kind.compile(remove, {})
    assert caught.value.code == "unknown_entry"


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("promotion", {**PROMOTION, "off_basis_points": 10_001}),
        ("promotion", {**PROMOTION, "coupon_limit": 0}),
        ("promotion", {**PROMOTION, "offerings": []}),
        ("eligibility", {**RULE, "reason": ""}),
        ("order_mapping", {**BUILD, "attempts": 0}),
        ("order_mapping", {**BUILD, "surprise": 1}),
        ("workflow", {**MACHINE, "id": "coffee"}),
        ("integration", {**FIELD, "data_type": "colour"}),
        ("security", {**ROLES[0], "permissions": []}),
        ("platform", {**RELEASE, "component": "Api of ours"}),
        ("platform", {**RELEASE, "version": ""}),
        ("platform", {**RELEASE, "commit": "main"}),
        ("platform", {**RELEASE, "commit": "a1" * 19}),
        ("platform", {**RELEASE, "digest": "b2" * 32}),
        ("platform", {**RELEASE, "digest": f"sha256:{'B2' * 32}"}),
        ("platform", {**RELEASE, "build": "http://ci.example.com/api/812"}),
        ("platform", {**RELEASE, "build": "javascript:alert(1)"}),
        ("platform", {**RELEASE, "contains": []}),
        ("platform", {**RELEASE, "contains": ["Quicker\u202elists"]}),
        ("platform", {**RELEASE, "authors": []}),
        ("platform", {**RELEASE, "rolls_back_to": "the one before"}),
        ("platform", {**RELEASE, "deployed": True}),
    ],
)
def test_an_entry_that_means_nothing_is_refused(name: str, entry: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        kind_of(name).parse_edits([{"edit": "put", "entry": entry}])
    assert caught.value.code == "bad_edit"
