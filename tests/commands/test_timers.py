"""Time reminds those who are missing and tells those whom it brings in; each wait has its own timers (R-7.5)."""

from commands.approvals import recall_decision
from queries.changes import change_view
from queries.notices import notices
from tests.builders import DIRECTOR, FINANCE, PRICING, Business, as_actor


def next_timer(business: Business, change: str) -> tuple[str, int]:
    """Travel until a timer of a change is due, and let it fire."""
    with business.database.reading() as session:
        before = change_view(session, change, business.database.now(session))
    timer = before.timers[0]
    business.travel(int((timer.at - before.lifecycle.now).total_seconds()) + 1)
    business.walk(change)
    return timer.what, timer.level


def told(business: Business, account: str) -> list[str]:
    with business.database.reading() as session:
        return [notice.code for notice in notices(session, as_actor(business.gateway, account), None, 50).items]


def test_time_tells_whom_it_reminds_and_whom_it_brings_in(business: Business) -> None:
    business.seed(7, 300)
    change = business.awaiting()

    assert next_timer(business, change) == ("reminder", 1)
    assert "reminder" in told(business, PRICING)
    assert not {"reminder", "escalation"} & {*told(business, FINANCE), *told(business, DIRECTOR)}

    assert next_timer(business, change) == ("escalation", 1)
    assert told(business, DIRECTOR).count("escalation") == 1
    assert "escalation" not in told(business, PRICING)


def test_a_second_wait_reminds_and_escalates_again(business: Business) -> None:
    business.seed(7, 300)
    change = business.awaiting()
    first = [next_timer(business, change) for _ in range(2)]
    decision = business.decide(change, PRICING).decision
    business.decide(change, FINANCE)

    recall_decision(business.gateway, business.call(PRICING), change, decision)

    again = [next_timer(business, change) for _ in range(2)]
    assert again == first == [("reminder", 1), ("escalation", 1)]
    assert told(business, PRICING).count("reminder") == told(business, DIRECTOR).count("escalation") == 2
