"""Somebody answers by name for every artifact until a date; what is overdue is a case and is told (R-2.5)."""

from datetime import timedelta
from typing import Any

import pytest

from activities.policy_watch import look_at_certifications
from analysis.proposals import Proposal
from commands.certification import certify
from commands.installation import set_active, set_membership
from domain.certification import RuleCertification
from domain.errors import Invalid, NotFound, Refused
from policies.content import TABLES, seed_policy
from queries.artifacts import ArtifactView, artifact_list, rules
from queries.notices import notices
from store import artifacts
from store.certification import uncertified
from tests.attacks.conftest import world
from tests.attacks.world import World
from tests.builders import (
    ADMINISTRATOR,
    DAY,
    FINANCE,
    MACHINE,
    PRICES,
    PRICING,
    SECOND_PRICING,
    Business,
    as_actor,
    proposal,
)
from tests.cli.command_line import CommandLine
from tests.commands.test_ownership import change_table, put
from tests.commands.test_policies import policy_change, row
from tests.serving import served
from tests.web.visitors import forms

__all__ = ["world"]


def shown(business: Business, artifact: str = PRICES) -> ArtifactView:
    with business.database.reading() as session:
        return next(one for one in artifact_list(session) if one.id == artifact)


def cases(business: Business, artifact: str = PRICES) -> list[tuple[str, str]]:
    return [(case.code, case.owner_group) for case in business.cases(artifact) if case.step == "certification"]


def told(business: Business, account: str) -> list[str]:
    with business.database.reading() as session:
        found = notices(session, as_actor(business.gateway, account), None, 50).items
    return [one.subject for one in found if one.code == "certification_overdue"]


def test_what_nobody_certified_for_a_year_is_a_case_and_told_once_until_somebody_does(business: Business) -> None:
    business.travel(364 * DAY)
    look_at_certifications(business.gateway)
    assert cases(business) == []

    business.travel(2 * DAY)
    for _ in range(2):
        look_at_certifications(business.gateway)
    assert cases(business) == [("certification_overdue", "pricing")]
    assert told(business, PRICING) == [PRICES]

    certify(business.gateway, business.call(SECOND_PRICING), PRICES)
    look_at_certifications(business.gateway)
    assert cases(business) == []
    now = shown(business).certification
    assert now is not None and (now.person, now.version) == (SECOND_PRICING, business.latest())
    with business.database.reading() as session:
        assert (now.due_at - business.database.now(session)).days in (364, 365)


def test_how_often_is_said_by_the_ownership_table(business: Business) -> None:
    change_table(business, put(business, "domain/price-books", certify_every_days=30))
    business.travel(31 * DAY)
    with business.database.reading() as session:
        assert list(uncertified(session, business.database.now(session))) == [PRICES]


def test_who_answered_by_name_and_left_the_group_answers_no_more(business: Business) -> None:
    certify(business.gateway, business.call(PRICING), PRICES)
    set_membership(business.gateway, business.call(ADMINISTRATOR), PRICING, "pricing", False)
    look_at_certifications(business.gateway)

    (case,) = [case for case in business.cases(PRICES) if case.step == "certification"]
    assert case.message == f"{PRICING}, who answers for it by name, is no longer in pricing."


@pytest.mark.parametrize(("account", "code"), [(FINANCE, "not_the_owner"), (MACHINE, "machine_may_not")])
def test_only_a_person_of_the_owner_group_answers(business: Business, account: str, code: str) -> None:
    with pytest.raises(Refused) as caught:
        certify(business.gateway, business.call(account), PRICES)
    assert caught.value.code == code
    assert business.timeline(f"actor/{account}")[-1].details["code"] == code
    with pytest.raises(NotFound):
        certify(business.gateway, business.call(PRICING), "security/standard-changes")


POLICY, ROW = "approval/standard", "row/tier/price-jump"
GONE, SECOND = "daniel.koch", "victor.lang"


def in_force(business: Business, asked: Proposal) -> None:
    """Publish what a proposal says, as a release would."""
    change = business.draft(asked)
    part = business.content(change).parts[0]
    with business.database.writing() as session:
        artifacts.publish(session, part, change, "test", business.database.now(session))


def say(business: Business, **own: Any) -> Proposal:
    """A proposal in which a row of the policy says this for itself."""
    return policy_change(business, lambda document: row(document, "tier", "price-jump").update(own))


def day(business: Business, ahead: int) -> str:
    with business.database.reading() as session:
        return (business.database.now(session).date() + timedelta(days=ahead)).isoformat()


def messages(business: Business, artifact: str = POLICY) -> list[str]:
    look_at_certifications(business.gateway)
    return [case.message for case in business.cases(artifact) if case.step == "certification"]


def rule(business: Business, key: str = ROW, artifact: str = POLICY) -> RuleCertification:
    with business.database.reading() as session:
        return next(one for one in rules(session, artifact, business.database.now(session)) if one.rule == key)


