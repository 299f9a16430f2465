"""The stricter of two plans, by property: reflexive, and the joined plan is never weaker than either (R-8.6, I15)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.approval_plan import Escalation, Plan, Slot, Stage
from domain.judging import CheckRule, Consequence
from policies.strictness import strictest, weaker_in

GROUPS = st.lists(st.sampled_from("abc"), min_size=1, max_size=2, unique=True).map(tuple)
INPUTS = st.lists(st.sampled_from(["impact", "simulation", "operations"]), min_size=1, max_size=3, unique=True)

CONSEQUENCES = st.sampled_from(Consequence)
CHECKS = st.builds(
    CheckRule, check=st.sampled_from(["*", "margin_floor"]), failed=CONSEQUENCES, inconclusive=CONSEQUENCES
)


@st.composite
def stages(draw: Any, name: str) -> Stage:
    slots = draw(st.lists(GROUPS, min_size=1, max_size=2))
    levels = draw(st.lists(GROUPS, max_size=1))
    return Stage(
        id=name,
        title=name,
        slots=tuple(Slot(id=f"{name}/{number}", groups=groups) for number, groups in enumerate(slots)),
        inputs=tuple(draw(INPUTS)),
        after=draw(st.sampled_from([None, ()])),
        veto=draw(st.none() | GROUPS),
        remind_after=1,
        escalations=tuple(Escalation(after=draw(st.integers(1, 3)), groups=groups) for groups in levels),
        expire_after=draw(st.integers(4, 6)),
    )


@st.composite
def plans(draw: Any, version: int) -> Plan:
    names = draw(st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=3, unique=True))
    given = {"tier": draw(st.integers(0, 4)), "checks": tuple(draw(st.lists(CHECKS, max_size=2)))}
    given["apart"] = tuple(draw(st.lists(st.sampled_from([("a", "b"), ("b", "c")]), unique=True)))
    given["retype_above"] = draw(st.dictionaries(st.sampled_from(["EUR", "GBP"]), st.integers(0, 3)))
    given["delegates_up_to"] = draw(st.integers(0, 4))
    given["step_up_from"] = draw(st.none() | st.integers(0, 4))
    return plan(*[draw(stages(name)) for name in names], policy_version=version, **given)


def plan(*stages: Stage, **fields: Any) -> Plan:
    given = {"tier": 2, "reasons": ("why",), "policy": "approval/standard", "policy_version": 1, "confirm_within": 60}
    return Plan(**{**given, "impact_bound": 100, "stages": stages, **fields})


def stage(name: str = "finance", **fields: Any) -> Stage:
    slots = (Slot(id=name, groups=("finance",)),)
    given = {"id": name, "title": name, "slots": slots, "inputs": ("impact", "operations"), "remind_after": 1}
    return Stage(**{**given, "expire_after": 9, **fields})


@given(first=plans(1))
def test_a_plan_is_as_strict_as_itself(first: Plan) -> None:
    assert weaker_in(first, first) == ()
    assert strictest(first, first) == first


@given(first=plans(1), second=plans(2))
def test_the_stricter_plan_is_never_weaker_than_either(first: Plan, second: Plan) -> None:
    found = strictest(first, second)

    assert weaker_in(found, first) == ()
    assert weaker_in(found, second) == ()
    Plan.model_validate(found.model_dump())


@given(first=plans(1), second=plans(2))
def test_stages_that_a_request_started_with_keep_their_ids_unless_the_new_plan_covers_all(
    first: Plan, second: Plan
) -> None:
    found = strictest(first, second)

    assert found == second or found.stages[: len(first.stages)] == first.stages


@pytest.mark.parametrize(
    ("fields", "weaker"),
    [
        ({"tier": 1}, "tier 1 instead of 2"),
        ({"confirm_within": 61}, "an answer on impact may be older"),
        ({"impact_bound": 101}, "impact may move further"),
        ({"delegates_up_to": 4}, "delegates may sign in higher tiers"),
        ({"apart": ()}, "delegates may join groups that are apart"),
        ({"retype_above": {}}, "larger effects are approved without typing them"),
        ({"retype_above": {"EUR": 101}}, "larger effects are approved without typing them"),
        ({"retype_above": {"EUR": 100, "GBP": 1}}, "larger effects are approved without typing them"),
        ({"step_up_from": None}, "who decides is proven in fewer tiers"),
        ({"step_up_from": 3}, "who decides is proven in fewer tiers"),
        ({"checks": (CheckRule(failed=Consequence.HOLD),)}, "a check that did not pass does less"),
    ],
)
def test_a_plan_is_weaker_in_its_bounds(fields: dict[str, Any], weaker: str) -> None:
    usual = plan(stage(), step_up_from=2, delegates_up_to=3, retype_above={"EUR": 100}, apart=(("a", "b"),))
    assert weaker_in(usual.model_copy(update=fields), usual) == (weaker,)
    assert weaker_in(usual, usual.model_copy(update=fields)) == ()


@pytest.mark.parametrize(
    "weaker",
    [
        {"slots": (Slot(id="x", groups=("finance", "legal")),), "veto": ("finance",)},
        {"inputs": ("impact",)},
        {"expire_after": 10},
        {"veto": ()},
        {"escalations": (Escalation(after=1, groups=("directors",)),)},
    ],
    ids=["more people", "less evidence", "later expiry", "no veto", "an escalation"],
)
def test_a_stage_asks_less(weaker: dict[str, Any]) -> None:
    assert weaker_in(plan(stage(**weaker)), plan(stage())) == ("stage finance asks less",)
    assert weaker_in(plan(stage()), plan(stage(**weaker))) == ()


def test_fewer_signatures_or_stages_ask_less() -> None:
    two = tuple(Slot(id=str(number), groups=("finance",)) for number in range(2))

    assert weaker_in(plan(stage()), plan(stage(slots=two))) == ("stage finance asks less",)
    assert weaker_in(plan(stage()), plan(stage(), stage("legal"))) == ("stage legal asks less",)
    assert weaker_in(plan(stage(slots=two)), plan(stage())) == ()


def test_one_stage_is_no_counterpart_of_two() -> None:
    assert weaker_in(plan(stage("one")), plan(stage("one"), stage("two"))) == ("stage two asks less",)


def test_a_fresh_proof_in_the_highest_tier_alone_is_stricter_than_in_none() -> None:
    assert weaker_in(plan(stage()), plan(stage(), step_up_from=4)) == ("who decides is proven in fewer tiers",)
    assert weaker_in(plan(stage(), step_up_from=4), plan(stage())) == ()


def test_a_counterpart_is_found_for_every_stage_for_which_there_can_be_one() -> None:
    """The stage of the same name suffices for both, but only it suffices for the other one."""
    strong, weak = stage("one", expire_after=5), stage("two", expire_after=9)
    easy, hard = stage("one", expire_after=9), stage("two", expire_after=5)

    assert weaker_in(plan(strong, weak), plan(easy, hard)) == ()
    assert weaker_in(plan(weak, strong), plan(hard, easy)) == ()


@pytest.mark.parametrize(
    ("one", "other", "joined"),
    [
        ({}, {"EUR": 5}, {"EUR": 5}),
        ({"EUR": 5}, {}, {"EUR": 5}),
        ({"EUR": 5, "GBP": 3}, {"EUR": 4}, {"EUR": 4, "GBP": 0}),
        ({"EUR": 5}, {"EUR": 7, "GBP": 3}, {"EUR": 5, "GBP": 0}),
    ],
)
def test_the_joined_plan_has_amounts_typed_beyond_the_lower_limit(
    one: dict[str, int], other: dict[str, int], joined: dict[str, int]
) -> None:
    started = plan(stage("finance"), retype_above=one)
    current = plan(stage("legal", slots=(Slot(id="legal", groups=("legal",)),)), retype_above=other)

    assert strictest(started, current).retype_above == joined


def test_where_neither_is_stricter_both_are_asked() -> None:
    old = plan(stage("finance"))
    new = plan(stage("finance", slots=(Slot(id="finance", groups=("legal",)),)), policy_version=2)

    found = strictest(old, new)

    assert [(one.id, one.slots[0].groups) for one in found.stages] == [
        ("finance", ("finance",)),
        ("finance-2", ("legal",)),
    ]
    assert found.policy_version == 2
    assert "version 1" in found.reasons[-1]


def test_the_joined_plan_takes_the_stricter_of_each_bound_and_keeps_the_order_of_what_it_adds() -> None:
    legal = stage("finance", slots=(Slot(id="finance", groups=("legal",)),))
    old = plan(stage("finance"), confirm_within=30, impact_bound=5, tier=3)
    board, last = (stage(name, slots=(Slot(id=name, groups=(name,)),)) for name in ("board", "last"))
    new = plan(legal, board, last.model_copy(update={"after": ()}), policy_version=2)

    found = strictest(old, new)

    assert (found.tier, found.confirm_within, found.impact_bound) == (3, 30, 5)
    assert [(one.id, one.after) for one in found.stages] == [
        ("finance", None), ("finance-2", ()), ("board", ("finance-2",)), ("last", ()),
    ]  # fmt: skip


def test_an_escalation_to_other_people_asks_less_however_late_it_comes() -> None:
    directors, others = (Escalation(after=5, groups=(group,)) for group in ("directors", "others"))

    assert weaker_in(plan(stage(escalations=(others,))), plan(stage(escalations=(directors,)))) != ()
    sooner = directors.model_copy(update={"after": 4})
    assert weaker_in(plan(stage(escalations=(sooner,))), plan(stage(escalations=(directors,)))) != ()
    assert weaker_in(plan(stage(escalations=(directors,))), plan(stage(escalations=(sooner,)))) == ()
