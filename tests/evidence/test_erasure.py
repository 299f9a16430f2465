"""Personal data can be erased, and every chain and package still verifies (R-24.4)."""

from collections.abc import Callable

import pytest
from sqlalchemy import select

from commands.approvals import decide
from commands.changes import withdraw_change
from commands.installation import erase_person, set_active
from commands.reconciliations import request_reconciliation
from domain.errors import Conflict, Refused
from domain.reconciliation import Mode
from store.audit import verify
from store.signing import Key
from store.tables.reconciliation import ReconciliationRunRow
from store.verification import verify_package
from tests.builders import ADMINISTRATOR, FINANCE, PRICING, REQUESTER, Business


def test_name_and_comments_go_and_the_evidence_holds(
    business: Business, package: Callable[[str], bytes], keys: list[Key]
) -> None:
    change = business.awaiting()
    said = business.ballot(change, comment="My daughter has measles, so I decide today.")
    decide(business.gateway, business.call(PRICING), change, said)
    business.decide(change, FINANCE)
    business.walk(change)
    assert b"measles" in package(change)
    set_active(business.gateway, business.call(ADMINISTRATOR), PRICING, False)

    assert erase_person(business.gateway, business.call(ADMINISTRATOR), PRICING) == 1

    data = package(change)
    assert b"measles" not in data and b"Ines Castellano" not in data
    assert verify_package(data, keys).findings == ()
    with business.database.reading() as session:
        assert verify(session) == ()


def test_reasons_go_too(business: Business, package: Callable[[str], bytes], keys: list[Key]) -> None:
    """Why a change was withdrawn stands in its package, until whoever said it is erased."""
    change = business.awaiting()
    withdraw_change(business.gateway, business.call(REQUESTER), change, "My daughter has measles.", None)
    request_reconciliation(
        business.gateway, business.call(REQUESTER), "approval-quote", Mode.INCIDENT, "My daughter called."
    )
    assert b"measles" in package(change)
    set_active(business.gateway, business.call(ADMINISTRATOR), REQUESTER, False)

    assert erase_person(business.gateway, business.call(ADMINISTRATOR), REQUESTER) == 2

    data = package(change)
    assert b"measles" not in data and verify_package(data, keys).findings == ()
    assert business.timeline(change)[-1].said == ""
    with business.database.reading() as session:
        assert "daughter" not in str(session.execute(select(ReconciliationRunRow.reason)).all())
        assert verify(session) == ()


def test_only_an_administrator_and_only_those_who_were_shut_out(business: Business) -> None:
    with pytest.raises(Conflict, match="Shut this person out first"):
        erase_person(business.gateway, business.call(ADMINISTRATOR), PRICING)
    set_active(business.gateway, business.call(ADMINISTRATOR), PRICING, False)
    with pytest.raises(Refused):
        erase_person(business.gateway, business.call(FINANCE), PRICING)
