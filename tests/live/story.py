"""What people do with a change in live tests: propose a price, submit, decide, wait; and what they then read."""

import itertools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx

from tests.live.platform import Platform
from tests.live.waiting import eventually

HOUR, DAY = 3600, 86_400
REQUESTER, OWNER, FINANCE, DIRECTOR = "mara.lindqvist", "ines.castellano", "helene.aubry", "olivia.hartmann"
CURRENCIES = {"DE": "EUR", "GB": "GBP", "CH": "CHF"}
CHANNELS = ("partner", "direct")
OFFERINGS = (
    *("FIBRE-100", "FIBRE-250", "FIBRE-500", "FIBRE-1000", "AIR-HOME", "HOME-PHONE", "TV-BASIC", "TV-PLUS"),
    *("SPORT-PACK", "MOBILE-S", "MOBILE-M", "MOBILE-L", "MOBILE-UNLIMITED", "DATA-SIM", "BUSINESS-FIBRE-500"),
    *("BUSINESS-FIBRE-1000", "LEASED-LINE-1G", "SITE-LINK", "STATIC-IP", "CLOUD-PHONE-SEAT", "TRUNK-CHANNEL"),
)
# Golden scenarios of the example stand on these, so a change of their price is sent back to be stated anew.
GOLDEN = {("SITE-LINK", "partner"), *((o, c) for o in ("CLOUD-PHONE-SEAT", "BUSINESS-FIBRE-500") for c in CHANNELS)}


