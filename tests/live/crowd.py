"""A company with hundreds of approvers, and changes that wait for twenty of them: what concurrent decisions are made on."""

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from commands.bookkeeping import sign_in
from commands.command import Call, Gateway
from commands.example import import_policy, publish, setup_of
from commands.installation import PersonEntry, set_up_installation
from domain.party import SYSTEM
from policies.content import content_of, seed_policy
from policies.table import Row
from store.example_business import load_example
from store.migrate import upgrade
from tests.builders import Business, as_actor, proposal, set_price
from tests.databases import Login, with_database

CROWD_TEMPLATE = "a company with a crowd"
SIGNATURES = 10
"""Of each of the two stages, which are open beside each other."""
OWNERS, FINANCE, OUTSIDERS, REQUESTERS = (
    tuple(f"{kind}.{number:03}" for number in range(count))
    for kind, count in (("owner", 200), ("finance", 200), ("outsider", 100), ("requester", 100))
)
GROUPS = {"owner": "pricing", "finance": "finance", "outsider": "sales-operations", "requester": "pricing"}
OFFERINGS = ("FIBRE-100", "FIBRE-250", "FIBRE-500", "FIBRE-1000", "AIR-HOME", "HOME-PHONE", "TV-BASIC", "MOBILE-S")
STAGES: list[dict[str, Any]] = [
    {
        "id": group, "title": group.title(), "groups": [group], "rule": "quorum", "quorum": SIGNATURES, "after": [],
        "veto": ["governance-board"], "inputs": ["operations"], "remind_after": 1000, "expire_after": 4000,
    }
    for group in ("pricing", "finance")
]  # fmt: skip


def other_account(person: str) -> str:
    """Everybody has two accounts: one of the person's own name, and this one."""
    return f"{person}.night"


def prepare(login: Login) -> None:
    """The example business with a crowd, under a policy that asks ten people of each of two groups."""
    upgrade(login.owner)
    with_database(login, lambda database: _set_up(Gateway(database)))


def _set_up(gateway: Gateway) -> None:
    business = load_example()
    setup = setup_of(business)
    crowd = tuple(
        PersonEntry(id=name, name=name, accounts=(name, other_account(name)), groups=(GROUPS[name.partition(".")[0]],))
        for name in (*OWNERS, *FINANCE, *OUTSIDERS, *REQUESTERS)
    )
    setup = setup.model_copy(update={"persons": (*setup.persons, *crowd)})
    set_up_installation(gateway, Call(SYSTEM, "set-up-crowd"), setup)
    shipped = seed_policy()
    rows = (Row(id="crowd", when={}, then={"stages": STAGES}),)
    policy = shipped.model_copy(update={"stages": shipped.stages.model_copy(update={"rows": rows})})
    publish(
        gateway, "a policy of the proof", {"approval/standard": {k: dict(v) for k, v in content_of(policy).items()}}
    )
    import_policy(gateway)
    publish(gateway, business.name, business.contents)


@dataclass
class Crowd:
    """The crowd at one installation: changes that it asks for, and who is signed in."""

    business: Business
    tokens: dict[str, str] = field(default_factory=dict)
    shelves: Any = field(
        default_factory=lambda: itertools.cycle(itertools.product(OFFERINGS, ("partner", "direct"), ("DE", "GB", "CH")))
    )

    def token(self, account: str) -> str:
        """A session of an account."""
        if account not in self.tokens:
            call = Call(as_actor(self.business.gateway, account), f"sign-in-{account}")
            self.tokens[account] = sign_in(self.business.gateway, call).token
        return self.tokens[account]

    def asks(self, number: int) -> "Waiting":
        """A change that waits for its twenty people, requested by one of the crowd; it would be live in a month."""
        offering, channel, market = next(self.shelves)
        currency = {"DE": "EUR", "GB": "GBP", "CH": "CHF"}[market]
        requester = REQUESTERS[number % len(REQUESTERS)]
        with self.business.database.reading() as session:
            day = (self.business.database.now(session) + timedelta(days=30)).date().isoformat()
        edit = set_price(f"{40 + number % 50}.90", offering, market, channel, currency)
        asked = proposal(edit, title=f"Concurrent change {number}", effective={"date": day})
        change = self.business.awaiting(asked, by=requester)
        ballot = self.business.ballot(change)
        return Waiting(change, requester, ballot.model_dump(mode="json"))

    def tab(self, waiting: "Waiting", account: str, choice: str, key: str) -> dict[str, Any]:
        """One request: an account's word on a change, as a tab would send it."""
        return {
            "path": f"/api/changes/{waiting.change}/decisions",
            "token": self.token(account),
            "key": hashlib.sha256(f"{waiting.change} {key}".encode()).hexdigest()[:40],
            "body": {**waiting.ballot, "choice": choice},
            "account": account,
            "change": waiting.change,
        }


@dataclass(frozen=True)
class Waiting:
    """A change that waits: its requester, and the ballot on what is asked now."""

    change: str
    requester: str
    ballot: Mapping[str, Any]
