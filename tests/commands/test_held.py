"""A check that the policy has hold the release holds it until the owner accepts what remains, by name (R-4.8, R-6.3)."""

import pytest
from sqlalchemy import update

from commands.residual_risk import Statement, accept_residual_risk
from queries.changes import change_view
from store.tables.columns import table_of
from store.tables.quote import QuoteLineRow
from tests.builders import FINANCE, PRICING, Business
from tests.databases import as_owner

LINES = table_of(QuoteLineRow)


@pytest.fixture
def doubtful(business: Business) -> Business:
    """Open quotes of which one has a line that nobody can price."""
    business.seed(7, 100)
    with as_owner(business.login) as connection:
        connection.execute(update(LINES).where(LINES.c.offering == "FIBRE-500").values(quantity=-4))
    return business


def held(business: Business, change: str) -> tuple[str, ...]:
    with business.database.reading() as session:
        return change_view(session, change, business.database.now(session)).held


def accept(business: Business, change: str) -> None:
    stated = Statement(statement="The line is mended in the quote itself.", revision=1)
    accept_residual_risk(business.gateway, business.call(PRICING), change, stated)


def test_what_nobody_could_judge_holds_the_release_until_the_owner_accepts_it(doubtful: Business) -> None:
    change = doubtful.awaiting()
    assert held(doubtful, change) == ("held:sound_lines",)
    for person in (PRICING, FINANCE):
        doubtful.decide(change, person)
    assert doubtful.walk(change).state == "scheduled"
    assert [case.message for case in doubtful.cases(change)] == ["held:sound_lines"]

    accept(doubtful, change)
    assert held(doubtful, change) == ()
    assert doubtful.walk(change).state == "monitoring"
    assert doubtful.cases(change) == []


def test_what_was_accepted_of_an_earlier_simulation_does_not_count(doubtful: Business) -> None:
    change = doubtful.awaiting()
    accept(doubtful, change)
    doubtful.seed(8, 100)
    with as_owner(doubtful.login) as connection:
        connection.execute(update(LINES).where(LINES.c.offering == "FIBRE-500").values(quantity=-5))
    for person in (PRICING, FINANCE):
        doubtful.decide(change, person)
    doubtful.walk(change, until="scheduled")
    doubtful.confirm(change, ("quotes",))
    assert doubtful.walk(change).state == "awaiting_approval"

    assert held(doubtful, change) == ("held:sound_lines",)
