"""Who tells the story of the demo: the people signed in over HTTP, business time, and waiting for a change to move."""

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

from cli.client import Api, acting
from cli.present import instant, moment, say, words
from domain.errors import Unavailable
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

    def decide(self, account: str, change: str, comment: str = "") -> Any:
        """Approve as this person, bound to the evidence of now. Raises Refused when the rules do not allow it."""
        view = self.api(account).get(f"/api/changes/{change}")
        revision = view["summary"]["revision"]
        ballot = {"choice": "approve", "revision": revision, "seen": view["seen"], "comment": comment}
        return self.api(account).post(f"/api/changes/{change}/decisions", ballot)
