"""What cannot be proposed or imported is refused as a whole, with its code, and nothing is written (R-4.1, R-9.5)."""

from copy import deepcopy
from typing import Any

import pytest

from analysis.proposals import Proposal, ProposedPart
from commands.approvals import decide
from commands.changes import create_change, revise_change, submit_change
from commands.command import Call, Gateway
from commands.example import POLICY, import_policy, publish, set_up_example, setup_of
from commands.imports import Import, import_content
from commands.installation import set_up_installation
from domain.approval import Choice
from domain.errors import Conflict, Invalid, MandateError, NotFound, Refused
from domain.party import SYSTEM
from policies.content import content_of, seed_policy
from policies.ownership import seed_ownership
from store.example_business import CATALOG, PRICING, load_example
from store.ownership import OWNERSHIP
from tests.builders import (
    FINANCE,
    REQUESTER,
    Business,
    as_actor,
    everything,
    fresh_key,
    proposal,
    set_price,
)
from tests.builders import (
    PRICING as PRICER,
)


def cell(**fields: Any) -> dict[str, Any]:
    return {**set_price(), **fields}


BAD: dict[str, tuple[type[MandateError], str, dict[str, Any], dict[str, Any]]] = {
    "unknown offering": (Invalid, "unknown_price", cell(offering="COPPER"), {}),
    "new price of an unknown offering": (Invalid, "invalid_content", cell(edit="add_price", offering="COPPER"), {}),
    "unknown currency": (Invalid, "unknown_currency", cell(currency="XXY"), {}),
    "negative": (Invalid, "invalid_content", cell(unit_price="-1"), {}),
    "no number": (Invalid, "bad_price", cell(unit_price="cheap"), {}),
    "immense": (Invalid, "bad_price", cell(unit_price="9e9999999"), {}),
    "seven decimals": (Invalid, "bad_price", cell(unit_price="1.0000001"), {}),
    "unknown edit": (Invalid, "bad_edit", {"edit": "give_away"}, {}),
    "unknown field": (Invalid, "bad_edit", cell(colour="red"), {}),
    "same price": (Invalid, "nothing_changes", set_price("41.90"), {}),
    "past date": (Invalid, "effective_in_past", set_price(), {"effective": {"date": "2020-01-01"}}),
    "unknown zone": (Invalid, "unknown_zone", set_price(), {"effective": {"date": "2099-01-01", "zone": "Mars/Base"}}),
    "other markets": (Invalid, "scope_mismatch", set_price(), {"markets": ["GB"]}),
    "more markets": (Invalid, "scope_mismatch", set_price(), {"markets": ["DE", "GB"]}),
    "other channels": (Invalid, "scope_mismatch", set_price(), {"channels": ["partner"]}),
    "unknown market": (NotFound, "unknown_market", cell(edit="add_price", market="FR"), {}),
    "short title": (Invalid, "bad_change", set_price(), {"title": "x"}),
    "hidden text": (Invalid, "bad_change", set_price(), {"title": "Fibre\u202e005"}),
    "unknown kind": (Invalid, "unknown_kind", set_price(), {"kind": "colour"}),
    "other kind": (Invalid, "wrong_kind", set_price(), {"kind": "catalog"}),
    "unknown artifact": (NotFound, "unknown_artifact", set_price(), {"artifact": "pricing/other"}),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_proposal_is_refused_and_nothing_is_written(business: Business, name: str) -> None:
    error, code, edit, fields = BAD[name]
    before = everything(business.database)

    with pytest.raises(error) as caught:
        create_change(business.gateway, business.call(REQUESTER), proposal(edit, **deepcopy(fields)))

    assert caught.value.code == code
    assert everything(business.database) == before


def test_two_edits_of_one_entry_are_refused(business: Business) -> None:
    with pytest.raises(Invalid) as caught:
        create_change(business.gateway, business.call(REQUESTER), proposal(set_price("44.90"), set_price("45.90")))

    assert caught.value.code == "entry_twice"


def test_a_date_that_passes_before_the_submission_is_refused_then(business: Business) -> None:
    with business.database.reading() as session:
        day = business.database.now(session).date().replace(day=28)
    change = business.draft(proposal(effective={"date": day.replace(year=day.year + 1)}))
    business.travel(399 * 86_400)

    with pytest.raises(Invalid) as caught:
        submit_change(business.gateway, business.call(REQUESTER), change, None)

    assert caught.value.code == "effective_in_past"


def test_somebody_elses_change_is_not_revised(business: Business) -> None:
    change = business.draft()

    with pytest.raises(Refused) as caught:
        revise_change(business.gateway, business.call(FINANCE), change, proposal(set_price("45.90")), None)

    assert caught.value.code == "not_yours"
    assert business.at(change).revision == 1


def test_deciding_on_stale_evidence_is_a_conflict_that_shows_what_is_asked_now(business: Business) -> None:
    change = business.awaiting()
    stale = business.ballot(change)
    revise_change(business.gateway, business.call(REQUESTER), change, proposal(set_price("45.90")), None)
    business.walk(change)
    other = business.ballot(change).model_copy(update={"seen": stale.seen})

    for ballot in (stale, other):
        with pytest.raises(Conflict) as caught:
            decide(business.gateway, business.call(PRICER), change, ballot)
        assert caught.value.code == "evidence_moved"
        assert caught.value.facts == {"revision": 2, "root": business.ballot(change).seen}
    assert everything(business.database)["decision"] == []


def test_a_revision_keeps_the_approvals_whose_inputs_did_not_move(business: Business) -> None:
    """Finance is not bound to the rollback; the owner of prices is (the shipped policy)."""
    change = business.approved()
    again = proposal(set_price("44.90"), rollback={"requirement": "Tell the partners too."})
    revise_change(business.gateway, business.call(REQUESTER), change, again, None)

    assert business.walk(change).state == "awaiting_approval"
    asked = business.timeline(change)[-1]
    assert (asked.action, len(asked.details["carried"]), len(asked.details["withdrawn"])) == (
        "change.approval_asked",
        1,
        1,
    )
    assert list(asked.details["withdrawn"].values()) == ["rollback moved since"]
    assert business.decide(change, PRICER).change.state == "approved"


def test_a_request_for_changes_sends_it_back(business: Business) -> None:
    change = business.awaiting()

    assert business.decide(change, PRICER, Choice.REQUEST_CHANGES).change.state == "needs_revision"


@pytest.fixture
def installed(gateway: Gateway) -> Gateway:
    """People and markets, and no content yet."""
    set_up_installation(gateway, Call(SYSTEM, fresh_key()), setup_of(load_example()))
    return gateway


def contents() -> dict[str, dict[str, dict[str, Any]]]:
    return deepcopy(
        {key: {name: dict(entry) for name, entry in value.items()} for key, value in load_example().contents.items()}
    )


def test_the_same_content_again_changes_nothing(business: Business) -> None:
    versions = everything(business.database)["artifact_version"]

    given = Import(source="again", source_digest="another", contents=contents())
    again = import_content(business.gateway, business.system(), given)

    assert again.unchanged
    assert set_up_example(business.gateway).contents
    assert everything(business.database)["artifact_version"] == versions


def test_the_same_content_is_recognized_without_its_defaults(business: Business) -> None:
    given = contents()
    for entry in given[PRICING].values():
        if entry.get("tiers") == []:
            del entry["tiers"]

    assert import_content(
        business.gateway, business.system(), Import(source="x", source_digest="y", contents=given)
    ).unchanged


def test_an_empty_import_is_refused(business: Business) -> None:
    before = everything(business.database)

    with pytest.raises(Invalid) as caught:
        publish(business.gateway, "nothing", {})

    assert caught.value.code == "nothing_to_import"
    assert everything(business.database) == before


@pytest.mark.parametrize(
    ("artifact", "key"), [(PRICING, "price/FIBRE-500/monthly/DE/direct/EUR"), (CATALOG, "offering/FIBRE-500")]
)
def test_an_entry_is_imported_under_its_own_key_only(installed: Gateway, artifact: str, key: str) -> None:
    given = contents()
    given[artifact]["elsewhere"] = given[artifact].pop(key)
    before = everything(installed.database)

    with pytest.raises(Invalid) as caught:
        publish(installed, "a careless exporter", given)

    assert (caught.value.code, caught.value.facts) == ("wrong_key", {"entry": "elsewhere", "key": key})
    assert everything(installed.database) == before


def test_other_content_needs_a_change(business: Business) -> None:
    given = contents()
    given[PRICING]["price/FIBRE-500/monthly/DE/direct/EUR"]["unit_price_micros"] = 1
    before = everything(business.database)

    with pytest.raises(Refused) as caught:
        publish(business.gateway, "another", given)

    assert caught.value.code == "store_not_empty"
    after = everything(business.database)
    assert {name for name in after if after[name] != before[name]} == {"audit_record"}


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        ({"unit_price_micros": -1}, "invalid_content"),
        ({"offering": "COPPER"}, "wrong_key"),
        ({"unit_price_micros": "many"}, "bad_entry"),
        ({"colour": "red"}, "bad_entry"),
    ],
)
def test_one_bad_entry_refuses_the_whole_import(installed: Gateway, damage: dict[str, Any], code: str) -> None:
    given = contents()
    given[PRICING]["price/FIBRE-500/monthly/DE/direct/EUR"].update(damage)
    before = everything(installed.database)

    with pytest.raises(Invalid) as caught:
        publish(installed, "damaged", given)

    assert caught.value.code == code
    assert everything(installed.database) == before
    publish(installed, "sound", contents())
    assert len(everything(installed.database)["artifact_version"]) == len(contents())


