"""Around a change: splitting lowers nothing, collisions are told to both sides, releases queue (R-3.3, R-4.5)."""

from datetime import timedelta
from typing import Any

from sqlalchemy import event

from analysis.assessment import sources
from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change, withdraw_change
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from domain.approval import Choice
from domain.risk import RiskScore
from queries.changes import change_view
from queries.collisions import collisions_of, release_queue
from queries.dry_run import DryRun, dry_run
from queries.notices import NoticeView, notices
from store import changes
from tests.builders import DIRECTOR, FINANCE, PRICES, PRICING, REQUESTER, Business, as_actor, proposal, set_price

COLLEAGUE = "tom.okafor"


def tier(business: Business, change: str) -> int | None:
    return business.at(change).tier


def risk(business: Business, change: str) -> dict[str, int]:
    with business.database.reading() as session:
        row = changes.change(session, change)
        found = changes.evidence_model(changes.evidence(session, change, row.revision, changes.RISK), RiskScore)
    assert found is not None
    return {score.dimension: score.score for score in found.scores}


def told(business: Business, account: str) -> list[NoticeView]:
    with business.database.reading() as session:
        return list(notices(session, as_actor(business.gateway, account), None, 100).items)


def rise(percent: int, **more: Any) -> dict[str, Any]:
    """FIBRE-500 in DE, direct, is 41.90."""
    return set_price(unit_price=f"{41.90 * (100 + percent) / 100:.2f}", **more)


def test_one_rise_above_the_limit_is_tier_three_and_a_small_one_is_not(business: Business) -> None:
    assert tier(business, business.awaiting(proposal(rise(10)))) == 2
    assert tier(business, business.awaiting(proposal(rise(26, channel="partner")))) == 3


def test_a_rise_split_over_open_changes_is_summed_whoever_asks(business: Business) -> None:
    first = business.draft(proposal(rise(10)))
    second = business.draft(proposal(rise(20)), by=COLLEAGUE)
    business.submit(first)
    business.walk(first)
    assert tier(business, first) == 2

    business.released_of(first)
    third = business.awaiting(proposal(rise(30)), by=COLLEAGUE)
    assert tier(business, third) == 3
    with business.database.reading() as session:
        assert "recent and open changes" in change_view(session, third, business.database.now(session)).plan.reasons[0]  # type: ignore[union-attr]
    assert second


def test_a_completed_rise_counts_for_a_month(business: Business) -> None:
    first = business.released(proposal(rise(20)))
    business.travel(2 * 86_400)
    assert business.walk(first).state == "completed"

    assert tier(business, business.awaiting(proposal(rise(30)))) == 3
    business.travel(31 * 86_400)
    assert tier(business, business.awaiting(proposal(rise(31)), by=COLLEAGUE)) == 2


def test_what_came_to_nothing_does_not_count(business: Business) -> None:
    first = business.awaiting(proposal(rise(20)))
    withdraw_change(business.gateway, business.call(REQUESTER), first, "not now", None)

    assert tier(business, business.awaiting(proposal(rise(24)))) == 2


def test_the_requester_raises_a_tier_and_never_lowers_it(business: Business) -> None:
    change = business.awaiting(proposal(least_tier=3))
    assert tier(business, change) == 3

    revise_change(business.gateway, business.call(REQUESTER), change, proposal(least_tier=0), None)
    business.walk(change)
    assert tier(business, change) == 3
    assert tier(business, business.awaiting(proposal(set_price(channel="partner"), least_tier=0))) == 2
    assert tier(business, business.awaiting(proposal(rise(60, market="CH", currency="CHF"), least_tier=1))) == 3


def test_both_sides_of_a_collision_are_told(business: Business) -> None:
    first = business.awaiting(proposal(rise(3)))
    second = business.awaiting(proposal(rise(4)), by=COLLEAGUE)

    with business.database.reading() as session:
        now = business.database.now(session)
        assert [other.change for other in collisions_of(session, first, now)] == [second]
        assert [other.change for other in collisions_of(session, second, now)] == [first]
        assert change_view(session, first, now).collisions[0].subjects == (
            "entry:pricing/standard/price/FIBRE-500/monthly/DE/direct/EUR",
            "offering:FIBRE-500",
        )
    assert [n.subject for n in told(business, REQUESTER) if n.code == "collision"] == [first]
    assert [n.subject for n in told(business, COLLEAGUE) if n.code == "collision"] == [second]
    assert {n.subject for n in told(business, PRICING) if n.code == "collision"} == {first, second}
    assert business.timeline(second)[-2].details["collides_with"] == [first]
    assert risk(business, second)["operational"] == risk(business, first)["operational"] + 1


