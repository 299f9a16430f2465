"""Who tells the story of the demo: the people signed in over HTTP, business time, and waiting for a change to move."""

import math
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from cli.client import Api, acting
from cli.present import instant, moment, say, words
from domain.errors import Conflict, Refused, Unavailable
from domain.money import amount
from store.example_business import ExampleBusiness

PATIENCE = 60.0
PAUSE = 0.05


class Teller:
    """The installation as each person sees it; `account` names are those of the example business."""

    def __init__(self, url: str, business: ExampleBusiness, operator: str) -> None:
        self.business = business
        self.operator = operator
        self._url = url
        self._signed_in: dict[str, Api] = {}
        self._scenes = 0

    def api(self, account: str) -> Api:
        """The API as this person."""
        if account not in self._signed_in:
            self._signed_in[account] = acting(self._url, account)
        return self._signed_in[account]

    def close(self) -> None:
        """Give all connections back."""
        for api in self._signed_in.values():
            api.close()

    def who(self, account: str) -> str:
        """`Mara Lindqvist (Sales Operations)`."""
        person = next(p for p in self.business.persons if account in p.accounts)
        groups = {group.id: group.name for group in self.business.groups}
        return f"{person.name} ({groups[person.groups[0]]})"

    def market(self, code: str) -> str:
        """The name of a market."""
        return next(m.name for m in self.business.markets if m.code == code)

    def zone(self, market: str) -> str:
        """The time zone of a market."""
        return next(m.time_zone for m in self.business.markets if m.code == market)

    def scene(self, title: str) -> None:
        """Begin the next part of the story."""
        self._scenes += 1
        say("", f"{self._scenes}. {title}  [{moment(self.now())}]")

    def now(self) -> datetime:
        """Business time."""
        return instant(self.api(self.operator).get("/api/clock")["now"])

    def travel_to(self, goal: datetime | str) -> None:
        """Let business time pass until just after an instant, as the operator."""
        seconds = math.ceil((instant(goal) - self.now()).total_seconds()) + 1
        if seconds > 0:
            self.api(self.operator).post("/api/development/travel", {"seconds": seconds})

    def view(self, change: str) -> Any:
        """Everything about a change."""
        return self.api(self.operator).get(f"/api/changes/{change}")

    def until(self, change: str, what: str, reached: Callable[[Any], bool]) -> Any:
        """The change as soon as `reached` holds. Raises Unavailable("story_stuck") naming what it waits for."""
        limit = time.monotonic() + PATIENCE
        while not reached(view := self.view(change)):
            if time.monotonic() > limit:
                cases = "; ".join(case["message"] for case in view["cases"] if case["closed_at"] is None)
                where = f"is {words(view['summary']['state'])} and waits for {view['lifecycle']['waiting_for'] or '-'}"
                raise Unavailable("story_stuck", f"{change} does not get to: {what}. It {where}. {cases}".strip())
            time.sleep(PAUSE)
        return view

    def until_state(self, change: str, *states: str) -> Any:
        """The change as soon as it is in one of these states."""
        return self.until(change, " or ".join(map(words, states)), lambda view: view["summary"]["state"] in states)

    def until_asked(self, change: str, account: str) -> Any:
        """The change as soon as this person can decide on it, in their own right or for somebody."""
        return self.until(change, f"{account} is asked", partial(_may_fill, account))

    def decide(self, account: str, change: str, comment: str = "") -> Any:
        """Approve a change or a request as this person, bound to the evidence of now. Raises Refused by the rules."""
        path = "requests" if change.startswith("AR-") else "changes"
        view = self.api(account).get(f"/api/{path}/{change}")
        revision = view["summary"]["revision"]
        ballot = {"choice": "approve", "revision": revision, "seen": view["seen"], "comment": comment}
        if effect := view.get("effect"):
            ballot["total_effect"] = {code: str(amount(effect["delta"][code], code)) for code in effect["retype"]}
        return self.api(account).post(f"/api/approvals/{change}/decisions", ballot)

    def refused(self, account: str, change: str) -> str:
        """Let somebody try to approve who may not, and return why not. Raises Conflict("story_broken") if it works."""
        try:
            self.decide(account, change)
        except Refused as refusal:
            return refusal.detail
        raise Conflict("story_broken", f"{change} was approved by {account}, who may not.")


def _may_fill(account: str, view: Any) -> bool:
    stage = next((stage for stage in view["standing"]["stages"] if not stage["complete"]), None)
    return (
        view["summary"]["state"] == "awaiting_approval"
        and stage is not None
        and any(account in (*slot["candidates"], *slot["deputies"]) for slot in stage["slots"])
    )
