"""The shipped policy by example, and everything doubtful about a policy failing closed (R-3.3, R-7.7)."""

from collections.abc import Mapping
from typing import Any

import pytest

from domain.approval import ApprovalFacts, gate
from domain.errors import Invalid
from domain.tiering import FACTS
from policies.content import content_of, policy_of, seed_policy
from policies.evaluate import NoRuleMatched, check_table, first_match
from policies.plan import STRICTEST_TIER, check_policy, plan_for, tier_of
from policies.table import ApprovalPolicy, Row, Table

SHIPPED = seed_policy()
REFERENCE = ("approval/standard", 1)


def facts(kind: str, increase: object = 0, quotes: object = 0, **more: object) -> Mapping[str, object]:
    """Every fact of a change, those that are not given as in a change in which nothing is remarkable."""
    plain: dict[str, object] = {fact.name: False for fact in FACTS}
    figures = {"largest_increase_percent": increase, "affected_quotes": quotes}
    sums = {"summed_increase_percent": increase, "summed_affected_quotes": quotes}
    return {**plain, "kind": kind, **figures, **sums, **more}


@pytest.mark.parametrize(
    ("kind", "increase", "quotes", "tier", "row"),
    [
        ("catalog", 0, 0, 1, "catalog-wording"),
        ("catalog", 0, 1, 2, "catalog"),
        ("pricing", 0, 0, 1, "price-cut-unquoted"),
        ("pricing", -10, 0, 1, "price-cut-unquoted"),
        ("pricing", -10, 1, 2, "price"),
        ("pricing", 25, 0, 2, "price"),
        ("pricing", 26, 0, 3, "price-jump"),
        ("pricing", 26, 500, 3, "price-jump"),
        ("approval", 0, 0, 3, "policy"),
        ("migration", 0, 0, 4, "migration"),
        ("pricing", 1, 250_001, 3, "price-reach"),
        ("promotion", 0, 250_001, 3, "price-reach"),
        ("promotion", 0, 0, 2, "promotion"),
        ("eligibility", 0, 0, 2, "eligibility"),
        ("content", 0, 0, 1, "text"),
        ("document", 0, 0, 3, "workflow"),
        ("order_mapping", 0, 0, 3, "workflow"),
        ("workflow", 0, 0, 3, "workflow"),
        ("integration", 0, 0, 3, "workflow"),
        ("security", 0, 0, 4, "security"),
        ("platform", 0, 0, 2, "platform"),
        ("loyalty", 0, 0, STRICTEST_TIER, None),
        ("", 0, 0, STRICTEST_TIER, None),
    ],
)
def test_the_shipped_tiers(kind: str, increase: int, quotes: int, tier: int, row: str | None) -> None:
    found = tier_of(SHIPPED, facts(kind, increase, quotes))

    assert (found.tier, found.row) == (tier, row)
    assert found.because


@pytest.mark.parametrize(
    ("kind", "fact", "tier", "row"),
    [
        ("content", "internal_only", 0, "internal-text"),
        ("content", "regulated", 4, "regulated"),
        ("catalog", "new_regulated_product", 1, "catalog-wording"),
        ("catalog", "regulated", 4, "regulated"),
        ("catalog", "billing_model", 3, "billing-model"),
        ("promotion", "billing_model", 3, "billing-model"),
        ("pricing", "regulated", 4, "regulated"),
    ],
)
def test_what_raises_or_lowers_a_tier(kind: str, fact: str, tier: int, row: str) -> None:
    found = tier_of(SHIPPED, facts(kind, **{fact: True}))

    assert (found.tier, found.row) == (tier, row)


def test_splitting_a_rise_leads_to_the_same_tier() -> None:
    assert tier_of(SHIPPED, facts("pricing", 13, summed_increase_percent=26)).tier == 3


@pytest.mark.parametrize("tier", range(5))
def test_the_shipped_stages(tier: int) -> None:
    found = plan_for(
        SHIPPED, REFERENCE, tier_of(SHIPPED, facts("pricing")).model_copy(update={"tier": tier}), "pricing"
    )

    groups = [slot.groups for stage in found.stages for slot in stage.slots]
    board = [("governance-board",)] * 2
    assert groups == ([("pricing",)] if tier <= 1 else [("pricing",), ("finance",), *(board if tier >= 3 else [])])
    assert all({"operations", "scope", "bases", "impact"} <= set(stage.inputs) for stage in found.stages)
    assert all(stage.remind_after < stage.escalations[0].after < stage.expire_after for stage in found.stages)
    assert (found.tier, found.policy, found.policy_version) == (tier, *REFERENCE)


