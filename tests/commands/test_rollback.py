"""Taking a release back: what the change did and nothing else, once, and not over what moved since (D6, R-13.1)."""

from datetime import datetime, timedelta

import pytest

from commands.calendar import Freeze, declare_freeze
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from commands.rollbacks import give_up_rollback, restore_change, roll_back_change
from domain.errors import Conflict, MandateError
from tests.builders import DIRECTOR, FINANCE, MACHINE, REQUESTER, Business, everything, proposal, set_price

LIVE = ("artifact_version", "activation")


def roll_back(business: Business, change: str) -> None:
    roll_back_change(business.gateway, business.call(REQUESTER), change, "wrong price", None)


def test_taking_one_change_back_keeps_the_other(business: Business) -> None:
    first = business.released(proposal(set_price("44.90")))
    business.released(proposal(set_price("36.90", offering="FIBRE-250")))
    roll_back(business, first)

    assert business.walk(first).state == "rolled_back"
    assert (business.price(), business.price("FIBRE-250")) == (41_900_000, 36_900_000)
    assert business.latest() == 4


def test_an_entry_that_moved_since_is_a_conflict_and_nothing_is_taken_back(business: Business) -> None:
    first = business.released(proposal(set_price("44.90")))
    business.released(proposal(set_price("45.90")))
    roll_back(business, first)

    report = restore_change(business.gateway, business.system(), first, 1, ())

    assert report.blocks == ("moved:pricing/standard:price/FIBRE-500/monthly/DE/direct/EUR",)
    assert [case.step for case in business.cases(first)] == ["rollback"]
    assert (business.price(), business.at(first).state) == (45_900_000, "rolling_back")


def test_restoring_twice_changes_nothing_more(business: Business) -> None:
    change = business.released()
    roll_back(business, change)
    first = restore_change(business.gateway, business.system(), change, 1, ())
    before = {name: rows for name, rows in everything(business.database).items() if name in LIVE}

    again = restore_change(business.gateway, business.system(), change, 1, ())

    assert (first.activated, again.activated, again.blocks) == (("DE",), (), ())
    assert {name: rows for name, rows in everything(business.database).items() if name in LIVE} == before


def test_what_never_was_released_cannot_be_restored(business: Business) -> None:
    change = business.scheduled()

    with pytest.raises(Conflict) as caught:
        restore_change(business.gateway, business.system(), change, 1, ())

    assert caught.value.code == "illegal_transition"
    assert business.price() == 41_900_000


def frozen(business: Business, market: str) -> str:
    now = now_of(business)
    freeze = Freeze(reason="Quarter close.", from_at=now, until_at=now + timedelta(days=1), market=market)
    return declare_freeze(business.gateway, business.call(FINANCE), freeze)


def now_of(business: Business) -> datetime:
    with business.database.reading() as session:
        return business.database.now(session)


def test_a_freeze_holds_taking_back_where_the_change_is_live_and_nowhere_else(business: Business) -> None:
    change = business.released()
    frozen(business, "GB")
    here = frozen(business, "DE")
    roll_back(business, change)

    report = restore_change(business.gateway, business.system(), change, 1, ())

    assert report.blocks == (f"frozen:{here}",)
    assert business.price() == 44_900_000


def test_a_freeze_elsewhere_does_not_hold_taking_back(business: Business) -> None:
    change = business.released()
    frozen(business, "GB")
    roll_back(business, change)

    assert business.walk(change).state == "rolled_back"


def test_an_exception_to_a_freeze_lets_the_change_be_taken_back(business: Business) -> None:
    change = business.released()
    here = frozen(business, "DE")
    roll_back(business, change)
    asked = ExceptionRequest(
        change=change, until_at=now_of(business) + timedelta(hours=5), reason="A wrong price is live."
    )
    request = ask_freeze_exception(business.gateway, business.call(REQUESTER), here, asked).request
    assert restore_change(business.gateway, business.system(), change, 1, ()).blocks == (f"frozen:{here}",)

    business.decide(request, FINANCE)
    business.decide(request, DIRECTOR)

    assert business.walk(change).state == "rolled_back"
    assert business.price() == 41_900_000


def stuck(business: Business) -> str:
    """A change that cannot be taken back, since a later one builds on it."""
    first = business.released(proposal(set_price("44.90")))
    business.released(proposal(set_price("45.90")))
    roll_back(business, first)
    assert business.walk(first).state == "rolling_back"
    return first


def test_a_rollback_that_cannot_be_done_is_given_up_and_the_change_has_failed(business: Business) -> None:
    change = stuck(business)

    given_up = give_up_rollback(business.gateway, business.call(REQUESTER), change, "Corrected by a new change.", None)

    assert given_up.state == "failed"
    assert business.cases(change) == []
    assert (business.price(), business.walk(change).open) == (45_900_000, False)
    last = business.timeline(change)[-1]
    assert (last.action, last.person, last.said) == (
        "change.rollback_given_up", REQUESTER, "Corrected by a new change."
    )  # fmt: skip


@pytest.mark.parametrize(
    ("account", "reason", "code"),
    [
        (FINANCE, "It is over.", "not_yours"),
        (MACHINE, "It is over.", "machine_may_not"),
        (REQUESTER, " ", "reason_missing"),
    ],
)
def test_a_rollback_is_given_up_by_its_owner_with_a_reason(
    business: Business, account: str, reason: str, code: str
) -> None:
    change = stuck(business)

    with pytest.raises(MandateError) as caught:
        give_up_rollback(business.gateway, business.call(account), change, reason, None)

    assert (caught.value.code, business.at(change).state) == (code, "rolling_back")


def test_a_rollback_that_nothing_holds_is_not_given_up(business: Business) -> None:
    change = business.released()
    roll_back(business, change)

    with pytest.raises(Conflict) as caught:
        give_up_rollback(business.gateway, business.call(REQUESTER), change, "Never mind.", None)

    assert caught.value.code == "nothing_waits"
    assert business.walk(change).state == "rolled_back"
