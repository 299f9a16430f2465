"""The governed lifecycle as its people drive it over HTTP: create, submit, read, two approvals, active, completed."""

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import httpx

from bench.content import PLACES, SELLING_MODEL, Place
from bench.installation import FINANCE, OWNER, REQUESTER, Installation
from bench.lanes import in_lanes

BEFORE_PEOPLE = ("submitted", "assessing", "simulating")
AFTER_PEOPLE = ("awaiting_approval", "approved", "scheduled", "releasing", "monitoring")
LIVE = ("releasing", "monitoring", "completed")
POLL = 0.1
FINE_POLL = 0.005
LIMIT = 600
PAGE = 200


@dataclass
class Governed:
    """Drives changes; each takes the next price of the book, so that those under way touch different ones."""

    clients: dict[str, httpx.AsyncClient]
    proposed: int = 0
    changes: list[str] = field(default_factory=list)

    async def open(self) -> str:
        """Create and submit a change; its id."""
        number, self.proposed = self.proposed, self.proposed + 1
        change = (await self._post(REQUESTER, "/api/changes", _proposal(number)))["change"]
        await self._post(REQUESTER, f"/api/changes/{change}/submit")
        return str(change)

    async def approve(self, change: str) -> None:
        """Read what is asked and approve it, as the owner and as finance."""
        ballot = await self.ballot(change)
        for person in (OWNER, FINANCE):
            await self.decide(person, change, ballot)

    async def ballot(self, change: str) -> dict[str, Any]:
        """The approval of what is asked now."""
        view = await self.read(f"/api/changes/{change}")
        return {"choice": "approve", "revision": view["summary"]["revision"], "seen": view["seen"]}

    async def decide(self, person: str, change: str, ballot: dict[str, Any]) -> None:
        """One person's decision."""
        await self._post(person, f"/api/changes/{change}/decisions", ballot)

    async def none_in(self, states: Sequence[str]) -> None:
        """Until no change is in any of these states, given in the order of the lifecycle. Raises TimeoutError."""
        async with asyncio.timeout(LIMIT):
            for state in states:
                while (await self.read("/api/changes", state=state, limit=1))["items"]:
                    await asyncio.sleep(POLL)

    async def throughput(self, count: int, lanes: int) -> float:
        """Lifecycles a second: all until people are asked, a pause that does not count, all to completion."""
        opened: list[str] = []

        async def begin(_number: int) -> None:
            opened.append(await self.open())

        begun = time.perf_counter()
        await in_lanes(range(count), lanes, begin)
        await self.none_in(BEFORE_PEOPLE)
        to_wait = time.perf_counter() - begun
        await asyncio.sleep(0.3)

        begun = time.perf_counter()
        await in_lanes(opened, lanes, self.approve)
        await self.none_in(AFTER_PEOPLE)
        taken = to_wait + time.perf_counter() - begun
        await self.require("completed", opened)
        self.changes += opened
        return count / taken

    async def require(self, state: str, changes: Sequence[str]) -> None:
        """Raises RuntimeError unless all these changes are in a state; otherwise the numbers would mean nothing."""
        found: set[str] = set()
        cursor: str | None = None
        while not found.issuperset(changes):
            page = await self.read("/api/changes", state=state, limit=PAGE, **({"cursor": cursor} if cursor else {}))
            found |= {item["id"] for item in page["items"]}
            cursor = page["next"]
            if cursor is None and (missing := set(changes) - found):
                raise RuntimeError(f"{len(missing)} of {len(changes)} changes are not {state}: {sorted(missing)[:5]}")

    async def decision_to_active(self, samples: int) -> list[float]:
        """Seconds from the last decision's request until the API shows the price as live, one after the other."""
        taken = []
        for _ in range(samples):
            number = self.proposed
            change = await self.open()
            await self.none_in(BEFORE_PEOPLE)
            taken.append(await self.approve_and_watch(change, number))
            await self.none_in(AFTER_PEOPLE)
        return taken

    async def approve_and_watch(self, change: str, number: int) -> float:
        """Approve the change of a number twice; seconds from the second decision's request until its price is live."""
        place, price = _asked(number)
        ballot = await self.ballot(change)
        await self.decide(OWNER, change, ballot)
        await asyncio.sleep(0.1)
        begun = time.perf_counter()
        await self.decide(FINANCE, change, ballot)
        async with asyncio.timeout(LIMIT):
            while Decimal((await self.read("/api/prices", **_where(place)))["unit_price"]) != price:
                await asyncio.sleep(FINE_POLL)
        return time.perf_counter() - begun

    async def affected(self, change: str) -> int:
        """How many open quotes the change was found to affect."""
        return int((await self.read(f"/api/changes/{change}"))["impact"]["quotes"])

    async def read(self, path: str, **query: Any) -> Any:
        """A GET as the requester."""
        return (await self.clients[REQUESTER].get(path, params=query)).raise_for_status().json()

    async def _post(self, person: str, path: str, body: dict[str, Any] | None = None) -> Any:
        key = {"Idempotency-Key": secrets.token_hex(12)}
        return (await self.clients[person].post(path, json=body, headers=key)).raise_for_status().json()


@asynccontextmanager
async def governed(installation: Installation) -> AsyncIterator[Governed]:
    """One HTTP client a person."""
    clients = {
        person: httpx.AsyncClient(
            base_url=installation.api,
            headers={"Authorization": f"Bearer {token}"},
            timeout=60,
            trust_env=False,
            # Let go of idle connections before the API does, or a request meets one that is just being closed.
            limits=httpx.Limits(keepalive_expiry=2),
        )
        for person, token in installation.tokens.items()
    }
    try:
        yield Governed(clients)
    finally:
        for client in clients.values():
            await client.aclose()


def _where(place: Place) -> dict[str, str]:
    return {
        "offering": place.offering,
        "selling_model": SELLING_MODEL,
        "market": place.market,
        "channel": place.channel,
        "currency": place.currency,
    }


def _asked(number: int) -> tuple[Place, Decimal]:
    """The place and the price of the proposal of a number: a cent more each time that the book begins anew."""
    turn, place = divmod(number, len(PLACES))
    return PLACES[place], Decimal(40) + Decimal(turn + 1) / 100


def _proposal(number: int) -> dict[str, Any]:
    """A small rise of one list price, effective as soon as it is approved, watched for no time."""
    place, price = _asked(number)
    return {
        "kind": "pricing",
        "title": f"{place.offering} in {place.market}, {place.channel}",
        "objective": "Follow the cost.",
        "parts": [
            {
                "artifact": "pricing/standard",
                "edits": [{"edit": "set_price", **_where(place), "unit_price": f"{price:.2f}"}],
            }
        ],
        "monitoring": {"seconds": 0, "requirement": "none"},
    }