def test_the_requester_of_a_plan_cannot_be_approved_by_nobody() -> None:
    plan = plan_for(SHIPPED, REFERENCE, tier_of(SHIPPED, facts("pricing", 5)), "pricing")

    assert gate(ApprovalFacts(revision=1, plan=plan, inputs={})).blocks == (
        "unsatisfiable:owner",
        "unsatisfiable:finance",
    )


def table(when: Mapping[str, str], then: Mapping[str, Any] | None = None) -> Table:
    return Table(columns=("kind", "amount"), rows=(Row(id="only", when=when, then=then or {"tier": 0}),))


def refused(work: Any) -> Invalid:
    with pytest.raises(Invalid) as caught:
        work()
    return caught.value


@pytest.mark.parametrize(
    "cell", ["<=", "((", "kind ==", "rand(5) > 1", "now() > 1", "date('2020-01-01') > 1", "$root.kind == 1", "unknown("]
)
def test_a_cell_that_cannot_be_read_is_refused_with_row_and_column(cell: str) -> None:
    error = refused(lambda: check_table(table({"amount": cell})))

    assert (error.code, error.facts["row"], error.facts["column"]) == ("bad_rule", "only", "amount")


def test_a_condition_on_an_unknown_column_is_refused() -> None:
    assert refused(lambda: check_table(table({"colour": "1"}))).facts["column"] == "colour"


def test_a_missing_fact_is_an_error_and_not_a_row_that_does_not_apply() -> None:
    error = refused(lambda: first_match(table({"amount": "> 1"}), {"kind": "x"}))

    assert (error.code, error.facts["column"]) == ("bad_rule", "amount")


@pytest.mark.parametrize(
    ("cell", "value"),
    [("> 5", "many"), ("> 5", None), ("'a'", 5), ("$ + 1", 5), ("> 5", [1]), ("$.a.b > 5", {"a": 1})],
)
def test_a_fact_of_the_wrong_type_never_lets_a_row_apply(cell: str, value: object) -> None:
    with pytest.raises((Invalid, NoRuleMatched)):
        first_match(table({"amount": cell}), {"kind": "x", "amount": value})


@pytest.mark.parametrize("increase", ["thirty", None, [30]])
def test_a_shipped_rule_over_a_wrong_fact_never_gives_a_low_tier(increase: object) -> None:
    try:
        tier = tier_of(SHIPPED, facts("pricing", increase)).tier
    except Invalid as error:
        assert error.code == "bad_rule"
    else:
        assert tier >= 2


def test_an_empty_cell_holds_always_and_the_first_row_that_holds_decides() -> None:
    rows = (
        Row(id="never", when={"kind": "'b'"}, then={"tier": 1}),
        Row(id="first", when={"kind": "", "amount": "1, 2"}, then={"tier": 2}),
        Row(id="second", when={}, then={"tier": 3}),
    )
    found = Table(columns=("kind", "amount"), rows=rows)

    assert first_match(found, {"kind": "a", "amount": 2}).id == "first"
    assert first_match(found, {"kind": "a", "amount": 3}).id == "second"


def test_no_row_is_the_strictest_tier() -> None:
    policy = SHIPPED.model_copy(update={"tier": table({"kind": "'a'"})})

    assert tier_of(policy, {"kind": "b", "amount": 1}).tier == STRICTEST_TIER


def test_no_stages_for_a_tier_is_an_error() -> None:
    only_low = Table(columns=("tier",), rows=(SHIPPED.stages.rows[0],))
    policy = SHIPPED.model_copy(update={"stages": only_low})

    error = refused(lambda: plan_for(policy, REFERENCE, tier_of(policy, facts("pricing", 5)), "pricing"))

    assert error.code == "no_stage_rule"


def test_content_and_policy_go_round() -> None:
    assert policy_of(content_of(SHIPPED)) == SHIPPED
    assert content_of(policy_of(content_of(SHIPPED))) == content_of(SHIPPED)


def test_the_position_orders_the_rows_and_not_their_name() -> None:
    content = {key: dict(entry) for key, entry in content_of(SHIPPED).items()}
    content["row/tier/price"]["position"] = 0

    assert policy_of(content).tier.rows[0].id == "price"


