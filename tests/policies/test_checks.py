"""What a policy as a whole must keep to: authority, evidence, enough people (R-8.1, R-8.2; C8, C12, C15, I17)."""

from copy import deepcopy
from typing import Any

import pytest

from domain.errors import Invalid
from policies.checks import Weakness, named_groups, weaknesses
from policies.content import document_of, policy_in, seed_policy
from policies.satisfiable import Place, unfilled, without_substitutes

OWNERS = {"pricing": "pricing"}
ENOUGH = {
    **{f"pricing-{n}": frozenset({"pricing"}) for n in range(2)},
    **{f"finance-{n}": frozenset({"finance"}) for n in range(2)},
}


def document(**fields: Any) -> dict[str, Any]:
    """A plain policy: the owner up to tier 1, then owner and finance."""

    def stage(name: str) -> dict[str, Any]:
        return {"id": name, "title": name.title(), "groups": [name], "inputs": ["impact", "simulation"], "remind_after": 1, "expire_after": 9}  # fmt: skip

    rows = [
        {"id": "low", "when": {"tier": "<= 1"}, "then": {"stages": [stage("owner")]}},
        {"id": "high", "when": {}, "then": {"stages": [stage("owner"), stage("finance")]}},
    ]
    tiers = {"rows": [{"id": "all", "when": {}, "then": {"tier": 2}}]}
    plain = {"owner": "finance", "confirm_within_minutes": 1, "impact_bound_basis_points": 0}
    return deepcopy({**plain, "tier": tiers, "stages": {"rows": rows}, **fields})


def found(holders: dict[str, frozenset[str]] | None = None, **fields: Any) -> list[Weakness]:
    return list(weaknesses(policy_in(document(**fields)), OWNERS, ENOUGH if holders is None else holders))


def test_enough_people_and_authority_are_no_weakness() -> None:
    authority = [{"group": "owner", "up_to_tier": 1}, {"group": "finance", "up_to_tier": 4}]

    assert found(authority=authority, audit={"evidence": ["impact"]}) == []


def test_a_tier_beyond_the_authority_of_everybody_asked_is_an_error() -> None:
    (low, *high) = found(authority=[{"group": "finance", "up_to_tier": 3}, {"group": "pricing", "up_to_tier": 0}])

    assert {one.code for one in (low, *high)} == {"beyond_authority"}
    assert (low.severity, low.row) == ("error", "low")
    assert [one.row for one in high] == ["high"]


def test_authority_for_other_kinds_does_not_count() -> None:
    authority = [{"group": "owner", "up_to_tier": 4, "kinds": ["catalog"]}, {"group": "finance", "up_to_tier": 4}]

    assert [(one.code, one.row) for one in found(authority=authority)] == [("beyond_authority", "low")]


def test_authority_for_the_kind_itself_counts() -> None:
    authority = [{"group": "owner", "up_to_tier": 4, "kinds": ["catalog", "pricing"]}]

    assert found(authority=authority) == []


def test_a_row_needs_authority_for_its_own_kinds_alone() -> None:
    rows = document()["stages"]["rows"]
    rows[0]["when"] |= {"kind": "'pricing'"}
    authority = [{"group": "finance", "up_to_tier": 4}]

    assert [one.row for one in found(authority=authority, stages={"rows": rows})] == ["low"]
    rows[0]["when"] |= {"kind": "'catalog'"}
    assert found(authority=authority, stages={"rows": rows}) == []


def test_a_stage_that_counts_working_time_is_filled_like_any_other() -> None:
    rows = document()["stages"]["rows"]
    rows[0]["then"]["stages"][0] |= {"calendar": "group"}

    assert found(stages={"rows": rows}) == []


def test_a_row_finds_people_for_the_owners_of_its_own_kinds_alone() -> None:
    """Those of other kinds may be too few for its stages: they are never asked by it."""
    rows = document()["stages"]["rows"]
    twice = {**deepcopy(rows[1]), "id": "twice", "when": {"kind": "'catalog'"}}
    twice["then"]["stages"][1] |= {"groups": ["pricing"]}
    people = {**ENOUGH, **{f"product-{n}": frozenset({"product"}) for n in range(2)}}

    def weak(kind: str) -> list[Weakness]:
        policy = policy_in(document(stages={"rows": [{**twice, "when": {"kind": f"'{kind}'"}}, *rows]}))
        return list(weaknesses(policy, {"pricing": "pricing", "catalog": "product"}, people))

    assert weak("catalog") == []
    assert {one.row for one in weak("pricing")} == {"twice"}


