"""From facts to a plan, in every detail: what a refusal names, calendars, ownership, reviews, what a requester may raise."""

from collections.abc import Callable
from typing import Any

import pytest

import policies.evaluate
from domain.approval_plan import GOVERNANCE_BOARD
from domain.errors import Invalid
from domain.judging import NAMES, CheckRule, Consequence
from domain.kinds.approval import Apart, DelegationRules, EffectLimit
from domain.ownership import Ownership
from domain.working_time import WorkingTime
from policies.checks import named_groups
from policies.evaluate import NoRuleMatched, check_table, every_match, first_match
from policies.plan import HOUR, Tiering, check_policy, plan_for, quote_plan, raised, tier_of
from policies.table import ApprovalPolicy, Row, Table
from tests.policies.test_policy import REFERENCE, SHIPPED, facts, stage_rule, table

TIERING = Tiering(tier=2, row="price", because="a price update", facts={"tier": 2})
OWNER = Ownership(
    kind="pricing", domain="price-books", name="Price books", activity="change price book", business_owner="pricing",
    engineering="engineering", accountable="pricing", responsible=("product",), consulted=("legal", "sales"), informed=(),
)  # fmt: skip


def refused(work: Callable[[], object]) -> Invalid:
    with pytest.raises(Invalid) as caught:
        work()
    return caught.value


def told(work: Callable[[], object]) -> tuple[str, str, dict[str, Any]]:
    """Code, sentence and facts of a refusal."""
    error = refused(work)
    return error.code, error.detail, dict(error.facts)


def policy(*rows: Row, quote: Table | None = None) -> ApprovalPolicy:
    """The shipped policy with these rows of stages."""
    stages = Table(columns=("tier",), rows=rows) if rows else SHIPPED.stages
    return SHIPPED.model_copy(update={"stages": stages, "quote": quote})


def asking(*stages: dict[str, Any], **then: Any) -> Row:
    return Row(id="all", when={}, then={"stages": list(stages), **then})


def test_a_cell_without_its_fact_is_named() -> None:
    where = {"row": "only", "column": "amount"}

    assert told(lambda: first_match(table({"amount": "> 1"}), {"kind": "x"})) == (
        "bad_rule", "Row only: no fact for column 'amount'.", where,
    )  # fmt: skip


def test_a_cell_that_breaks_over_a_fact_is_named() -> None:
    code, detail, where = told(lambda: first_match(table({"amount": "$.a.b > 5"}), {"kind": "x", "amount": {"a": 1}}))

    assert (code, where) == ("bad_rule", {"row": "only", "column": "amount"})
    assert detail.startswith("Row only, column amount: ")


