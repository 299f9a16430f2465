"""The plan that the reference model knows, as the product writes it: a richer one than the shipped policy."""

from typing import Any

from commands.command import Call, Gateway
from commands.example import import_policy, publish, setup_of
from commands.installation import set_up_installation
from domain.party import SYSTEM
from policies.content import content_of, seed_policy
from policies.table import ApprovalPolicy, Row
from store.example_business import load_example
from store.migrate import upgrade
from tests.builders import ADMINISTRATOR, DIRECTOR, FINANCE, PRICING, REQUESTER, SECOND_FINANCE, SECOND_PRICING
from tests.databases import Login, with_database

PEOPLE = (PRICING, SECOND_PRICING, "priya.raman", FINANCE, SECOND_FINANCE, DIRECTOR, ADMINISTRATOR, REQUESTER)
ACCOUNTS = (*PEOPLE, "priya.raman.night")
AUTHORITY = ("pricing", "finance", "commercial-directors", "revenue-operations")
SHELF = ({}, {"channel": "partner"})
"""Where each change sets its price, so that they do not move the same entry."""
BOARD_TEMPLATE = "business with a board"
STRANGERS = {"beatriz.moura", "victor.lang", "kofi.mensah", "ingrid.solberg"}
"""People of the example business who are not in the company of the model: fewer people get stuck sooner."""
STAGES: list[dict[str, Any]] = [
    {
        "id": "board", "title": "Board", "groups": ["pricing", "finance"], "rule": "quorum", "quorum": 2, "after": [],
        "veto": ["commercial-directors"], "inputs": ["operations", "simulation"], "remind_after": 1000, "expire_after": 400,
        "escalations": [{"after": 50, "groups": ["revenue-operations"]}],
    },
    {
        "id": "finance", "title": "Finance", "groups": ["finance"], "after": [], "inputs": ["operations", "impact"],
        "remind_after": 1000, "expire_after": 400,
    },
    {
        "id": "director", "title": "Director", "groups": ["commercial-directors", "revenue-operations"],
        "after": ["board", "finance"], "inputs": ["operations", "purpose"], "remind_after": 1000, "expire_after": 400,
    },
]  # fmt: skip


def prepare(login: Login) -> None:
    """The example business under this plan."""
    upgrade(login.owner)
    with_database(login, lambda database: _set_up(Gateway(database)))


def _set_up(gateway: Gateway) -> None:
    business = load_example()
    setup = setup_of(business)
    known = tuple(person for person in setup.persons if person.id not in STRANGERS)
    set_up_installation(gateway, Call(SYSTEM, "set-up"), setup.model_copy(update={"persons": known}))
    policy = board_policy()
    publish(
        gateway, "a policy of the tests", {"approval/standard": {k: dict(v) for k, v in content_of(policy).items()}}
    )
    import_policy(gateway)
    publish(gateway, business.name, business.contents)


def board_policy() -> ApprovalPolicy:
    """The shipped policy with these stages for every tier."""
    shipped = seed_policy()
    every = shipped.stages.model_copy(update={"rows": (Row(id="board", when={}, then={"stages": STAGES}),)})
    return shipped.model_copy(update={"stages": every})
