"""How the people of the story come to agree on a change of tier 3: refusals, timers, a delegation, an edit, a board.

Each sentence tells what the HTTP API answered to the person whom it names.
"""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from cli.cast import (
    BOARD,
    DEPUTY,
    DIRECTOR,
    FINANCE,
    OPERATOR,
    PRICING,
    REQUESTER,
    RISK_OWNER,
    SECOND_ACCOUNT,
    SECRETARY,
)
from cli.present import group_names, moment, say, words
from cli.teller import Teller
from domain.errors import Conflict

AWAY = timedelta(days=20)


def refuse_the_requester(teller: Teller, change: str) -> None:
    """Nobody approves their own change, through no account of theirs (R-7.3)."""
    teller.scene("She would approve it herself")
    say(f"   As {REQUESTER} she is refused: {teller.refused(REQUESTER, change)}")
    say(f"   As {SECOND_ACCOUNT}, her second account, too: {teller.refused(SECOND_ACCOUNT, change)}")
    say("   She works in pricing, which owns the price; but two accounts are one person. Both attempts are recorded.")


def wait_for_people(teller: Teller, change: str) -> None:
    """Nobody decides: time reminds, then brings a director in."""
    teller.scene("Nobody decides, and time acts")
    while True:
        timer = teller.view(change)["timers"][0]
        if timer["what"] == "expiry":
            raise Conflict("story_broken", f"{change} would expire without an escalation.")
        teller.travel_to(timer["at"])
        teller.until(change, timer["what"], partial(_has_fired, timer))
        if timer["what"] == "escalation":
            break
        say(f"   {moment(timer['at'])}: the {group_names(['pricing'])} group is reminded.")
    waiting = [item["change"]["id"] for item in teller.api(DIRECTOR).pages("/api/me/inbox", 1000) if item["change"]]
    if change not in waiting:
        raise Conflict("story_broken", f"The escalation of {change} did not reach the director.")
    say(f"   {moment(timer['at'])}: escalated. {teller.who(DIRECTOR)} finds it in her inbox and could decide now too.")


def lend_the_right(teller: Teller) -> None:
    """Pricing is away and lends her right; for tier 3 that is a request of its own (R-7.4, R-7.11)."""
    api, who = teller.api(PRICING), teller.who(PRICING)
    teller.scene(f"{who} is on leave and lends her right to {teller.who(DEPUTY)}")
    _end_delegations(teller)
    asked = {
        "delegate": DEPUTY,
        "groups": ["pricing"],
        "kinds": ["pricing"],
        "max_tier": 3,
        "until_at": (teller.now() + AWAY).isoformat(),
        "reason": "On leave.",
    }
    given = api.post("/api/delegations", asked)
    say(f"   {given['delegation']}: only for pricing, up to tier 3, for {AWAY.days} days.")
    say(f"   That is more than the policy allows by itself: {given['request']} asks revenue operations.")
    teller.decide(OPERATOR, given["request"], "She is back before it ends.")
    say(f"   {teller.who(OPERATOR)} agrees; the delegation is in force. What was lent cannot be lent on.")


def approve(teller: Teller, change: str) -> None:
    """A deputy and finance agree, each bound to exactly what was shown."""
    teller.scene("Two people agree, each to exactly what they were shown")
    _approve(teller, change, DEPUTY, "Costs rose; the price follows.")
    _approve(teller, change, FINANCE, "Margin is kept.")


def edit(teller: Teller, change: str, later: dict[str, Any]) -> None:
    """The date moves: one approval falls, the other stands, and both say why (R-4.4). later: what is proposed now."""
    teller.scene(f"{teller.who(REQUESTER)} moves the date to {later['effective']['date']}")
    version = teller.view(change)["summary"]["version"]
    teller.api(REQUESTER).put(f"/api/changes/{change}", later, version)
    view = teller.until_asked(change, DEPUTY)
    say(f"   {change} is now revision {view['summary']['revision']}; it was assessed and simulated again.")
    say(*(f"   {line}" for line in _standing(view)))
    _approve(teller, change, DEPUTY, "The later date is fine.")


def meet(teller: Teller, change: str) -> None:
    """The governance board: an agenda, what remains, votes with their quorum, minutes (R-3.4, R-4.8)."""
    teller.scene("The governance board meets")
    secretary = teller.api(SECRETARY)
    meets_at = (teller.now() + timedelta(days=1)).isoformat()
    secretary.post(f"/api/changes/{change}/agenda", {"text": "A rise of 30 percent.", "meets_at": meets_at})
    say(f"   {teller.who(SECRETARY)} puts {change} on the agenda for {moment(meets_at)}.")
    revision = teller.view(change)["summary"]["revision"]
    statement = "Some customers may leave for another provider."
    teller.api(RISK_OWNER).post(f"/api/changes/{change}/residual-risk", {"statement": statement, "revision": revision})
    say(f'   {teller.who(RISK_OWNER)} accepts by name what remains: "{statement}"')
    teller.travel_to(meets_at)
    for member in BOARD:
        _approve(teller, change, member, "Agreed.")
    present = [*BOARD, SECRETARY]
    secretary.post(f"/api/changes/{change}/minutes", {"text": "Agreed without a vote against.", "present": present})
    say(f"   Minutes are kept: {len(present)} members were there, the quorum is {len(BOARD)}.")


def come_back(teller: Teller) -> None:
    """Who lent her right ends that; it acts at once."""
    _end_delegations(teller)
    say(f"   {teller.who(PRICING)} is back and ends her delegation.")


def _approve(teller: Teller, change: str, account: str, comment: str) -> None:
    teller.until_asked(change, account)
    receipt = teller.decide(account, change, comment)
    lender = f" for {teller.who(receipt['represents'])}" if receipt["represents"] else ""
    say(f'   {teller.who(account)}{lender} approves in the stage {receipt["stage"]}: "{comment}"')


def _standing(view: Any) -> Iterator[str]:
    """What became of each decision, by the reason that the gate gives."""
    for decision in view["decisions"]:
        outcome = "still stands" if decision["counts"] else "no longer counts"
        yield f"{decision['name']}'s approval {outcome}: {words(decision['reason'])}."


def _end_delegations(teller: Teller) -> None:
    api = teller.api(PRICING)
    for found in api.get("/api/delegations"):
        if found["delegator"] == PRICING and found["standing"] in ("in force", "proposed"):
            api.post(f"/api/delegations/{found['id']}/revoke")


def _has_fired(timer: Any, view: Any) -> bool:
    return (timer["what"], timer["level"]) not in {(ahead["what"], ahead["level"]) for ahead in view["timers"]}
