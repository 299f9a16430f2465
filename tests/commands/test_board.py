"""A governance board sits where the policy says, with agenda, minutes and quorum; owners accept what remains."""

from datetime import timedelta
from typing import Any

import pytest

from commands.board import AgendaItem, Minutes, put_on_agenda, record_minutes
from commands.changes import revise_change
from commands.residual_risk import Statement, accept_residual_risk
from domain.errors import MandateError
from queries.changes import ChangeView, change_view
from store import artifacts
from tests.builders import FINANCE, MACHINE, PRICING, REQUESTER, Business, proposal, set_price

BOARD = ("leon.brandt", "naomi.sato", "ruben.falk")
STRATEGIC = proposal(set_price(unit_price="59.90"))


def view(business: Business, change: str) -> ChangeView:
    with business.database.reading() as session:
        return change_view(session, change, business.database.now(session))


def stages(business: Business, change: str) -> list[str]:
    plan = view(business, change).plan
    assert plan is not None
    return [stage.id for stage in plan.stages]


def code(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def minutes(business: Business, change: str, by: str, *present: str) -> None:
    held = Minutes(text="The rise was discussed and agreed.", present=present)
    record_minutes(business.gateway, business.call(by), change, held)


def test_the_board_sits_over_a_strategic_price_and_not_over_an_ordinary_one(business: Business) -> None:
    assert stages(business, business.awaiting(STRATEGIC)) == ["owner", "finance", "board"]
    assert stages(business, business.awaiting(proposal(set_price(channel="partner")))) == ["owner", "finance"]


def test_the_board_decides_by_its_quorum(business: Business) -> None:
    change = business.awaiting(STRATEGIC)
    for person in (PRICING, FINANCE, BOARD[0]):
        assert business.decide(change, person).change.state == "awaiting_approval"
    assert business.decide(change, BOARD[1]).change.state == "approved"


def test_agenda_and_minutes_are_kept_for_the_board_to_read(business: Business) -> None:
    change = business.awaiting(STRATEGIC)
    with business.database.reading() as session:
        ahead = business.database.now(session) + timedelta(days=1)
    put_on_agenda(
        business.gateway, business.call(BOARD[0]), change, AgendaItem(text="A rise of 43 percent.", meets_at=ahead)
    )
    minutes(business, change, BOARD[1], BOARD[0], BOARD[1])

    kept = view(business, change).board
    assert [(record.what, record.present) for record in kept] == [("agenda", ()), ("minutes", (BOARD[0], BOARD[1]))]
    assert business.timeline(change)[-1].action == "board.minutes"


def test_minutes_without_a_quorum_of_members_are_refused(business: Business) -> None:
    change = business.awaiting(STRATEGIC)
    assert code(lambda: minutes(business, change, BOARD[0], BOARD[0])) == "no_quorum"
    assert code(lambda: minutes(business, change, BOARD[0], BOARD[0], BOARD[0])) == "no_quorum"
    assert code(lambda: minutes(business, change, BOARD[0], BOARD[0], FINANCE)) == "not_members"
    assert code(lambda: minutes(business, change, FINANCE, BOARD[0], BOARD[1])) == "not_on_the_board"
    assert code(lambda: minutes(business, change, MACHINE, BOARD[0], BOARD[1])) == "machine_may_not"
    for person in (PRICING, FINANCE, BOARD[2]):
        business.decide(change, person)
    assert code(lambda: minutes(business, change, BOARD[0], BOARD[0], BOARD[1])) == "voter_not_present"


def agreed(business: Business) -> str:
    """A strategic change that everybody has agreed to and that waits for its release."""
    change = business.awaiting(STRATEGIC)
    for person in (PRICING, FINANCE, *BOARD[:2]):
        business.decide(change, person)
    return change


def blocks(business: Business, change: str) -> list[str]:
    assert business.walk(change).state == "scheduled"
    (case,) = [case for case in business.cases(change) if case.step == "release"]
    return case.message.split("; ")


def test_nothing_takes_effect_before_the_minutes_are_kept_and_the_risk_is_accepted(business: Business) -> None:
    change, before = agreed(business), business.latest()

    assert blocks(business, change) == ["minutes:board", "residual_risk"]
    assert view(business, change).standing.blocks == ("minutes:board", "residual_risk")
    business.accept_risk(change)
    assert blocks(business, change) == ["minutes:board"]
    assert business.latest() == before
    business.keep_minutes(change)

    assert business.walk(change).state == "monitoring"
    assert (business.latest(), business.cases(change)) == (before + 1, [])


def test_minutes_cover_the_votes_that_were_cast_and_no_later_ones(business: Business) -> None:
    change = business.awaiting(STRATEGIC)
    business.keep_minutes(change)
    for person in (PRICING, FINANCE):
        business.decide(change, person)
    revise_change(business.gateway, business.call(REQUESTER), change, proposal(set_price(unit_price="61.90")), None)
    business.walk(change)
    for person in (PRICING, FINANCE, *BOARD[:2]):
        business.decide(change, person)
    business.accept_risk(change)

    assert blocks(business, change) == ["minutes:board"]


def test_minutes_of_votes_that_an_edit_leaves_standing_still_count(business: Business) -> None:
    change = agreed(business)
    business.conclude(change)
    again = STRATEGIC.model_copy(update={"least_tier": 3})
    revise_change(business.gateway, business.call(REQUESTER), change, again, None)

    assert blocks(business, change) == ["residual_risk"]
    business.accept_risk(change)
    assert business.walk(change).state == "monitoring"


def test_an_ordinary_change_asks_for_neither(business: Business) -> None:
    assert business.walk(business.approved()).state == "monitoring"


def test_no_board_is_kept_where_none_is_asked(business: Business) -> None:
    change = business.awaiting()
    assert code(lambda: minutes(business, change, BOARD[0], BOARD[0], BOARD[1])) == "no_board"


def test_the_owner_accepts_what_remains_by_name(business: Business) -> None:
    change = business.awaiting()
    stated = Statement(statement="Some partners may leave; that is accepted.", revision=1)
    assert (
        code(lambda: accept_residual_risk(business.gateway, business.call(REQUESTER), change, stated))
        == "not_the_owner"
    )
    assert (
        code(lambda: accept_residual_risk(business.gateway, business.call(MACHINE), change, stated))
        == "machine_may_not"
    )
    later = stated.model_copy(update={"revision": 2})
    assert (
        code(lambda: accept_residual_risk(business.gateway, business.call(PRICING), change, later)) == "revision_moved"
    )
    accept_residual_risk(business.gateway, business.call(PRICING), change, stated)

    found = view(business, change).residual_risk
    assert found is not None
    assert (found.accepted_by, found.statement) == (PRICING, stated.statement)
    assert business.decide(change, PRICING).change.state == "awaiting_approval"
    draft = business.draft()
    assert (
        code(lambda: accept_residual_risk(business.gateway, business.call(PRICING), draft, stated))
        == "nothing_to_accept"
    )


def test_who_authored_a_change(business: Business) -> None:
    assert view(business, business.draft()).summary.authored == "business"
    assert view(business, business.draft(by=MACHINE)).summary.authored == "engineering"
    assert view(business, business.draft(by="yara.haddad")).summary.authored == "engineering"


@pytest.mark.parametrize(("first", "asked"), [(0, ["owner", "finance", "board"]), (5, ["owner", "finance"])])
def test_the_board_sits_over_what_takes_effect_while_a_quarter_closes(
    business: Business, first: int, asked: list[str]
) -> None:
    with business.database.reading() as session:
        day = business.database.now(session).date() + timedelta(days=first)
    period = {"type": "period", "id": "close", "name": "Close", "kind": "quarter_close"}
    entry = {**period, "first_day": day.isoformat(), "last_day": (day + timedelta(days=1)).isoformat()}
    declared = business.draft(proposal({"edit": "put", "entry": entry}, artifact="workflow/standard", kind="workflow"))
    with business.database.writing() as session:
        now = business.database.now(session)
        artifacts.publish(session, business.content(declared).parts[0], declared, "test", now)

    assert stages(business, business.awaiting()) == asked