def test_a_policy_that_cannot_be_evaluated_is_not_imported(installed: Gateway) -> None:
    policy = {key: dict(entry) for key, entry in content_of(seed_policy()).items()}
    policy["row/tier/price"]["when"] = {"kind": "(("}
    before = everything(installed.database)

    with pytest.raises(Invalid) as caught:
        publish(installed, "a broken policy", {POLICY: policy})

    assert caught.value.code == "bad_rule"
    assert everything(installed.database) == before


def test_an_approver_group_that_nobody_holds_opens_a_case(installed: Gateway, business: Business) -> None:
    """The gate stays closed, and somebody is told (R-7.7)."""
    policy = {key: dict(entry) for key, entry in content_of(seed_policy()).items()}
    stages = deepcopy(policy["row/stages/owner-and-finance"]["then"])
    stages["stages"][1].update(groups=["night-watch"], escalations=[])
    policy["row/stages/owner-and-finance"]["then"] = stages
    publish(installed, "a policy", {POLICY: policy, OWNERSHIP: {k: dict(e) for k, e in seed_ownership().items()}})
    publish(installed, "content", contents())
    here = Business(installed, business.files, business.login)

    change = here.awaiting()

    (case,) = here.cases(change)
    assert (case.step, case.code, case.message) == ("approval", "gate_closed", "unsatisfiable:finance")
    assert here.decide(change, PRICER).change.state == "awaiting_approval"