def test_a_rule_without_owner_and_date_of_its_own_has_those_of_its_artifact(business: Business) -> None:
    certify(business.gateway, business.call(FINANCE), POLICY)
    of = shown(business, POLICY).certification
    assert of is not None
    found = rule(business)
    assert (found.owner_group, found.person, found.due_at, found.why) == ("finance", FINANCE, of.due_at, "")
    with business.database.reading() as session:
        everything = rules(session, POLICY, business.database.now(session))
    assert len(everything) == sum(len(seed_policy().rows(table)) for table in TABLES)


def test_a_rule_whose_owner_has_left_is_a_case_told_once_until_it_names_somebody_else(business: Business) -> None:
    in_force(business, say(business, answered_by=GONE))
    assert (rule(business).person, messages(business)) == (GONE, [])
    set_membership(business.gateway, business.call(ADMINISTRATOR), GONE, "finance", False)

    why = f"{ROW}: {GONE}, who answers for it by name, is not in finance."
    assert messages(business) == messages(business) == [why]
    assert told(business, FINANCE) == [POLICY]
    certify(business.gateway, business.call(FINANCE), POLICY)
    assert messages(business) == [why]

    in_force(business, say(business, answered_by=SECOND))
    assert messages(business) == []
    set_active(business.gateway, business.call(ADMINISTRATOR), SECOND, False)
    assert messages(business) == [f"{ROW}: {SECOND}, who answers for it by name, is not in finance."]


def test_a_rule_is_due_on_its_own_day_and_certifying_the_artifact_then_covers_it(business: Business) -> None:
    ahead = day(business, 30)
    in_force(business, say(business, review_on=ahead))
    business.travel(28 * DAY)
    certify(business.gateway, business.call(FINANCE), POLICY)
    assert (rule(business).due_at.date().isoformat(), messages(business)) == (ahead, [])

    business.travel(3 * DAY)
    assert messages(business) == [f"{ROW}: It had to be certified again by {ahead}."]
    certify(business.gateway, business.call(FINANCE), POLICY)
    assert (business.cases(POLICY), messages(business)) == ([], [])
    of = shown(business, POLICY).certification
    assert of is not None and rule(business).due_at == of.due_at


def test_promotions_and_rules_of_a_price_book_have_owners_too(business: Business) -> None:
    promotion = {
        "type": "promotion", "id": "spring", "name": "Spring", "first_day": day(business, 1), "last_day": day(business, 90),
        "offerings": ["FIBRE-500"], "off_basis_points": 500, "attribution": "SPR", "answered_by": "kofi.mensah",
    }  # fmt: skip
    in_force(business, proposal({"edit": "put", "entry": promotion}, kind="promotion", artifact="promotion/standard"))
    set_active(business.gateway, business.call(ADMINISTRATOR), "kofi.mensah", False)

    why = "promotion/spring: kofi.mensah, who answers for it by name, is not in revenue-operations."
    assert messages(business, "promotion/standard") == [why]


@pytest.mark.parametrize("somebody", [PRICING, "nobody.known"])
def test_only_somebody_of_the_owner_group_is_named(business: Business, somebody: str) -> None:
    with pytest.raises(Invalid) as caught:
        business.draft(say(business, answered_by=somebody))
    assert (caught.value.code, somebody in caught.value.detail) == ("not_an_owner", True)


def test_page_and_command_line_show_who_answers_for_a_rule(world: World) -> None:
    business, path = world.business, f"/policies/{POLICY}"
    ahead = day(business, 30)
    in_force(business, say(business, answered_by=GONE, review_on=ahead))
    set_membership(business.gateway, business.call(ADMINISTRATOR), GONE, "finance", False)
    world.client.post("/sign-in/development", data={"account": FINANCE})

    page = world.client.get(path).text
    assert f'name="row_answered_by" value="{GONE}"' in page
    assert f'name="row_review_on" value="{ahead}"' in page
    assert f"<strong>Warning:</strong> {GONE}, who answers for it by name, is not in finance." in page
    with served(world.client.app) as url:
        told = CommandLine(business.files.folder, url)("artifact", "rules", POLICY, "--as", FINANCE).out
    assert ROW in told
    assert f"{GONE}, who answers for it by name, is not in finance." in told


def test_page_and_command_line_certify_and_show_it(world: World) -> None:
    path = f"/artifacts/{PRICES}"
    world.client.post("/sign-in/development", data={"account": FINANCE})
    assert "Nobody has certified it by name yet" in (page := world.client.get(path).text)
    assert f"{path}/certification" not in page
    world.client.post("/sign-in/development", data={"account": PRICING})
    form = forms(world.client.get(path).text)[f"{path}/certification"]
    assert "answers by name for version" in world.client.post(f"{path}/certification", data=form).text
    assert "Ines Castellano" in world.client.get("/artifacts").text
    assert world.cli("ruben.falk", "artifact", "certify", "content/standard").code == ""
    assert (certified := shown(world.business, "content/standard").certification) and certified.person == "ruben.falk"
