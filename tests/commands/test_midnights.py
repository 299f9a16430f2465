"""Between the local midnights of two markets: what a version carries is live nowhere before its instant (R-11.7, ADR 0004)."""

from typing import Any

import pytest

from commands.installation import set_membership
from commands.rollbacks import give_up_rollback, restore_change, roll_back_change
from domain.approval import Choice
from domain.errors import Conflict, Refused
from store import artifacts, changes
from tests.builders import (
    ADMINISTRATOR,
    FINANCE,
    PRICES,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    Business,
    everything,
    proposal,
    set_price,
)

OLD = {"FIBRE-250": 30_900_000, "FIBRE-500": 36_900_000}
"""The list prices in GBP before any change."""
NEW = {"FIBRE-250": ("37.90", "33.90"), "FIBRE-500": ("44.90", "40.90")}
AT_MIDNIGHT = {"effective": {"date": "2027-06-01"}}


def of(offering: str, **fields: Any) -> Any:
    """A change of the prices of an offering in DE and GB; the midnight of GB is an hour after that of DE."""
    germany, britain = NEW[offering]
    edits = set_price(germany, offering), set_price(britain, offering, market="GB", currency="GBP")
    return proposal(*edits, title=f"Prices of {offering}", **fields)


def until_midnight(business: Business, change: str, market: str, early: int = 0) -> None:
    with business.database.reading() as session:
        due = {plan.market: plan.due_at for plan in changes.planned(session, change, 1)}
    business.travel(int((due[market] - business.at(change).now).total_seconds()) + 1 - early)


def live(business: Business, offering: str, market: str = "GB", currency: str = "GBP") -> int:
    """What an offering costs now where it is asked, in millionths."""
    with business.database.reading() as session:
        found = artifacts.live(session, PRICES, market, "direct", business.database.now(session))
        assert found is not None
        entries = artifacts.content(session, PRICES, found.version)
        return int(entries[f"price/{offering}/monthly/{market}/direct/{currency}"]["unit_price_micros"])


def take_back(business: Business, change: str) -> None:
    roll_back_change(business.gateway, business.call(REQUESTER), change, "wrong price", None)


def woken(business: Business, change: str, by: str) -> bool:
    return any(f"{by} went on" in row and change in row for row in everything(business.database)["outbox"])


def half_live(business: Business, *changed: str) -> None:
    """At the midnight of DE, each is published and live there, in this order; in GB it is an hour before."""
    until_midnight(business, changed[0], "DE")
    for change in changed:
        assert business.walk(change).state == "releasing"
    assert (live(business, "FIBRE-250"), live(business, "FIBRE-500")) == (OLD["FIBRE-250"], OLD["FIBRE-500"])


@pytest.mark.parametrize("reverse", [False, True], ids=["in order", "the later one first"])
def test_two_changes_for_the_same_midnights_are_both_live_after_them(business: Business, reverse: bool) -> None:
    """The one that published later carries the other and waits for it; the other does not carry it and goes first."""
    first, second = (
        business.scheduled(of("FIBRE-250", **AT_MIDNIGHT)),
        business.scheduled(of("FIBRE-500", **AT_MIDNIGHT)),
    )
    published = (second, first) if reverse else (first, second)
    half_live(business, *published)
    until_midnight(business, first, "GB")

    assert business.release(published[1]).blocks == (f"waits_for:{published[0]}",)
    assert business.release(published[0]).activated == ("GB",)
    assert woken(business, published[1], by=published[0])
    assert business.release(published[1]).activated == ("GB",)
    assert (live(business, "FIBRE-250"), live(business, "FIBRE-500")) == (33_900_000, 40_900_000)


def test_taking_back_makes_no_other_change_live_before_its_instant(business: Business) -> None:
    """The other published later and waits for GB: what is published now carries it, and would stand above it there."""
    other = business.scheduled(of("FIBRE-250", **AT_MIDNIGHT))
    until_midnight(business, other, "DE", early=3600)
    change = business.released(of("FIBRE-500"))
    business.travel(3600)
    assert business.walk(other).state == "releasing"

    take_back(business, change)

    assert business.walk(change).blocks == (f"waits_for:{other}",)
    assert live(business, "FIBRE-250") == OLD["FIBRE-250"]
    until_midnight(business, other, "GB")
    assert business.walk(other).state == "monitoring"
    assert woken(business, change, by=other)
    assert business.walk(change).state == "rolled_back"
    assert (live(business, "FIBRE-250"), live(business, "FIBRE-500")) == (33_900_000, OLD["FIBRE-500"])


