"""The outbox: two claimers never hold the same wake-up, a lease that ended is claimed again, what was rung is not (D7)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select, update

from commands.bookkeeping import claim_bells, note_rung
from commands.command import Call, Gateway
from domain.party import SYSTEM
from store.tables.outbox import OutboxRow
from store.unit_of_work import LEASE, Transaction

WORKER = Call(SYSTEM, "")


def expire(gateway: Gateway) -> None:
    """Let every lease end."""
    with gateway.database.writing() as session:
        past = gateway.database.wall(session) - timedelta(seconds=1)
        session.execute(update(OutboxRow).values(leased_until=past))


@pytest.fixture
def waiting(gateway: Gateway) -> list[str]:
    """Twelve wake-ups that no process holds."""
    with gateway.database.writing() as session:
        tx = Transaction(gateway.database, session, SYSTEM, "test")
        for number in range(12):
            tx.wake(f"CR-{number}", "a test")
    expire(gateway)
    return [bell.outbox_id for bell in tx.bells]


def claim(gateway: Gateway, limit: int = 100) -> list[str]:
    return [bell.outbox_id for bell in claim_bells(gateway, WORKER, limit)]


def test_a_fresh_wake_up_belongs_to_the_process_that_wrote_it(gateway: Gateway) -> None:
    with gateway.database.writing() as session:
        Transaction(gateway.database, session, SYSTEM, "test").wake("CR-1", "a test")

    assert claim(gateway) == []
    with gateway.database.reading() as session:
        row = session.execute(select(OutboxRow)).scalar_one()
        assert row.leased_until - row.created_at == LEASE


def test_a_wake_up_of_a_process_that_rings_nothing_is_the_sweepers_at_once(gateway: Gateway) -> None:
    with gateway.database.writing() as session:
        tx = Transaction(gateway.database, session, SYSTEM, "test", rings=False)
        tx.wake("CR-1", "a test")

    assert claim(gateway) == [tx.bells[0].outbox_id]


def test_claimers_at_once_never_get_the_same(gateway: Gateway, waiting: list[str]) -> None:
    claimers = 4
    together = Barrier(claimers)

    def work(_number: int) -> list[str]:
        together.wait()
        found: list[str] = []
        while taken := claim(gateway, 2):
            found += taken
        return found

    with ThreadPoolExecutor(claimers) as threads:
        claimed = [name for taken in threads.map(work, range(claimers)) for name in taken]

    assert sorted(claimed) == sorted(waiting)


def test_a_claim_is_limited_and_oldest_first(gateway: Gateway, waiting: list[str]) -> None:
    assert set(claim(gateway, 5)) == set(waiting[:5])
    assert set(claim(gateway)) == set(waiting[5:])


def test_what_was_not_rung_is_claimed_again_when_the_lease_ends(gateway: Gateway, waiting: list[str]) -> None:
    rung = claim(gateway, 4)
    note_rung(gateway, WORKER, rung)
    assert len(claim(gateway)) == 8
    assert claim(gateway) == []

    expire(gateway)

    assert set(claim(gateway)) == set(waiting) - set(rung)
    with gateway.database.reading() as session:
        attempts = {row.id: row.attempts for row in session.execute(select(OutboxRow)).scalars()}
    assert {attempts[name] for name in rung} == {1}
    assert {attempts[name] for name in set(waiting) - set(rung)} == {2}


def test_what_was_tried_in_vain_goes_behind_what_still_waits(gateway: Gateway, waiting: list[str]) -> None:
    (failing,) = claim(gateway, 1)
    with gateway.database.writing() as session:
        for row in session.execute(select(OutboxRow)).scalars():
            row.leased_until -= LEASE + timedelta(seconds=1)

    assert failing not in claim(gateway, 11)
    assert claim(gateway, 1) == [failing]
