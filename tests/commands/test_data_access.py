"""What is kept about a person is read by themselves, or with an access that others agreed to (R-7.11, R-24.4)."""

from typing import Any

import pytest

from commands.approvals import advance_timers, decide, withdraw_request
from commands.command import Call
from commands.data_access import AccessRequest, ask_access, end_access, read_personal_data
from commands.installation import ERASED, erase_person, set_active
from domain.approval import Choice
from domain.errors import MandateError
from queries.data_access import data_access_list
from store.data_access import PersonalData
from tests.builders import ADMINISTRATOR, DAY, FINANCE, MACHINE, PRICING, REQUESTER, Business, as_actor

COMPLIANCE, SECOND_COMPLIANCE = "naomi.sato", "henrik.dahl"


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def ask(business: Business, about: str = PRICING, by: str = REQUESTER, days: int = 2) -> str:
    asked = AccessRequest(about=about, days=days, reason="A complaint has to be looked into.")
    return ask_access(business.gateway, business.call(by), asked).request


def read(business: Business, about: str = PRICING, by: str = REQUESTER) -> PersonalData:
    return read_personal_data(business.gateway, Call(as_actor(business.gateway, by), ""), about)


def end(business: Business, request: str, by: str) -> str:
    return end_access(business.gateway, business.call(by), request)


def standing(business: Business) -> list[tuple[str, str]]:
    with business.database.reading() as session:
        return [(one.person, one.standing) for one in data_access_list(session, business.database.now(session))]


@pytest.fixture
def granted(business: Business) -> str:
    """An access of the requester to what is kept about a pricing manager, for two days."""
    request = ask(business)
    assert business.decide(request, COMPLIANCE).change.state == "completed"
    return request


def test_nothing_is_read_before_security_and_compliance_agree(business: Business) -> None:
    request = ask(business)
    assert refused(lambda: read(business)) == "no_access"
    assert refused(lambda: business.decide(request, REQUESTER)) == "excluded"
    assert refused(lambda: business.decide(request, FINANCE)) == "not_eligible"
    assert business.decide(request, COMPLIANCE).change.state == "completed"

    assert read(business).name == "Ines Castellano"
    assert refused(lambda: read(business, by=FINANCE)) == "no_access"
    assert refused(lambda: read(business, about=FINANCE)) == "no_access"
    assert standing(business) == [(REQUESTER, "in force")]


def test_each_reading_and_each_refusal_is_on_record(business: Business, granted: str) -> None:
    read(business)
    read(business)
    assert refused(lambda: read(business, by=FINANCE)) == "no_access"

    readings = [entry for entry in business.timeline(f"person/{PRICING}") if entry.action == "data.read"]
    assert [(entry.details["by"], entry.details["access"]) for entry in readings] == [(REQUESTER, granted)] * 2
    attempts = [entry for entry in business.timeline(f"actor/{FINANCE}") if entry.outcome == "refused"]
    assert [entry.details["code"] for entry in attempts] == ["no_access"]


def test_the_person_does_not_decide_on_it(business: Business) -> None:
    request = ask(business, about=COMPLIANCE)

    assert refused(lambda: business.decide(request, COMPLIANCE)) == "excluded"
    assert business.decide(request, SECOND_COMPLIANCE).change.state == "completed"


def test_an_access_ends_at_its_instant(business: Business, granted: str) -> None:
    business.travel(2 * DAY - 60)
    read(business)
    business.travel(61)

    assert refused(lambda: read(business)) == "no_access"
    assert standing(business) == [(REQUESTER, "over")]
    assert refused(lambda: end(business, granted, REQUESTER)) == "already_ended"


@pytest.mark.parametrize("by", [REQUESTER, SECOND_COMPLIANCE, ADMINISTRATOR])
def test_an_access_is_ended_at_once(business: Business, granted: str, by: str) -> None:
    assert refused(lambda: end(business, granted, FINANCE)) == "not_yours"
    assert end(business, granted, by) == granted

    assert refused(lambda: read(business)) == "no_access"
    assert refused(lambda: end(business, granted, by)) == "already_ended"
    assert standing(business) == [(REQUESTER, "ended")]


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_a_rejected_access_opens_nothing(business: Business, choice: Choice) -> None:
    request = ask(business)
    assert business.decide(request, COMPLIANCE, choice).change.state == "rejected"

    assert refused(lambda: read(business)) == "no_access"
    assert ask(business) != request


def test_time_opens_nothing(business: Business) -> None:
    request = ask(business)
    business.travel(40 * DAY)

    assert advance_timers(business.gateway, business.system(), request).change.state == "expired"
    assert refused(lambda: read(business)) == "no_access"


def test_everybody_reads_what_is_kept_about_themselves(business: Business) -> None:
    change = business.awaiting()
    decide(business.gateway, business.call(PRICING), change, business.ballot(change, comment="The margin holds."))

    own = read(business, about=PRICING, by=PRICING)

    assert [account["id"] for account in own.records["accounts"]] == [PRICING]
    assert [(said["subject"], said["text"]) for said in own.records["decisions"]] == [(change, "The margin holds.")]
    assert [row["id"] for row in read(business, about=REQUESTER).records["changes"]] == [change]
    assert "salt" not in str(own.records) and "token_digest" not in str(own.records)


def test_what_was_erased_is_not_there_any_more(business: Business, granted: str) -> None:
    change = business.awaiting()
    decide(business.gateway, business.call(PRICING), change, business.ballot(change, comment="The margin holds."))
    set_active(business.gateway, business.call(ADMINISTRATOR), PRICING, False)
    erase_person(business.gateway, business.call(ADMINISTRATOR), PRICING)

    data = read(business)

    assert (data.name, data.active) == (ERASED, False)
    assert [said["text"] for said in data.records["decisions"]] == [None]


def test_what_cannot_be_asked(business: Business) -> None:
    assert refused(lambda: ask(business, about="nobody")) == "unknown_person"
    assert refused(lambda: ask(business, about=REQUESTER)) == "own_data"
    assert refused(lambda: ask(business, by=MACHINE)) == "machine_may_not"
    assert refused(lambda: read(business, by=MACHINE)) == "machine_may_not"
    request = ask(business)
    assert refused(lambda: ask(business)) == "already_asked"
    withdraw_request(business.gateway, business.call(REQUESTER), request)
    assert ask(business) != request