def test_setting_up_a_second_time_changes_nothing(business: Business) -> None:
    before = everything(business.database)

    set_up_example(business.gateway)

    assert everything(business.database) == before
    assert import_policy(business.gateway) is None
    assert business.latest(POLICY) == business.latest(OWNERSHIP) == 1
    assert business.latest(CATALOG) == 1


def policy_change(when: dict[str, str], groups: list[str]) -> Proposal:
    stage = {
        "id": "owner",
        "title": "Owner",
        "groups": groups,
        "inputs": ["content"],
        "remind_after": 24,
        "escalations": [],
        "expire_after": 48,
    }
    row = {"table": "stages", "id": "owner-only", "position": 1, "when": when, "then": {"stages": [stage]}}
    edit = {"edit": "put_row", "row": {"type": "row", **row}}
    part = ProposedPart(artifact="approval/standard", edits=[edit])
    return Proposal(kind="approval", title="Other approvers", objective="Try another plan.", parts=[part])


@pytest.mark.parametrize(
    ("when", "groups", "code"),
    [
        ({"tier": "<= <="}, ["finance"], "bad_rule"),
        ({"weather": "1"}, ["finance"], "bad_rule"),
        ({"tier": "<= 1"}, ["nobody-at-all"], "unknown_group"),
        ({"tier": "<= 1"}, [], "bad_policy"),
        ({"tier": "> 4"}, ["finance"], "policy_faults"),
        ({"tier": "'low'"}, ["finance"], "policy_faults"),
        ({"tier": "< 1"}, ["finance"], "policy_faults"),
        ({}, ["finance"], "policy_faults"),
    ],
)
def test_a_policy_that_could_not_decide_is_refused_when_proposed(
    when: dict[str, str], groups: list[str], code: str, business: Business
) -> None:
    with pytest.raises(Invalid) as refused:
        create_change(business.gateway, call_of(business, REQUESTER), policy_change(when, groups))
    assert refused.value.code == code


def test_faults_of_a_policy_are_all_named_with_an_example(business: Business) -> None:
    with pytest.raises(Invalid) as refused:
        create_change(business.gateway, call_of(business, REQUESTER), policy_change({"tier": "< 1"}, ["finance"]))

    (gap,) = refused.value.facts["problems"]
    assert (gap["kind"], gap["table"], gap["example"]["tier"]) == ("gap", "stages", 1)


def test_a_policy_that_can_decide_is_accepted(business: Business) -> None:
    made = create_change(business.gateway, call_of(business, REQUESTER), policy_change({"tier": "<= 1"}, ["finance"]))
    assert made.state == "draft"


def call_of(business: Business, account: str) -> Call:
    return Call(as_actor(business.gateway, account), fresh_key())