def test_a_stage_without_the_evidence_that_the_audit_rules_require_is_an_error() -> None:
    weak = found(audit={"evidence": ["impact", "rollback"], "from_tier": 2})

    assert [(one.code, one.row, one.stage) for one in weak] == [
        ("evidence_missing", "high", "owner"),
        ("evidence_missing", "high", "finance"),
    ]


def test_a_stage_that_nobody_can_fill_is_an_error() -> None:
    nobody = found({name: held for name, held in ENOUGH.items() if "finance" not in held})

    assert [(one.code, one.severity, one.row, one.stage) for one in nobody] == [
        ("nobody_can_fill", "error", "high", "finance")
    ]


def test_one_person_in_two_groups_fills_one_place_only() -> None:
    both = {"one": frozenset({"pricing", "finance"})}

    assert ("nobody_can_fill", "high") in {(one.code, one.row) for one in found(both)}


def test_a_single_set_of_people_is_a_warning() -> None:
    single = found({"a": frozenset({"pricing"}), "b": frozenset({"pricing"}), "c": frozenset({"finance"})})

    assert [(one.code, one.severity, one.stage) for one in single] == [("one_quorum_only", "warning", "finance")]


def test_a_person_that_holds_what_must_be_apart_is_a_warning() -> None:
    apart = [{"groups": ["finance", "pricing"], "because": "prices are set and judged by different people"}]

    assert [one.code for one in found({**ENOUGH, "x": frozenset({"pricing", "finance"})}, apart=apart)] == [
        "duties_joined"
    ]


def test_places_are_filled_by_moving_people_to_where_only_they_can_go() -> None:
    places = [Place(stage="any", groups=frozenset("ab")), Place(stage="only", groups=frozenset("a"))]
    people = {"1": frozenset("a"), "2": frozenset("b")}

    assert unfilled(places, people) == ()
    assert set(without_substitutes(places, people)) == {"any", "only"}
    assert without_substitutes(places, {**people, "3": frozenset("a"), "4": frozenset("b")}) == ()


@pytest.mark.parametrize("quorum", [0, -1, None, 10**9, "2", 1.5, True])
def test_c8_a_threshold_that_is_none_is_refused(quorum: object) -> None:
    wrong = document()
    wrong["stages"]["rows"][0]["then"]["stages"][0] |= {"rule": "quorum", "quorum": quorum}

    with pytest.raises(Invalid) as refused:
        policy_in(wrong)
    assert refused.value.code == "bad_policy"


@pytest.mark.parametrize(
    "field", ["remind_after", "expire_after", "confirm_within_minutes", "impact_bound_basis_points"]
)
@pytest.mark.parametrize("value", [-1, None, 10**9, "1"])
def test_c8_durations_and_bounds_out_of_reason_are_refused(field: str, value: object) -> None:
    wrong = document()
    (wrong if field in wrong else wrong["stages"]["rows"][0]["then"]["stages"][0])[field] = value

    with pytest.raises(Invalid) as refused:
        policy_in(wrong)
    assert refused.value.code == "bad_policy"


@pytest.mark.parametrize("tier", [5, -1, None, 10**9, "1"])
def test_c8_a_tier_that_does_not_exist_is_refused(tier: object) -> None:
    wrong = document(tier={"rows": [{"id": "all", "when": {}, "then": {"tier": tier}}]})

    with pytest.raises(Invalid):
        policy_in(wrong)


def test_c12_a_stage_that_asks_nobody_is_refused() -> None:
    wrong = document()
    wrong["stages"]["rows"][0]["then"]["stages"][0]["groups"] = []

    with pytest.raises(Invalid):
        policy_in(wrong)


def test_a_document_that_is_no_policy_is_refused() -> None:
    for wrong in (None, [], "policy", {"tier": 5}, {**document(), "colour": "red"}):
        with pytest.raises(Invalid) as refused:
            policy_in(wrong)
        assert refused.value.code == "bad_policy"


def test_the_shipped_policy_keeps_to_its_own_rules() -> None:
    groups = {"pricing", "finance", "product", "revenue-operations", "commercial-directors", "governance-board"}
    people = {f"{group}-{n}": frozenset({group}) for group in groups for n in range(4)}
    owners = {"pricing": "pricing", "catalog": "product", "approval": "revenue-operations"}

    assert weaknesses(policy_in(document_of(seed_policy())), owners, people) == ()


