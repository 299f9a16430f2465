"""Exceptions to a freeze go through the same approval: asked, decided by the plan's people, in force until their end (R-7.11, R-12.3)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from commands.approvals import advance_timers
from commands.calendar import Freeze, declare_freeze
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from domain.approval import Choice
from domain.errors import MandateError
from queries.inbox import inbox
from queries.requests import request_list, request_view
from store.tables.request import FreezeExceptionRow
from tests.builders import DIRECTOR, FINANCE, MACHINE, PRICING, REQUESTER, SECOND_FINANCE, Business

HOUR = 3600


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


@pytest.fixture
def frozen(business: Business) -> str:
    """A freeze of everything for five days."""
    with business.database.reading() as session:
        now = business.database.now(session)
    freeze = Freeze(reason="Quarter close.", from_at=now - timedelta(hours=1), until_at=now + timedelta(days=5))
    return declare_freeze(business.gateway, business.call(FINANCE), freeze)


def ask(business: Business, freeze: str, change: str, by: str = REQUESTER, days: float = 2) -> str:
    with business.database.reading() as session:
        until = business.database.now(session) + timedelta(days=days)
    asked = ExceptionRequest(change=change, until_at=until, reason="A wrong price is live.")
    return ask_freeze_exception(business.gateway, business.call(by), freeze, asked).request


def test_an_exception_lets_one_change_out_when_both_groups_have_agreed(business: Business, frozen: str) -> None:
    change = business.scheduled()
    assert business.release(change).blocks == (f"frozen:{frozen}",)
    request = ask(business, frozen, change)
    assert business.release(change).blocks == (f"frozen:{frozen}",)

    assert refused(lambda: business.decide(request, PRICING)) == "not_eligible"
    assert refused(lambda: business.decide(request, REQUESTER)) == "excluded"
    assert business.decide(request, FINANCE).change.state == "awaiting_approval"
    assert refused(lambda: business.decide(request, SECOND_FINANCE)) == "not_eligible"
    assert business.release(change).blocks == (f"frozen:{frozen}",)
    assert business.decide(request, DIRECTOR).change.state == "completed"

    assert business.release(change).blocks == ()
    assert business.price() == 44_900_000
    assert [entry.action for entry in business.timeline(request)] == [
        "freeze.exception_asked", "request.decided", "request.decided"
    ]  # fmt: skip


def test_an_exception_ends_at_its_instant(business: Business, frozen: str) -> None:
    change = business.scheduled()
    request = ask(business, frozen, change)
    business.decide(request, FINANCE)
    business.decide(request, DIRECTOR)

    business.travel(2 * 24 * HOUR + 5)
    business.confirm(change)

    assert business.release(change).blocks == (f"frozen:{frozen}",)


def test_an_exception_for_everything_lifts_the_freeze(business: Business, frozen: str) -> None:
    change = business.scheduled()
    request = ask(business, frozen, "*", by=PRICING)
    business.decide(request, FINANCE)
    business.decide(request, DIRECTOR)

    assert business.release(change).blocks == ()


def test_another_change_stays_frozen(business: Business, frozen: str) -> None:
    change = business.scheduled()
    other = business.draft(by="tom.okafor")
    request = ask(business, frozen, other, by="tom.okafor")
    business.decide(request, FINANCE)
    business.decide(request, DIRECTOR)

    assert business.release(change).blocks == (f"frozen:{frozen}",)


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_a_rejected_exception_excepts_nothing(business: Business, frozen: str, choice: Choice) -> None:
    change = business.scheduled()
    request = ask(business, frozen, change)

    assert business.decide(request, FINANCE, choice).change.state == "rejected"

    assert refused(lambda: business.decide(request, DIRECTOR)) == "not_awaiting_approval"
    assert business.release(change).blocks == (f"frozen:{frozen}",)
    assert ask(business, frozen, change) != request


def until(business: Business, request: str) -> None:
    """Travel until time does the next thing to a request."""
    with business.database.reading() as session:
        now = business.database.now(session)
        ahead = request_view(session, request, now).timers[0].at
    business.travel(int((ahead - now).total_seconds()) + 2)


def test_time_approves_no_exception(business: Business, frozen: str) -> None:
    request = ask(business, frozen, business.scheduled())

    until(business, request)
    assert [t.what for t in advance_timers(business.gateway, business.system(), request).fired] == ["reminder"]
    until(business, request)
    advanced = advance_timers(business.gateway, business.system(), request)

    assert ([t.what for t in advanced.fired], advanced.change.state) == (["expiry"], "expired")
    with business.database.reading() as session:
        assert session.execute(select(FreezeExceptionRow)).first() is None


def test_what_cannot_be_asked(business: Business, frozen: str) -> None:
    change = business.scheduled()

    assert refused(lambda: ask(business, frozen, change, days=6)) == "bad_window"
    assert refused(lambda: ask(business, frozen, change, days=-1)) == "bad_window"
    assert refused(lambda: ask(business, "freeze-1", change)) == "unknown_freeze"
    assert refused(lambda: ask(business, frozen, "CR-1")) == "unknown_change_request"
    assert refused(lambda: ask(business, frozen, change, by=MACHINE)) == "machine_may_not"
    first = ask(business, frozen, change)
    assert refused(lambda: ask(business, frozen, change)) == "already_asked"
    with business.database.reading() as session:
        assert [found.id for found in request_list(session, None, 50).items] == [first]


def test_a_request_is_read_and_waits_in_the_inbox_like_a_change(business: Business, frozen: str) -> None:
    change = business.scheduled()
    request = ask(business, frozen, change)

    with business.database.reading() as session:
        now = business.database.now(session)
        view = request_view(session, request, now, FINANCE)
        waiting = inbox(session, FINANCE, now)

    assert (view.yours.stage, view.content["change"], [t.what for t in view.timers]) == (
        "control",
        change,
        ["reminder", "expiry"],
    )
    assert [(item.subject, item.change, item.stage) for item in waiting] == [(request, None, "Finance and directors")]