def test_a_change_that_carries_one_taken_back_is_live_without_it(business: Business) -> None:
    """It published before the other was taken back in DE; in GB, where the other never was, it comes without it."""
    change, later = (
        business.scheduled(of("FIBRE-500", **AT_MIDNIGHT)),
        business.scheduled(of("FIBRE-250", **AT_MIDNIGHT)),
    )
    half_live(business, change, later)
    take_back(business, change)
    until_midnight(business, later, "GB")

    assert business.release(later).blocks == (f"waits_for:{change}",)
    assert business.walk(change).state == "rolled_back"
    assert woken(business, later, by=change)
    assert business.release(later, ["runtime"]).activated == ("GB",)
    assert (live(business, "FIBRE-250"), live(business, "FIBRE-500")) == (33_900_000, OLD["FIBRE-500"])
    assert business.timeline(later)[-1].details["instead"] == {"GB": {PRICES: 4}}
    assert [row[:5] for row in everything(business.database)["delivery"]] == [(later, "runtime", PRICES, 4, "GB")]


def test_a_change_that_was_not_published_waits_until_what_it_would_carry_is_taken_back(business: Business) -> None:
    change, later = business.scheduled(of("FIBRE-500", **AT_MIDNIGHT)), business.scheduled(of("FIBRE-250"))
    half_live(business, change)
    take_back(business, change)
    business.confirm(later)

    assert business.release(later).blocks == (f"waits_for:{change}",)
    restore_change(business.gateway, business.system(), change, 1, ())
    business.confirm(later)

    assert woken(business, later, by=change)
    assert set(business.release(later).activated) == {"DE", "GB"}
    assert (live(business, "FIBRE-250"), live(business, "FIBRE-500")) == (33_900_000, OLD["FIBRE-500"])


def test_who_waits_for_a_change_is_woken_when_its_rollback_is_given_up(business: Business) -> None:
    change, later = business.scheduled(of("FIBRE-500", **AT_MIDNIGHT)), business.scheduled(of("FIBRE-250"))
    half_live(business, change)
    business.released(proposal(set_price("45.90")))
    take_back(business, change)
    assert business.walk(change).blocks == (f"moved:{PRICES}:price/FIBRE-500/monthly/DE/direct/EUR",)
    business.confirm(later)
    assert business.release(later).blocks == (f"waits_for:{change}",)

    give_up_rollback(business.gateway, business.call(REQUESTER), change, "Corrected by a new change.", None)

    assert woken(business, later, by=change)


def test_no_version_becomes_live_above_a_later_one(business: Business) -> None:
    change = business.released()
    with business.gateway.database.writing() as session, pytest.raises(Refused) as caught:
        artifacts.activate(session, PRICES, 1, "DE", change, None, business.database.now(session))

    assert caught.value.code == "lower_version"


def left_between(business: Business) -> str:
    """A change that is live in DE, of which one who approved it is no approver any more at the midnight of GB."""
    change = business.scheduled(of("FIBRE-500", **AT_MIDNIGHT))
    half_live(business, change)
    set_membership(business.gateway, business.call(ADMINISTRATOR), FINANCE, "finance", False)
    until_midnight(business, change, "GB")
    assert business.walk(change).blocks == ("approval:waiting",)
    return change


def test_who_left_between_two_markets_is_replaced_and_the_other_market_follows(business: Business) -> None:
    """The gate asks anew at each effect (R-7.6); the place that became empty is filled, and only by who may."""
    change = left_between(business)
    for account, code in ((FINANCE, "not_eligible"), (PRICING, "already_decided"), (REQUESTER, "excluded")):
        with pytest.raises(Refused) as caught:
            business.decide(change, account)
        assert caught.value.code == code

    assert business.decide(change, SECOND_FINANCE).change.state == "releasing"

    assert business.walk(change).state == "monitoring"
    assert live(business, "FIBRE-500") == 40_900_000
    assert business.cases(change) == []


@pytest.mark.parametrize("choice", [Choice.REJECT, Choice.REQUEST_CHANGES])
def test_who_replaces_somebody_between_two_markets_can_say_no_and_it_is_taken_back(
    business: Business, choice: Choice
) -> None:
    change = left_between(business)

    assert business.decide(change, SECOND_FINANCE, choice).change.state == "releasing"

    assert business.walk(change).blocks == ("approval:rejected",)
    assert live(business, "FIBRE-500") == OLD["FIBRE-500"]
    take_back(business, change)
    assert business.walk(change).state == "rolled_back"


def test_nobody_is_asked_between_two_markets_while_the_approval_holds_or_after_them(business: Business) -> None:
    change = business.scheduled(of("FIBRE-500", **AT_MIDNIGHT))
    half_live(business, change)
    with pytest.raises(Conflict) as held:
        business.decide(change, SECOND_FINANCE)
    until_midnight(business, change, "GB")
    assert business.release(change, ["runtime"]).activated == ("GB",)
    set_membership(business.gateway, business.call(ADMINISTRATOR), FINANCE, "finance", False)
    with pytest.raises(Conflict) as over:
        business.decide(change, SECOND_FINANCE)

    assert (held.value.code, over.value.code) == ("nothing_to_decide", "not_awaiting_approval")
    assert business.at(change).state == "releasing"
