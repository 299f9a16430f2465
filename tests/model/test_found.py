"""What random histories have found once, kept as it was."""

from tests.builders import ADMINISTRATOR, DIRECTOR, FINANCE, PRICING, REQUESTER, SECOND_FINANCE, SECOND_PRICING
from tests.databases import Databases
from tests.model import reference as model
from tests.model.authority import Authority

OTHER = "priya.raman"


def test_an_approval_stands_where_only_the_version_below_it_moved(databases: Databases) -> None:
    """The answer on a rollback named the version that it was found on, so that impact moved with each release (R-4.4)."""
    Authority.databases = databases
    both = Authority()
    both.begin()
    try:
        first, second = sorted(both.known)
        for number, order in (
            (1, [PRICING, SECOND_FINANCE, FINANCE]),
            (0, [PRICING, OTHER, FINANCE, ADMINISTRATOR, DIRECTOR, REQUESTER, SECOND_FINANCE, SECOND_PRICING]),
        ):
            both.everybody_approves(number=number, order=order, released=True)
        both.edit(account=OTHER, number=1, price=44, title="first")

        both.both_say_the_same()
        assert both.known[first].state == model.LIVE
        assert [vote.stage for vote in both.judged(second).counted()] == [model.FINANCE]
    finally:
        both.teardown()