def test_changes_of_other_things_do_not_collide(business: Business) -> None:
    business.awaiting(proposal(rise(3)))
    other = business.awaiting(proposal(set_price(offering="TV-PLUS", unit_price="16.90")))
    with business.database.reading() as session:
        assert collisions_of(session, other, business.database.now(session)) == ()


def test_a_change_that_is_over_collides_with_nothing(business: Business) -> None:
    first, second = business.awaiting(proposal(rise(3))), business.awaiting(proposal(rise(4)))
    business.decide(first, PRICING, Choice.REJECT)
    with business.database.reading() as session:
        now = business.database.now(session)
        assert collisions_of(session, first, now) == collisions_of(session, second, now) == ()


def test_changes_of_one_artifact_release_in_a_queue(business: Business) -> None:
    waiting = business.awaiting(proposal(rise(3)))
    ready = business.approved(proposal(set_price(channel="partner", unit_price="41.90")))
    with business.database.reading() as session:
        queue = release_queue(session, PRICES)

    assert [(place.position, place.change, place.waits_for) for place in queue] == [
        (1, ready, ()),
        (2, waiting, (ready,)),
    ]


def test_those_who_are_informed_are_told(business: Business) -> None:
    change = business.awaiting()

    assert [(n.subject, n.party_group) for n in told(business, "leon.brandt")] == [(change, "legal")]
    assert told(business, FINANCE) == [], "finance is asked, not told"
    assert told(business, DIRECTOR) == []


def test_failed_changes_of_the_kind_and_owner_raise_the_risk(business: Business) -> None:
    before = risk(business, business.awaiting(proposal(set_price(channel="partner", unit_price="40.50"))))
    business.rolled_back(business.released())
    after = risk(business, business.awaiting(proposal(set_price(offering="TV-PLUS", unit_price="16.90"))))

    assert after["operational"] == before["operational"] + 1


def tried(business: Business) -> DryRun:
    with business.database.reading() as session:
        actor, now = as_actor(business.gateway, COLLEAGUE), business.database.now(session)
        return dry_run(sources(session, business.files, now, None), actor, proposal(rise(25)))


def test_a_dry_run_shows_risk_owner_and_collisions(business: Business) -> None:
    first = business.awaiting(proposal(rise(3)))
    found = tried(business)

    assert len(found.risk.scores) == 12
    assert found.ownership.accountable == "pricing"
    assert [other.change for other in found.collisions] == [first]


def test_a_dry_run_suggests_the_first_slot_that_no_freeze_holds(business: Business) -> None:
    expected = tried(business).forecast
    assert [slot.market for slot in expected.slots] == ["DE"]
    decided = expected.decided_at
    assert expected.slots[0].at == decided
    window = Freeze(
        market="DE", reason="Quarter close", from_at=decided - timedelta(days=1), until_at=decided + timedelta(days=3)
    )
    declare_freeze(business.gateway, business.call(FINANCE), window.model_copy(update={"market": "GB"}))
    declare_freeze(business.gateway, business.call(FINANCE), window.model_copy(update={"kind": "catalog"}))
    freeze = declare_freeze(business.gateway, business.call(FINANCE), window)

    (slot,) = tried(business).forecast.slots
    assert (slot.at, slot.after) == (window.until_at, (freeze,))

    all_changes = ExceptionRequest(change="*", until_at=window.until_at - timedelta(days=1), reason="It closed early.")
    request = ask_freeze_exception(business.gateway, business.call(REQUESTER), freeze, all_changes).request
    business.decide(request, FINANCE)
    business.decide(request, DIRECTOR)

    (slot,) = tried(business).forecast.slots
    assert slot.after == () and slot.at < window.until_at


def statements(business: Business, change: str) -> int:
    """How many statements it takes to read a change."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(business.database.reader, "before_cursor_execute", note)
    with business.database.reading() as session:
        change_view(session, change, business.database.now(session))
    event.remove(business.database.reader, "before_cursor_execute", note)
    return len(asked)


def test_reading_a_change_asks_as_much_however_many_wait_before_it(business: Business) -> None:
    first = business.awaiting(proposal(rise(1)))
    business.awaiting(proposal(rise(1, channel="partner")))
    statements(business, first)
    alone = statements(business, first)
    for percent in (2, 3, 4):
        business.awaiting(proposal(rise(percent, channel="partner")))
    assert statements(business, first) == alone