JOINT = {
    "id": "joint",
    "title": "Joint view",
    "groups": ["owner", "finance"],
    "inputs": ["impact"],
    "remind_after": 1,
    "expire_after": 9,
}
"""A stage of two groups that rests on the impact alone."""


def joint(*more: dict[str, Any], when: str = ">= 3", **fields: Any) -> dict[str, Any]:
    """The fields of a policy in which high tiers are decided in the stage of two groups."""
    low = document()["stages"]["rows"][0] | {"when": {"tier": "< 3"}}
    return {
        "stages": {"rows": [low, *more, {"id": "joint", "when": {"tier": when}, "then": {"stages": [JOINT]}}]},
        **fields,
    }


WHOLE = {
    "authority": (
        joint(authority=[{"group": "finance", "up_to_tier": 3}, {"group": "owner", "up_to_tier": 2}]),
        ENOUGH,
        Weakness(
            code="beyond_authority",
            severity="error",
            row="joint",
            stage="",
            message="By the authority matrix none of finance, pricing may allow a change of kind pricing and tier 4.",
        ),
    ),
    "evidence": (
        joint(audit={"evidence": ["simulation", "rollback", "impact"], "from_tier": 3}),
        ENOUGH,
        Weakness(
            code="evidence_missing",
            severity="error",
            row="joint",
            stage="joint",
            message="Stage Joint view does not rest on rollback, simulation, which the audit rules require.",
        ),
    ),
    "nobody": (
        joint(stages={"rows": [{"id": "joint", "when": {}, "then": {"stages": [JOINT]}}]}),
        {"x": frozenset({"legal"})},
        Weakness(
            code="nobody_can_fill",
            severity="error",
            row="joint",
            stage="joint",
            message="Stage Joint view (pricing, finance) cannot be filled by the people of today.",
        ),
    ),
    "one set": (
        joint(stages={"rows": [{"id": "joint", "when": {}, "then": {"stages": [JOINT]}}]}),
        {"x": frozenset({"finance"})},
        Weakness(
            code="one_quorum_only",
            severity="warning",
            row="joint",
            stage="joint",
            message="Stage Joint view (pricing, finance) has no second set of people: one absence or conflict blocks it.",
        ),
    ),
    "duties": (
        joint(apart=[{"groups": ["finance", "pricing"], "because": "prices are set and judged by different people"}]),
        {**ENOUGH, "x": frozenset({"pricing", "finance", "legal"}), "y": frozenset({"pricing", "finance"})},
        Weakness(
            code="duties_joined",
            severity="warning",
            row="",
            stage="",
            message="2 of the active persons hold both finance and pricing: prices are set and judged by different people.",
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
def test_a_weakness_says_everything_about_itself_once(name: str) -> None:
    fields, holders, expected = WHOLE[name]

    assert found(holders, **fields) == [expected]


def test_a_group_that_reaches_just_so_far_is_enough_and_a_row_of_no_tier_needs_the_least() -> None:
    authority = [{"group": "owner", "up_to_tier": 2}, {"group": "finance", "up_to_tier": 4}]

    assert found(**joint(authority=authority)) == []
    assert [one.row for one in found(**joint(when="> 9", authority=[{"group": "owner", "up_to_tier": 0}]))] == ["low"]
    assert found(**joint(when="> 9", authority=[{"group": "owner", "up_to_tier": 2}])) == []


def test_evidence_is_asked_of_later_rows_too_and_from_the_tier_on_only() -> None:
    rules = {"evidence": ["rollback"], "from_tier": 3}

    assert [one.row for one in found(**joint(audit=rules))] == ["joint"]
    assert [one.row for one in found(**joint(when="3", audit=rules))] == ["joint"]
    assert found(**joint(when="> 9", audit=rules)) == []
    assert [one.row for one in found(**joint(when="> 9", audit=rules | {"from_tier": 1}))] == ["low"]


def test_every_group_that_a_policy_names_is_known() -> None:
    fields = joint(
        owner="legal",
        authority=[{"group": "sales", "up_to_tier": 1}, {"group": "owner", "up_to_tier": 4}],
        apart=[{"groups": ["tax", "audit"], "because": "they judge each other"}],
    )

    assert named_groups(policy_in(document(**fields))) == {"legal", "sales", "tax", "audit", "finance"}
