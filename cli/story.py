"""The story of the demo: a price change of tier 3 from the idea to its end, and a second one that is taken back."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from cli.cast import FINANCE, PRICING, REQUESTER, SELLER
from cli.present import counted, instant, moment, price, say, totals
from cli.price_choice import JUMP, STEP, Choice, choose
from cli.story_people import approve, come_back, edit, lend_the_right, meet, refuse_the_requester, wait_for_people
from cli.teller import Teller
from domain.artifact import EVERYWHERE

DAYS_AHEAD = 10
MONITORING_DAYS = 2
SAID = {"pass": "pass", "inconclusive": "cannot be judged", "fail": "fail"}


@dataclass(frozen=True)
class Place:
    """Where one price of a choice is asked for, and what it is before and after the change."""

    market: str
    channel: str
    currency: str
    old: Decimal
    new: Decimal


def play(teller: Teller) -> tuple[str, ...]:
    """Play the next price change to its end and take another one back; returns both change ids."""
    api = teller.api(REQUESTER)
    currencies = frozenset(market.currency for market in teller.business.markets)
    number = len(api.pages("/api/changes", 100_000, kind="pricing"))
    first = choose(api, currencies, number, JUMP)
    change = propose(teller, first)
    refuse_the_requester(teller, change)
    wait_for_people(teller, change)
    lend_the_right(teller)
    approve(teller, change)
    edit(teller, change, first.proposal(_day(teller, DAYS_AHEAD), MONITORING_DAYS))
    meet(teller, change)
    release(teller, change, first)
    complete(teller, change)
    return change, take_back(teller, choose(teller.api(SELLER), currencies, number + 1, STEP))


def propose(teller: Teller, choice: Choice) -> str:
    """Try it out and hand it in."""
    api, who = teller.api(REQUESTER), teller.who(REQUESTER)
    proposal = choice.proposal(_day(teller, DAYS_AHEAD), MONITORING_DAYS)
    rise = f"about {choice.percent} percent dearer"
    teller.scene(f"{who} asks what would happen: {choice.name}, {choice.selling_model}, {rise}")
    tried = api.post("/api/changes/dry-run", proposal)
    say(*(f"   {line}" for line in _offer(teller, choice)))
    say(f"   Dry run: tier {tried['tier']} ({', '.join(tried['reasons'])}).", f"   {_asked(tried['plan'])}")
    say(*(f"   {line}" for line in _money(tried)), "   Nothing is recorded but that she asked.")
    teller.scene(f"{who} hands it in; every step from here on is a durable workflow")
    change = str(api.post("/api/changes", proposal)["change"])
    api.post(f"/api/changes/{change}/submit")
    view = teller.until_state(change, "awaiting_approval")
    say(f"   {change} is assessed and simulated.", *(f"   {line}" for line in _money(view)))
    say(f"   Checks of the simulation: {_outcomes(view['simulation']['checks'])}.")
    return change


def release(teller: Teller, change: str, choice: Choice) -> None:
    """The date comes, market by market, each at its own midnight."""
    view = teller.until_state(change, "scheduled")
    teller.scene("Approved and scheduled; until the date nothing is different")
    places = _places(teller, choice)
    for due in view["releases"]:
        zone = teller.zone(due["market"])
        now_costs = _costs(teller, choice, places[due["market"]]) if due["market"] in places else "not sold"
        say(f"   {teller.market(due['market'])}: {now_costs} until {moment(due['due_at'], zone)}")
    for due_at in sorted({due["due_at"] for due in view["releases"]}, key=instant):
        teller.travel_to(due_at)
        teller.until(change, f"live at {due_at}", partial(_all_live, due_at))
        teller.scene("Midnight comes to " + _markets(teller, view, due_at))
        say(*(f"   {line}" for line in _prices_now(teller, change, choice, places)))


def complete(teller: Teller, change: str) -> None:
    """The target systems hold it, the watch ends, the change is over."""
    view = teller.until_state(change, "monitoring")
    teller.scene("Live everywhere; Mandate watches it")
    for target in sorted({delivery["target"] for delivery in view["deliveries"]}):
        held = [d for d in view["deliveries"] if d["target"] == target and d["state"] == "confirmed"]
        markets = ", ".join(sorted({teller.market(d["market"]) for d in held}))
        say(f"   The {target.replace('-', ' ')} was asked back and holds version {held[-1]['version']} in {markets}.")
    teller.travel_to(view["lifecycle"]["due_at"])
    view = teller.until_state(change, "completed")
    say(f"   {moment(teller.now())}: the watch of {MONITORING_DAYS} days is over; {change} is completed.")
    come_back(teller)


def take_back(teller: Teller, choice: Choice) -> str:
    """A second change goes live at once and is taken back."""
    api = teller.api(SELLER)
    what = f"{choice.name}, {choice.selling_model}"
    teller.scene(f"{teller.who(SELLER)} asks for a second change, at once: {what}. It is a mistake")
    change = str(api.post("/api/changes", choice.proposal(None, MONITORING_DAYS))["change"])
    api.post(f"/api/changes/{change}/submit")
    for account in (PRICING, FINANCE):
        teller.until_asked(change, account)
        teller.decide(account, change)
    teller.until_state(change, "monitoring")
    place = next(iter(_places(teller, choice).values()))
    where = teller.market(place.market)
    say(f"   {change} is live after two approvals; in {where} it costs {_costs(teller, choice, place)}.")
    reason = {"reason": "Announced to partners for next month only."}
    teller.api(PRICING).post(f"/api/changes/{change}/rollback", reason)
    teller.until_state(change, "rolled_back")
    say(f"   {teller.who(PRICING)} takes it back; in {where} it costs {_costs(teller, choice, place)} again.")
    return change


def _day(teller: Teller, ahead: int) -> str:
    """A local date, so many days from today's business time."""
    return (teller.now() + timedelta(days=ahead)).date().isoformat()