def test_a_cell_that_answers_neither_yes_nor_no_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine of today always answers yes or no; another one might not."""
    monkeypatch.setattr(policies.evaluate, "_compile", lambda condition: lambda value: 6)

    answer = told(lambda: first_match(table({"amount": "> 1"}), {"kind": "x", "amount": 5}))

    assert answer == ("bad_rule", "Row only, column amount: answered 6.", {"row": "only", "column": "amount"})


def test_a_cell_that_cannot_be_read_is_named_when_a_case_meets_it() -> None:
    code, detail, where = told(lambda: first_match(table({"amount": "(("}), {"kind": "x", "amount": 5}))

    assert (code, where) == ("bad_rule", {"row": "only", "column": "amount"})
    assert detail.startswith("Row only, column amount: '((': ")


def test_a_condition_on_a_column_that_is_not_there_is_named() -> None:
    assert told(lambda: check_table(table({"colour": "1"}))) == (
        "bad_rule", "Row only: unknown column 'colour'.", {"row": "only", "column": "colour"},
    )  # fmt: skip


@pytest.mark.parametrize(("match", "said"), [(first_match, "kind='b', amount=1"), (every_match, "kind='b', amount=1")])
def test_where_no_row_holds_the_case_is_told(match: Callable[..., object], said: str) -> None:
    with pytest.raises(NoRuleMatched) as caught:
        match(table({"kind": "'a'"}), {"kind": "b", "amount": 1})
    assert str(caught.value) == said


def test_a_case_of_which_little_is_known_is_told_as_far_as_it_is() -> None:
    with pytest.raises(NoRuleMatched) as caught:
        first_match(table({"kind": "'a'"}), {"kind": "b"})
    assert str(caught.value) == "kind='b'"


def test_without_a_row_the_facts_stand_beside_the_strictest_tier() -> None:
    found = tier_of(SHIPPED.model_copy(update={"tier": table({"kind": "'a'"})}), {"kind": "b", "amount": 1})

    assert found == Tiering(
        tier=4, row=None, because="no rule matched, so the strictest tier applies", facts={"kind": "b", "amount": 1}
    )


@pytest.mark.parametrize("least", [0, 1, 2])
def test_a_tier_is_not_raised_by_asking_for_no_more_than_it_is(least: int) -> None:
    assert raised(TIERING, least) is TIERING


def test_a_tier_is_raised_and_says_by_whom() -> None:
    found = raised(TIERING, 3)

    assert (found.tier, found.row, found.facts) == (3, "price", {"tier": 2})
    assert found.because == "the requester wants tier 3 at least; by the policy tier 2: a price update"


def test_a_tier_without_stages_is_named() -> None:
    only_low = policy(Row(id="low", when={"tier": "<= 1"}, then={"stages": [stage_rule()]}))

    assert told(lambda: plan_for(only_low, REFERENCE, TIERING, "pricing")) == (
        "no_stage_rule", "The policy has no stages for tier 2.", {"tier": 2},
    )  # fmt: skip


def test_hours_and_minutes_of_the_policy_are_seconds_of_the_plan() -> None:
    found = plan_for(policy(asking(stage_rule(), review_within=72)), REFERENCE, TIERING, "pricing")

    assert (found.confirm_within, found.review_within) == (SHIPPED.confirm_within_minutes * 60, 72 * HOUR)
    assert plan_for(policy(asking(stage_rule())), REFERENCE, TIERING, "pricing").review_within is None


def test_a_stage_counts_the_working_time_that_it_names_and_no_other() -> None:
    asked: list[tuple[str, str]] = []
    week = WorkingTime(id="berlin", zone="Europe/Berlin", weekdays=(0, 1))

    def calendars(name: str, group: str) -> WorkingTime | None:
        asked.append((name, group))
        return week

    two = policy(asking(stage_rule(id="a", groups=["legal", "sales"], calendar="group"), stage_rule(id="b")))
    quotes = policy(quote=Table(columns=("regions",), rows=(_quote_row(stage_rule(id="c", calendar="berlin")),)))

    assert [stage.calendar for stage in plan_for(two, REFERENCE, TIERING, "pricing", calendars).stages] == [week, None]
    assert quote_plan(quotes, REFERENCE, {"regions": 1}, "pricing", calendars).stages[0].calendar == week
    assert asked == [("group", "legal"), ("berlin", "pricing")]


def _quote_row(*stages: dict[str, Any], name: str = "any") -> Row:
    return Row(id=name, when={}, then={"tier": 1, "stages": list(stages)})


def test_words_of_ownership_stand_for_the_groups_of_the_domain() -> None:
    rule = stage_rule(
        groups=["owner", "consulted", "sales"], veto=["responsible"], expire_after=9,
        escalations=[{"after": 5, "groups": ["owner", "directors"]}],
    )  # fmt: skip

    (found,) = plan_for(policy(asking(rule)), REFERENCE, TIERING, OWNER).stages

    assert found.slots[0].groups == ("pricing", "legal", "sales")
    assert (found.veto, found.escalations[0].groups) == (("product",), ("pricing", "directors"))
    assert found.escalations[0].after == 5 * HOUR


def test_a_quote_asks_its_owner_and_counts_the_minutes_of_the_policy() -> None:
    quotes = policy(quote=Table(columns=("regions",), rows=(_quote_row(stage_rule()),)))

    found = quote_plan(quotes, REFERENCE, {"regions": 1}, "pricing")

    assert found.stages[0].slots[0].groups == ("pricing",)
    assert found.confirm_within == SHIPPED.confirm_within_minutes * 60


def test_a_plan_carries_the_bounds_of_its_policy() -> None:
    bounds = {
        "checks": (CheckRule(check="margin_floor", failed=Consequence.HOLD),),
        "delegation": DelegationRules(up_to_tier=2),
        "apart": (Apart(groups=("finance", "legal"), because="they judge each other"),),
        "step_up_from_tier": 3,
        "retype_above": tuple(
            EffectLimit(currency=currency, amount=amount)
            for currency, amount in (("EUR", 5), ("JPY", 1000), ("EUR", 3), ("EUR", 4))
        ),
    }
    bounded = policy(asking(stage_rule()), quote=Table(columns=("regions",), rows=(_quote_row(stage_rule()),)))
    bounded = bounded.model_copy(update=bounds)

    found = plan_for(bounded, REFERENCE, TIERING, "pricing")
    of_quote = quote_plan(bounded, REFERENCE, {"regions": 1}, "pricing")

    assert found.checks == bounds["checks"]
    assert found.retype_above == {"EUR": 300, "JPY": 1000}
    for one in (found, of_quote):
        assert (one.delegates_up_to, one.apart, one.step_up_from) == (2, (("finance", "legal"),), 3)


def test_only_a_stage_of_the_governance_board_keeps_minutes() -> None:
    rules = (stage_rule(), stage_rule(id="board", groups=["finance", GOVERNANCE_BOARD]))

    found = plan_for(policy(asking(*rules)), REFERENCE, TIERING, "pricing")

    assert [stage.minutes for stage in found.stages] == [False, True]


def test_a_rule_for_a_check_that_there_is_not_is_refused() -> None:
    wrong = SHIPPED.model_copy(update={"checks": (CheckRule(check="luck"), CheckRule(check="mood"))})

    code, detail, where = told(lambda: check_policy(wrong))

    assert (code, where) == ("bad_policy", {})
    said, there_are = detail.split("; ")
    assert said == "There is no check luck, mood"
    assert there_are == f"there are {', '.join(sorted(NAMES))}."


@pytest.mark.parametrize(
    "quote", [None, Table(columns=("regions",), rows=(Row(id="far", when={"regions": "> 5"}, then={}),))]
)
def test_a_quote_of_which_the_policy_says_nothing_is_refused(quote: Table | None) -> None:
    assert told(lambda: quote_plan(policy(quote=quote), REFERENCE, {"regions": 1}, "pricing")) == (
        "no_quote_rule", "The policy says nothing about such a quote.", {},
    )  # fmt: skip


def test_rows_of_quotes_that_disagree_about_a_stage_are_refused() -> None:
    rows = (_quote_row(stage_rule()), _quote_row(stage_rule(title="Another"), name="other"))
    wrong = SHIPPED.model_copy(update={"quote": Table(columns=("regions",), rows=rows)})

    assert told(lambda: check_policy(wrong)) == (
        "bad_policy", "Row other: stage owner differs from that of an earlier row.", {},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (asking(stage_rule(inputs=["mood"])), "Stage owner is bound to unknown inputs ['mood']."),
        (asking(stage_rule(), stage_rule()), "Row all: Value error, stage owner is there twice"),
        (asking(stage_rule(), review_within=0), "Row all: review_within: "),
    ],
    ids=["unknown input", "twice", "no time for a review"],
)
def test_a_row_whose_stages_make_no_plan_is_named(row: Row, says: str) -> None:
    code, detail, where = told(lambda: check_policy(policy(row)))

    assert (code, where) == ("bad_policy", {"row": "all"})
    assert says in detail


def test_a_row_of_a_tier_that_there_is_not_is_named() -> None:
    wrong = SHIPPED.model_copy(update={"tier": table({"kind": "'a'"}, {"tier": 5})})
    wrong = wrong.model_copy(update={"tier": wrong.tier.model_copy(update={"columns": ("kind", "amount")})})

    code, detail, where = told(lambda: check_policy(wrong))

    assert (code, where) == ("bad_policy", {"row": "only"})
    assert detail.startswith("Row only: tier: ")


def test_stages_that_are_no_stages_say_what_is_wrong() -> None:
    code, detail, _ = told(lambda: check_policy(policy(Row(id="all", when={}, then={"stages": "none"}))))

    assert (code, bool(detail)) == ("bad_policy", True)


def test_a_policy_may_name_a_calendar_before_anybody_looks_it_up() -> None:
    check_policy(policy(asking(stage_rule(calendar="berlin"))))


def test_every_group_that_a_policy_can_ask_is_named_once() -> None:
    rule = stage_rule(
        groups=["owner", "legal"], veto=["compliance"], expire_after=9, escalations=[{"after": 5, "groups": ["directors"]}]
    )  # fmt: skip
    quote = Table(columns=("regions",), rows=(_quote_row(stage_rule(id="deal", groups=["sales"])),))

    found = set(named_groups(policy(asking(rule), quote=quote)))

    assert {"legal", "compliance", "directors", "sales"} <= found
    assert "owner" not in found


def test_facts_of_a_change_decide_over_its_stages() -> None:
    assert plan_for(SHIPPED, REFERENCE, tier_of(SHIPPED, facts("pricing", 5)), "pricing").tier == 2