@pytest.mark.parametrize(
    ("fields", "groups"),
    [
        ({}, [("pricing", "legal")]),
        ({"rule": "all"}, [("pricing",), ("legal",)]),
        ({"rule": "quorum", "quorum": 2}, [("pricing", "legal"), ("pricing", "legal")]),
    ],
)
def test_a_rule_says_how_many_signatures_of_whom(fields: dict[str, Any], groups: list[tuple[str, ...]]) -> None:
    written = stage_rule(groups=["owner", "legal"], veto=["owner"], after=[], **fields)
    stages = Table(columns=("tier",), rows=(Row(id="all", when={}, then={"stages": [written]}),))
    policy = SHIPPED.model_copy(update={"stages": stages})
    check_policy(policy)

    found = plan_for(policy, REFERENCE, tier_of(policy, facts("pricing")), "pricing").stages[0]

    assert [slot.groups for slot in found.slots] == groups
    assert len({slot.id for slot in found.slots}) == len(groups)
    assert (found.veto, found.after, found.calendar) == (("pricing",), (), None)


def stage_rule(**fields: Any) -> dict[str, Any]:
    return {
        "id": "owner", "title": "Owner", "groups": ["owner"], "inputs": ["content"], "remind_after": 1, "expire_after": 2, **fields
    }  # fmt: skip


@pytest.mark.parametrize(
    "then",
    [
        {},
        {"stages": []},
        {"stages": [stage_rule(groups=[])]},
        {"stages": [stage_rule(inputs=["mood"])]},
        {"stages": [stage_rule(expire_after=0)]},
        {"stages": [stage_rule(colour="red")]},
        {"stages": [stage_rule(inputs=[])]},
        {"stages": [stage_rule(quorum=2)]},
        {"stages": [stage_rule(rule="quorum")]},
        *({"stages": [stage_rule(rule="quorum", quorum=number)]} for number in (0, -1, None, 10**9, 21)),
        {"stages": [stage_rule(), stage_rule()]},
        {"stages": [stage_rule(after=["later"]), stage_rule(id="later")]},
        {"stages": [stage_rule(after=["owner"])]},
        {"stages": [stage_rule(id=f"stage-{number}", rule="quorum", quorum=11) for number in range(2)]},
        {
            "stages": [
                stage_rule(expire_after=9, escalations=[{"after": 5, "groups": ["a"]}, {"after": 5, "groups": ["b"]}])
            ]
        },
        {"stages": [stage_rule(expire_after=5, escalations=[{"after": 5, "groups": ["a"]}])]},
        {"stages": "none"},
    ],
    ids=[
        "nothing",
        "no stage",
        "no group",
        "unknown input",
        "no time",
        "unknown field",
        "rests on nothing",
        "number without quorum",
        "quorum without number",
        "quorum 0",
        "quorum -1",
        "quorum null",
        "quorum huge",
        "quorum too many",
        "same stage twice",
        "after a later stage",
        "after itself",
        "too many signatures",
        "levels at once",
        "level at expiry",
        "no list",
    ],
)
def test_stages_that_cannot_be_built_are_refused(then: dict[str, Any]) -> None:
    stages = Table(columns=("tier",), rows=(Row(id="all", when={}, then=then),))

    assert refused(lambda: check_policy(SHIPPED.model_copy(update={"stages": stages}))).code == "bad_policy"


@pytest.mark.parametrize("tier", [None, 5, -1, "low", 1.5])
def test_a_tier_that_does_not_exist_is_refused(tier: object) -> None:
    policy = SHIPPED.model_copy(update={"tier": table({"kind": "'a'"}, {"tier": tier})})

    assert refused(lambda: check_policy(policy)).code == "bad_policy"


@pytest.mark.parametrize("damage", ["no head", "no tier rows", "unknown head field", "bad stage row", "negative bound"])
def test_content_that_is_no_policy_is_refused(damage: str) -> None:
    content: dict[str, Any] = {key: dict(entry) for key, entry in content_of(SHIPPED).items()}
    match damage:
        case "no head":
            del content["policy"]
        case "no tier rows":
            content = {key: entry for key, entry in content.items() if not key.startswith("row/tier/")}
        case "unknown head field":
            content["policy"]["colour"] = "red"
        case "bad stage row":
            content["row/stages/owner-only"]["then"] = {}
        case "negative bound":
            content["policy"]["impact_bound_basis_points"] = -1

    assert refused(lambda: policy_of(content)).code == "bad_policy"


def test_the_shipped_policy_is_a_policy() -> None:
    assert isinstance(SHIPPED, ApprovalPolicy)
    check_policy(SHIPPED)
