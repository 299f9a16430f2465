"""The ten scenarios, and that each failure of R-8.5 makes one of them fail."""

from copy import deepcopy
from typing import Any

import pytest

from policies.content import document_of, policy_in, seed_policy
from policies.scenario import run_scenario, run_scenarios, scenarios_of, shipped
from policies.table import ApprovalPolicy

TEN = {
    *("discount-under-threshold", "discount-over-threshold", "low-margin-deal", "strategic-account-override"),
    *("payment-terms", "clause", "delegated-approver", "expired-delegation", "self-approval", "multi-region-deal"),
}
SHIPPED = seed_policy()


def policy(work: Any) -> ApprovalPolicy:
    """The shipped policy after its document was worked on."""
    document = deepcopy(document_of(SHIPPED))
    work(document)
    return policy_in(document)


def row(document: dict[str, Any], name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(row for row in document["quote"]["rows"] if row["id"] == name)
    return found


def failing(changed: ApprovalPolicy) -> dict[str, tuple[str, ...]]:
    return {result.id: result.failures for result in run_scenarios(changed) if not result.passed}


def test_the_ten_ship_and_the_shipped_policy_passes_them() -> None:
    assert {scenario.id for scenario in shipped()} == TEN
    assert failing(SHIPPED) == {}


def test_over_routing_is_found() -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "discount")["when"]["discount_percent"] = "> 10"

    assert failing(policy(work)) == {
        "discount-under-threshold": ("Over-routed: finance is asked.", "In the end it is waiting instead of granted.")
    }


def test_under_routing_is_found() -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "margin")["when"]["margin_percent"] = "< 10"

    assert failing(policy(work))["low-margin-deal"][0] == "Under-routed: finance is not asked."


def test_a_wrong_region_or_manager_is_found() -> None:
    def work(document: dict[str, Any]) -> None:
        for name in ("strategic", "regions"):
            row(document, name)["then"]["stages"][0]["groups"] = ["finance"]

    assert {"multi-region-deal", "strategic-account-override"} <= set(failing(policy(work)))


def test_self_approval_that_were_counted_is_found() -> None:
    (scenario,) = [scenario for scenario in shipped() if scenario.id == "self-approval"]
    counted = scenario.model_copy(update={"requester": "somebody.else"})

    assert run_scenario(SHIPPED, scenario).passed
    assert run_scenario(SHIPPED, counted).failures[0] == "Step 1, rita approves: counted instead of excluded."


def test_an_ignored_clause_is_found() -> None:
    def work(document: dict[str, Any]) -> None:
        document["quote"]["rows"].remove(row(document, "clauses"))

    assert failing(policy(work))["clause"][0] == "Under-routed: legal is not asked."


def test_a_stale_approval_that_were_not_withdrawn_is_found() -> None:
    def work(document: dict[str, Any]) -> None:
        for one in document["quote"]["rows"]:
            for stage in one["then"]["stages"]:
                stage["inputs"] = ["policy"]

    assert failing(policy(work)) == {"clause": ("In the end it is granted instead of waiting.",)}


def test_a_broken_delegation_is_found() -> None:
    (expired,) = [scenario for scenario in shipped() if scenario.id == "expired-delegation"]
    (delegated,) = [scenario for scenario in shipped() if scenario.id == "delegated-approver"]
    alive = expired.model_copy(update={"deputies": delegated.deputies})
    dead = delegated.model_copy(update={"deputies": expired.deputies})

    assert "counted instead of not_eligible" in run_scenario(SHIPPED, alive).failures[0]
    assert "not_eligible instead of counted" in run_scenario(SHIPPED, dead).failures[0]


def test_a_policy_restates_a_shipped_scenario_and_adds_its_own() -> None:
    (under,) = [scenario for scenario in shipped() if scenario.id == "discount-under-threshold"]
    restated = under.model_copy(update={"facts": {**under.facts, "discount_percent": 10}})
    further = under.model_copy(update={"id": "further", "asks": ("legal",)})

    def work(document: dict[str, Any]) -> None:
        row(document, "discount")["when"]["discount_percent"] = "> 10"
        document["scenarios"] = [restated.model_dump(mode="json"), further.model_dump(mode="json")]

    changed = policy(work)

    assert len(scenarios_of(changed)) == len(TEN) + 1
    assert set(failing(changed)) == {"further"}


@pytest.mark.parametrize(
    ("discount", "margin", "asked"), [(15, 20, False), (16, 20, True), (15, 19, True), (99, -5, True)]
)
def test_c10_at_and_beside_each_limit_every_due_stage_is_asked(discount: int, margin: int, asked: bool) -> None:
    (under,) = [scenario for scenario in shipped() if scenario.id == "discount-under-threshold"]
    given = under.model_copy(
        update={
            "facts": {**under.facts, "discount_percent": discount, "margin_percent": margin},
            "asks_not": (),
            "steps": (),
        }
    )

    assert ("finance" in run_scenario(SHIPPED, given).asked) is asked


def test_a_quote_that_no_row_decides_is_not_let_through() -> None:
    def work(document: dict[str, Any]) -> None:
        document["quote"]["rows"].remove(row(document, "seller"))

    assert failing(policy(work))["discount-under-threshold"] == (
        "No plan: The policy says nothing about such a quote.",
    )


def test_a_stage_that_two_rows_describe_differently_is_refused() -> None:
    def work(document: dict[str, Any]) -> None:
        row(document, "margin")["then"]["stages"][0]["groups"] = ["pricing"]

    with pytest.raises(Exception, match="differs from that of an earlier row"):
        policy(work)