class Story:
    """The people of the example business at work on one installation. Each new change gets an offering of its own."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self._offerings = itertools.cycle([(o, c) for c in CHANNELS for o in OFFERINGS if (o, c) not in GOLDEN])

    def fresh_offering(self) -> tuple[str, str]:
        """An offering and channel that no other change of this story has touched."""
        return next(self._offerings)

    def price(self, offering: str, market: str = "DE", channel: str = "partner", at: str | None = None) -> Decimal:
        """The live list price, now or at an instant."""
        query = {
            "offering": offering,
            "selling_model": "monthly",
            "market": market,
            "channel": channel,
            "currency": CURRENCIES[market],
            **({"at": at} if at else {}),
        }
        return Decimal(str(self.platform.read("/api/prices", **query)["unit_price"]))

    def proposal(
        self,
        offering: str,
        prices: Mapping[str, Decimal],
        channel: str = "partner",
        date: str | None = None,
        monitoring: int = 6 * HOUR,
        title: str = "A new list price",
    ) -> dict[str, Any]:
        """A proposal of one price a market; `date` is the local day of each market, None is as soon as approved."""
        edits = [
            {
                "edit": "set_price",
                "offering": offering,
                "selling_model": "monthly",
                "market": market,
                "channel": channel,
                "currency": CURRENCIES[market],
                "unit_price": str(price),
            }
            for market, price in prices.items()
        ]
        return {
            "kind": "pricing",
            "title": title,
            "objective": "Follow the cost of wholesale access.",
            "parts": [{"artifact": "pricing/standard", "edits": edits}],
            "effective": {"date": date} if date else {},
            "monitoring": {"seconds": monitoring, "requirement": "The runtime catalog still holds the price."},
        }

    def propose(self, proposal: Mapping[str, Any], account: str = REQUESTER) -> str:
        """Create a draft and hand it in."""
        created = self.platform.write(account, "/api/changes", proposal)
        change: str = _accepted(created)["change"]
        _accepted(self.platform.write(account, f"/api/changes/{change}/submit"))
        return change

    def propose_price(self, offering: str, market: str = "DE", rise: str = "1.00", **more: Any) -> str:
        """Propose that a price rises, and hand it in."""
        channel = more.get("channel", "partner")
        return self.propose(
            self.proposal(offering, {market: self.price(offering, market, channel) + Decimal(rise)}, **more)
        )

    def decide(self, change: str, account: str, choice: str = "approve", comment: str = "") -> httpx.Response:
        """Decide on what is shown now."""
        shown = self.view(change)
        body = {"choice": choice, "revision": shown["summary"]["revision"], "seen": shown["seen"], "comment": comment}
        return self.platform.write(account, f"/api/changes/{change}/decisions", body)

    def approve(self, change: str) -> None:
        """Owner and finance agree."""
        self.until(change, "awaiting_approval")
        for account in (OWNER, FINANCE):
            _accepted(self.decide(change, account))

    def withdraw(self, change: str) -> httpx.Response:
        return self.platform.write(REQUESTER, f"/api/changes/{change}/withdraw", {"reason": "not needed any more"})

    def roll_back(self, change: str) -> httpx.Response:
        return self.platform.write(OWNER, f"/api/changes/{change}/rollback", {"reason": "complaints"})

    def view(self, change: str) -> dict[str, Any]:
        """Everything about a change."""
        found: dict[str, Any] = self.platform.read(f"/api/changes/{change}")
        return found

    def state(self, change: str) -> str:
        return str(self.view(change)["summary"]["state"])

    def until(self, change: str, *states: str, seconds: float = 60.0) -> dict[str, Any]:
        """The change as soon as it is in one of these states."""
        return eventually(
            lambda: self.view(change),
            lambda found: found["summary"]["state"] in states,
            seconds,
            f"{change} in {' or '.join(states)}",
            lambda found: [found[part] for part in ("lifecycle", "cases", "releases", "deliveries", "standing")],
        )

    def until_seen(self, change: str, seconds: float = 60.0) -> dict[str, Any]:
        """The change as soon as its workflow has seen the latest facts and waits for time or people."""
        return eventually(
            lambda: self.view(change),
            lambda found: (
                found["lifecycle"]["seen_version"] == found["lifecycle"]["version"]
                and found["lifecycle"]["noted_deadline"] == found["lifecycle"]["due_at"]
                and found["lifecycle"]["action"] == "wait"
            ),
            seconds,
            f"{change} seen by its workflow",
        )

    def until_held(self, change: str, seconds: float = 60.0) -> dict[str, Any]:
        """The change as soon as a step of it could not be done and its workflow waits to try again."""
        return eventually(
            lambda: self.view(change),
            lambda found: (
                found["lifecycle"]["seen_version"] == found["lifecycle"]["version"]
                and (found["lifecycle"]["noted_deadline"] or "") > found["lifecycle"]["now"]
                and any(case["closed_at"] is None for case in found["cases"])
            ),
            seconds,
            f"{change} held with an open case",
        )

    def timeline(self, change: str) -> list[dict[str, Any]]:
        """The audit chain of a change."""
        found: list[dict[str, Any]] = self.platform.read(f"/api/changes/{change}/timeline")
        return found

    def actions(self, change: str) -> list[str]:
        """What happened to a change, in order."""
        return [entry["action"] for entry in self.timeline(change)]

    def scheduled(self, offering: str, date: str | None = None, **more: Any) -> str:
        """A price change that is approved and waits for its day."""
        change = self.propose_price(offering, date=date or self.day(2), **more)
        self.approve(change)
        self.until(change, "scheduled")
        self.until_seen(change)
        return change

    def monitored(self, offering: str, **more: Any) -> str:
        """A price change that is live everywhere and is being watched."""
        change = self.propose_price(offering, **more)
        self.approve(change)
        self.until(change, "monitoring")
        self.until_seen(change)
        return change

    def day(self, ahead: int) -> str:
        """The business day some days ahead, as a local date."""
        return (self.platform.now() + timedelta(days=ahead)).date().isoformat()


def _accepted(answer: httpx.Response) -> dict[str, Any]:
    assert answer.is_success, answer.text
    found: dict[str, Any] = answer.json()
    return found


def fired(timeline: Sequence[Mapping[str, Any]]) -> list[str]:
    """The timers that a timeline tells of, in order: reminder 1, escalation 1 ..."""
    return [
        f"{timer['what']} {timer['level']}"
        for entry in timeline
        if entry["action"] == "change.timers"
        for timer in entry["details"]["fired"]
    ]
