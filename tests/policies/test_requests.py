"""The table of requests, without a database: whom it asks, and what it refuses to say (R-7.11, R-8.1)."""

from copy import deepcopy
from datetime import time
from typing import Any

import pytest

from domain.approval import Plan
from domain.errors import Invalid
from domain.working_time import WorkingTime
from policies.content import document_of, policy_in, seed_policy
from policies.requests import RequestFacts, check_requests, request_groups, request_plan
from policies.table import ApprovalPolicy, Row

REFERENCE = ("approval/special", 7)
HOUR = 3600


def row(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in document["request"]["rows"] if row["id"] == name)
    return found


def edited(name: str, **stage: Any) -> ApprovalPolicy:
    """The shipped policy with another first stage in a row of requests."""
    document = deepcopy(document_of(seed_policy()))
    row(document, name)["then"]["stages"][0].update(stage)
    return policy_in(document)


def planned(policy: ApprovalPolicy | None = None, **facts: Any) -> Plan | None:
    return request_plan(policy or seed_policy(), REFERENCE, RequestFacts(**{"tier": 2, **facts}))


def groups(plan: Plan | None) -> list[tuple[str, ...]]:
    assert plan is not None
    return [slot.groups for stage in plan.stages for slot in stage.slots]


@pytest.mark.parametrize(
    ("facts", "asks"),
    [
        ({"subject": "freeze_exception"}, [("finance",), ("commercial-directors",)]),
        ({"subject": "delegation", "days": 15}, [("revenue-operations", "commercial-directors")]),
        ({"subject": "delegation", "days": 1, "tier": 3}, [("revenue-operations", "commercial-directors")]),
        ({"subject": "correction", "type": "quote_metadata"}, [("sales-operations",)]),
        ({"subject": "correction", "type": "quote_commercial"}, [("finance",), ("legal",)]),
        ({"subject": "correction", "type": "order_state"}, [("engineering",), ("fulfillment-operations",)]),
        ({"subject": "correction", "type": "billing_handoff"}, [("finance",), ("billing-operations",)]),
        ({"subject": "correction", "type": "asset_inventory"}, [("fulfillment-operations",)]),
        ({"subject": "correction"}, [("finance",), ("legal",)]),
        ({"subject": "data_access", "days": 30}, [("security-compliance",)]),
    ],
)
def test_the_shipped_rows_ask_whom_they_must(facts: dict[str, Any], asks: list[tuple[str, ...]]) -> None:
    assert groups(planned(**facts)) == asks


def test_only_a_short_delegation_asks_nobody() -> None:
    assert planned(subject="delegation", days=14) is None


def test_the_plan_is_that_of_the_policy_and_of_the_row() -> None:
    policy = seed_policy().model_copy(update={"confirm_within_minutes": 20, "impact_bound_basis_points": 5})
    plan = planned(policy, subject="freeze_exception", tier=3)
    assert plan is not None
    assert (plan.tier, plan.reasons, plan.policy, plan.policy_version) == (
        3, ("an exception to a freeze",), "approval/special", 7
    )  # fmt: skip
    assert (plan.confirm_within, plan.impact_bound, plan.delegates_up_to) == (20 * 60, 5, 3)
    (stage,) = plan.stages
    assert (stage.id, stage.inputs, stage.remind_after) == ("control", ("request", "policy"), 2 * HOUR)


def test_the_hours_of_a_stage_are_those_of_the_calendar_that_it_names() -> None:
    clock = WorkingTime(id="office", zone="UTC", weekdays=(0,), opens=time(9), closes=time(17), days_off=())
    asked: list[tuple[str, str]] = []

    def find(name: str, group: str) -> WorkingTime:
        asked.append((name, group))
        return clock

    plan = request_plan(seed_policy(), REFERENCE, RequestFacts(subject="data_access", tier=3), find)
    assert plan is not None
    assert ([stage.calendar for stage in plan.stages], asked) == ([clock], [("group", "security-compliance")])


def test_what_no_row_holds_for_is_refused_and_says_what_was_asked() -> None:
    with pytest.raises(Invalid, match=r"does not say who agrees to this: .*'subject': 'party'.*'type': 'none'") as no:
        planned(subject="party")
    assert no.value.code == "no_request_rule"


def test_a_policy_without_the_table_refuses_everything() -> None:
    policy = seed_policy().model_copy(update={"request": None})
    check_requests(policy)
    assert request_groups(policy) == set()
    with pytest.raises(Invalid) as refusal:
        planned(policy, subject="data_access")
    assert refusal.value.code == "no_request_rule"


def test_a_rule_that_cannot_be_read_is_told_and_not_skipped() -> None:
    policy = seed_policy()
    assert policy.request is not None
    broken = Row(id="broken", when={"tier": "'one' > 2 +"}, then={"stages": []})
    table = policy.request.model_copy(update={"rows": (broken, *policy.request.rows)})
    spoilt = policy.model_copy(update={"request": table})
    for work in (lambda: planned(spoilt, subject="data_access"), lambda: check_requests(spoilt)):
        with pytest.raises(Invalid) as refusal:
            work()
        assert refusal.value.code == "bad_rule"


@pytest.mark.parametrize("unknown", ["simulation", "content", "impact"])
def test_a_stage_rests_on_what_a_request_has(unknown: str) -> None:
    with pytest.raises(Invalid, match=rf"Stage control is bound to unknown inputs \['{unknown}'\]") as refusal:
        edited("data-access", inputs=["request", unknown])
    assert (refusal.value.code, refusal.value.facts["row"]) == ("bad_policy", "data-access")


@pytest.mark.parametrize(
    ("stages", "told"),
    [(None, "valid tuple"), ("nobody", "valid tuple"), ([{"id": "control"}], "0.title: Field required")],
)
def test_stages_that_cannot_be_built_are_refused(stages: Any, told: str) -> None:
    document = deepcopy(document_of(seed_policy()))
    row(document, "data-access")["then"] = {"stages": stages} if stages else {}
    with pytest.raises(Invalid) as refusal:
        policy_in(document)
    assert (refusal.value.code, told in refusal.value.detail) == ("bad_policy", True), refusal.value.detail


def test_every_group_that_can_be_asked_is_known_to_the_checks() -> None:
    asked = {"finance", "commercial-directors", "owner", "sales-operations", "legal", "engineering", "data-office"}
    asked |= {"fulfillment-operations", "billing-operations", "revenue-operations", "reliability", "auditors"}
    policy = edited(
        "data-access", groups=["data-office"], veto=["auditors"], escalations=[{"after": 24, "groups": ["board"]}]
    )
    assert request_groups(policy) == asked | {"board"}
