"""Plans, owners and cases follow the ownership table that is in force; the table itself is governed (R-2.2)."""

from typing import Any

import pytest

from activities.policy_watch import look_at_owners
from commands.changes import create_change
from commands.installation import set_active
from domain.errors import Invalid, Refused
from queries.ownership import ownership_answer, ownership_table
from store import artifacts, changes
from tests.builders import ADMINISTRATOR, FINANCE, REQUESTER, Business, proposal, set_price
from web.lookups import open_cases

OWNERSHIP = "security/ownership"


def put(business: Business, key: str, **fields: Any) -> dict[str, Any]:
    entry = business.entry(key, OWNERSHIP)
    assert entry is not None
    return {"edit": "put", "entry": {**entry, **fields}}


def change_table(business: Business, *edits: dict[str, Any]) -> None:
    """Put another version of the table in force, as a release would."""
    change = business.draft(proposal(*edits, artifact=OWNERSHIP, kind="security"))
    part = business.content(change).parts[0]
    with business.database.writing() as session:
        artifacts.publish(session, part, change, "test", business.database.now(session))


def owner_cases(business: Business, artifact: str) -> list[tuple[str, str, str]]:
    return [(case.code, case.owner_group, case.message) for case in business.cases(artifact) if case.step == "owners"]


def test_an_artifact_for_which_nobody_answers_is_a_case_until_somebody_does(business: Business) -> None:
    look_at_owners(business.gateway)
    assert owner_cases(business, "content/standard") == []
    for person in ("ruben.falk", "clara.nwosu"):
        set_active(business.gateway, business.call(ADMINISTRATOR), person, False)
    for _ in range(2):
        look_at_owners(business.gateway)

    why = "No active person of product-management is there to answer for it."
    assert owner_cases(business, "content/standard") == [("orphaned", "security-compliance", why)]
    assert owner_cases(business, "pricing/standard") == []
    with business.database.reading() as session:
        assert [(one.title, one.page) for one in open_cases(session)] == [
            ("content/standard", "/artifacts/content/standard")
        ]
    assert [record.action for record in business.timeline("content/standard")].count("artifact.owners_watched") == 1

    set_active(business.gateway, business.call(ADMINISTRATOR), "clara.nwosu", True)
    look_at_owners(business.gateway)
    assert owner_cases(business, "content/standard") == []


def test_a_changed_row_holds_for_the_next_plan(business: Business) -> None:
    before = business.awaiting()
    change_table(business, put(business, "domain/price-books", accountable="finance", consulted=["pricing"]))
    after = business.awaiting(proposal(set_price(market="CH", currency="CHF", unit_price="49.90")))

    def owners(change: str) -> tuple[str, ...]:
        with business.database.reading() as session:
            row = changes.change(session, change)
            plan = changes.approval_facts(session, row, business.database.now(session)).plan
        stage = plan.stage("owner") if plan else None
        assert stage is not None
        return stage.slots[0].groups

    assert (business.at(before).owner, business.at(after).owner) == ("pricing", "finance")
    assert owners(after) == ("finance",)
    assert business.decide(after, FINANCE).stage == "owner"


def test_a_draft_keeps_up_with_the_table(business: Business) -> None:
    change = business.draft()
    change_table(business, put(business, "domain/price-books", accountable="finance"))
    assert business.at(change).owner == "pricing"
    business.submit(change)
    business.walk(change)

    assert business.at(change).owner == "finance"


def test_a_kind_that_nobody_answers_for_is_refused_and_the_refusal_is_kept(business: Business) -> None:
    assert business.draft()
    change_table(business, {"edit": "remove", "entry_key": "kind/pricing"})

    with pytest.raises(Refused) as refused:
        create_change(business.gateway, business.call(REQUESTER), proposal())
    assert refused.value.code == "no_accountable_group"
    assert business.timeline(f"actor/{REQUESTER}")[-1].outcome == "refused"


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"accountable": ""}, "invalid_content"),
        ({"accountable": "engineering"}, "invalid_content"),
        ({"accountable": "nobody-there"}, "unknown_group"),
        ({"informed": ["nobody-there"]}, "unknown_group"),
    ],
)
def test_a_row_that_takes_the_owner_away_is_refused(business: Business, fields: dict[str, Any], code: str) -> None:
    edit = put(business, "domain/price-books", **fields)
    with pytest.raises(Invalid) as refused:
        business.draft(proposal(edit, artifact=OWNERSHIP, kind="security"))
    assert refused.value.code == code


def test_a_change_of_ownership_asks_the_strictest_tier(business: Business) -> None:
    edit = put(business, "domain/price-books", accountable="finance")
    change = business.awaiting(proposal(edit, artifact=OWNERSHIP, kind="security"))

    assert business.at(change).tier == 4
    assert business.at(change).owner == "security-compliance"


def test_the_answer_and_the_table(business: Business) -> None:
    with business.database.reading() as session:
        answer, table = ownership_answer(session, "catalog"), ownership_table(session)
        with pytest.raises(Invalid):
            ownership_answer(session, "coffee")

    assert answer.ownership.accountable == "product"
    assert answer.risk == "invalid sellable product"
    assert (table.version, len(table.domains), len(table.activities), len(table.kinds)) == (1, 12, 9, 13)
    assert table.groups["pricing"] == "Pricing"
    assert table.unowned == ()
