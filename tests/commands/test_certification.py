"""Somebody answers by name for every artifact until a date; what is overdue is a case and is told (R-2.5)."""

import pytest

from activities.policy_watch import look_at_certifications
from commands.certification import certify
from commands.installation import set_membership
from domain.errors import NotFound, Refused
from queries.artifacts import ArtifactView, artifact_list
from queries.notices import notices
from store.certification import uncertified
from tests.attacks.conftest import world
from tests.attacks.world import World
from tests.builders import ADMINISTRATOR, DAY, FINANCE, MACHINE, PRICES, PRICING, SECOND_PRICING, Business, as_actor
from tests.commands.test_ownership import change_table, put
from tests.web.visitors import forms

__all__ = ["world"]


def shown(business: Business, artifact: str = PRICES) -> ArtifactView:
    with business.database.reading() as session:
        return next(one for one in artifact_list(session) if one.id == artifact)


def cases(business: Business, artifact: str = PRICES) -> list[tuple[str, str]]:
    return [(case.code, case.owner_group) for case in business.cases(artifact) if case.step == "certification"]


def told(business: Business, account: str) -> list[str]:
    with business.database.reading() as session:
        found = notices(session, as_actor(business.gateway, account), 50)
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