def _asked(plan: Any) -> str:
    """The stages of a plan in a sentence, with how many signatures each needs."""
    return " Then ".join(f"{stage['title']} ({counted(len(stage['slots']), 'signature')})." for stage in plan["stages"])


def _offer(teller: Teller, choice: Choice) -> Iterator[str]:
    for entry in choice.entries:
        market = "every market" if entry["market"] == EVERYWHERE else teller.market(entry["market"])
        channel = "every channel" if entry["channel"] == EVERYWHERE else entry["channel"]
        new = choice.raised(entry)
        old, currency = entry["old"], entry["currency"]
        yield f"{f'{market}, {channel}':<28}{price(old, currency):>16} → {price(new, currency):>16}"


def _money(found: Any) -> Iterator[str]:
    """Of a dry run or a change: whom it moves, what that is worth, and what they would pay more."""
    impact, delta = found["impact"], found["simulation"]["delta"]
    yield f"It moves {counted(impact['quotes'], 'open quote')} worth {totals(impact['value'])},"
    yield f"which would change by {totals(delta, signed=True)} in all."


def _outcomes(checks: Any) -> str:
    """`4 pass, 1 cannot be judged`."""
    count = Counter(check["outcome"] for check in checks)
    return ", ".join(f"{number} {SAID[outcome]}" for outcome, number in sorted(count.items(), reverse=True))


def _all_live(due_at: str, view: Any) -> bool:
    return all(r["activated_at"] for r in view["releases"] if instant(r["due_at"]) <= instant(due_at))


def _markets(teller: Teller, view: Any, due_at: str) -> str:
    return " and ".join(teller.market(r["market"]) for r in view["releases"] if r["due_at"] == due_at)


def _places(teller: Teller, choice: Choice) -> dict[str, Place]:
    """One place for each market in which the choice is sold."""
    found: dict[str, Place] = {}
    channel = teller.business.channels[0].code
    for market in teller.business.markets:
        for entry in choice.entries:
            if entry["market"] in (market.code, EVERYWHERE) and entry["currency"] == market.currency:
                through = channel if entry["channel"] == EVERYWHERE else entry["channel"]
                new = choice.raised(entry)
                found.setdefault(market.code, Place(market.code, through, market.currency, entry["old"], new))
    return found


def _costs(teller: Teller, choice: Choice, place: Place) -> str:
    query = {"market": place.market, "channel": place.channel, "currency": place.currency}
    offering = {"offering": choice.offering, "selling_model": choice.selling_model}
    answer = teller.api(REQUESTER).get("/api/prices", **offering, **query)
    return price(answer["unit_price"], place.currency)


def _prices_now(teller: Teller, change: str, choice: Choice, places: dict[str, Place]) -> Iterator[str]:
    for live in teller.view(change)["releases"]:
        place = places.get(live["market"])
        costs = _costs(teller, choice, place) if place else "not sold"
        zone = teller.zone(live["market"])
        since = f"since {moment(live['activated_at'], zone)}" if live["activated_at"] else "still, the old price"
        yield f"{teller.market(live['market'])}: {costs} {since}"
