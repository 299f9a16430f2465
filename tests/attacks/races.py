"""Two commands at the same moment, judged by what they leave: quorum against revision (A9), decision against transfer (F4).

On PostgreSQL, where both really run beside each other. `make prove` runs ten thousand of each.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Barrier
from typing import Any

from sqlalchemy import select

from analysis.proposals import Proposal
from commands.approvals import decide, recall_decision
from commands.changes import revise_change, withdraw_change
from commands.command import Gateway
from commands.discussion import Handing, hand_on
from commands.installation import set_membership
from domain.approval import gate
from domain.canonical import parse
from domain.errors import MandateError
from store.database import Database
from store.files import FileStore
from store.subjects import subject_kind
from store.tables.approval import DecisionRow
from store.tables.artifact import VersionRow
from tests.builders import ADMINISTRATOR, FINANCE, PRICING, REQUESTER, SECOND_PRICING, Business, proposal, set_price
from tests.databases import BUSINESS, PostgresDatabases

OFFERINGS = ("FIBRE-100", "FIBRE-250", "FIBRE-500", "FIBRE-1000", "AIR-HOME", "HOME-PHONE", "TV-BASIC", "MOBILE-S")
PLACES = tuple(product(OFFERINGS, ("direct", "partner"), (("DE", "EUR"), ("GB", "GBP"), ("CH", "CHF"))))
"""Prices that races move; an installation is as good as new for one race on each."""
CENT, STEP = 10_000, 0.08
Race = Callable[[Business, int], str]


def race(databases: PostgresDatabases, kind: Race, count: int) -> Counter[str]:
    """So many races of a kind, each judged: how often which side won. Raises AssertionError."""
    won: Counter[str] = Counter()
    while won.total() < count:
        with fresh(databases) as business:
            for number in range(min(len(PLACES), count - won.total())):
                won[kind(business, number)] += 1
    return won


@contextmanager
def fresh(databases: PostgresDatabases) -> Iterator[Business]:
    """The example business as it begins."""
    login = databases.copy_of(BUSINESS)
    database = Database(login.application, development=True)
    try:
        with TemporaryDirectory() as folder:
            yield Business(Gateway(database), FileStore(Path(folder)), login)
    finally:
        database.close()


def at_once(*sides: Callable[[], object]) -> list[str]:
    """Run both at the same moment; the code with which each was refused, empty where it was done."""
    barrier = Barrier(len(sides))

    def run(side: Callable[[], object]) -> str:
        barrier.wait()
        try:
            side()
        except MandateError as refusal:
            return refusal.code
        return ""

    with ThreadPoolExecutor(len(sides)) as threads:
        return list(threads.map(run, sides))


def dearer(business: Business, number: int, cents: int) -> Proposal:
    """A proposal that one of the prices rises by so little that it stays a price update."""
    offering, channel, (market, currency) = PLACES[number % len(PLACES)]
    price = business.price(offering, market, channel, currency) + cents * CENT
    edit = set_price(f"{price // 1_000_000}.{price % 1_000_000:06}", offering, market, channel, currency)
    return proposal(edit, title=f"Race {number}, {cents} cents")


def quorum_against_revision(business: Business, number: int) -> str:
    """The last signature, after which the lifecycle releases at once, against an edit by the requester (A9).

    Whoever comes first: what is published is the revision that was signed, and nothing of the other.
    """
    change = business.awaiting(dearer(business, number, 1))
    business.decide(change, PRICING)
    signed, edited = business.content(change), dearer(business, number, 2)
    ballot, finance, requester = business.ballot(change), business.call(FINANCE), business.call(REQUESTER)

    def sign_and_release() -> None:
        decide(business.gateway, finance, change, ballot)
        business.walk(change)

    def edit() -> None:
        # Also while the lifecycle is at work between signature and release.
        time.sleep(number % 5 * STEP)
        revise_change(business.gateway, requester, change, edited, None)

    refusals = at_once(sign_and_release, edit)
    business.walk(change)
    published = rows(business, VersionRow, VersionRow.change, change)
    wanted = [[operation.model_dump(mode="json") for operation in part.operations] for part in signed.parts]
    assert [parse(row.operations) for row in published] in ([], wanted), f"{change}: {refusals}"
    if published:
        assert refusals == ["", "illegal_transition"], refusals
        return "released as signed"
    assert refusals[1] == "", refusals
    withdraw_change(business.gateway, business.call(REQUESTER), change, "The race is over.", None)
    return "edited before the signature" if refusals[0] else "edited after the signature"


def decision_against_transfer(business: Business, number: int) -> str:
    """Whoever hands a decision on, and who is put out of the group, decides at the same moment (F4)."""
    change = business.awaiting(dearer(business, number, 1))
    ballot, deciding, other = business.ballot(change), business.call(PRICING), business.call(PRICING)
    handing = Handing(to=SECOND_PRICING, reason="Knows more.")
    administrator = business.call(ADMINISTRATOR)
    leave = number % 2

    def transfer() -> object:
        if leave:
            return set_membership(business.gateway, administrator, PRICING, "pricing", False)
        return hand_on(business.gateway, other, change, handing)

    refusals = at_once(lambda: decide(business.gateway, deciding, change, ballot), transfer)
    said = rows(business, DecisionRow, DecisionRow.subject, change)
    assert len(said) == (refusals[0] == "")
    if leave:
        assert refusals[1] == "" and refusals[0] in ("", "not_eligible"), refusals
        assert counted(business, change) == (), "who left the group is counted"
        set_membership(business.gateway, business.call(ADMINISTRATOR), PRICING, "pricing", True)
    else:
        assert sorted(refusals) in (["", "already_decided"], ["", "handed_on"]), refusals
        assert counted(business, change) == tuple(row.id for row in said)
    for row in said:
        recall_decision(business.gateway, business.call(PRICING), change, row.id)
    withdraw_change(business.gateway, business.call(REQUESTER), change, "The race is over.", None)
    return f"{'left' if leave else 'handed on'}, {'decided' if said else 'too late'}"


def counted(business: Business, change: str) -> tuple[str, ...]:
    """The decisions that count now."""
    with business.database.reading() as session:
        kind = subject_kind(change)
        row = session.get_one(kind.table, change)
        return gate(kind.facts(session, row, business.database.now(session), None)).counted


def rows(business: Business, table: Any, column: Any, value: str) -> list[Any]:
    with business.database.reading() as session:
        found = list(session.execute(select(table).where(column == value)).scalars())
        session.expunge_all()
    return found
