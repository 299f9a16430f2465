"""Taking a release back: what the change did and nothing else, once, and not over what moved since (D6, R-13.1)."""

import pytest

from commands.releases import restore_change, roll_back_change
from domain.errors import Conflict
from tests.builders import REQUESTER, Business, everything, proposal, set_price

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
