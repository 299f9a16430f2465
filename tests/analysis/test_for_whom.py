"""Customer, segment and days of a rule narrow what it touches: impact and simulation name the same quotes (R-5.1)."""

from typing import Any

import pytest
from sqlalchemy import select

from analysis.assessment import run_simulation
from analysis.colliding import meets
from analysis.impact import Sources, find
from commands.orders import seed_orders
from store.quotes import LINES, QUOTES
from tests.builders import Business, proposal

SOLD = {"offering": "FIBRE-500", "selling_model": "monthly", "currency": "EUR"}
LONG_AGO = {"since": "2020-01-01", "until": "2020-02-01"}
ALWAYS = {"since": "2020-01-01", "until": "2999-01-01"}


def contract(customer: str) -> dict[str, Any]:
    return {"type": "contract", "customer": customer, **SOLD, "unit_price_micros": 30_000_000}


def promotion(code: str = "X", **given: Any) -> dict[str, Any]:
    return {"type": "promotion", "code": code, "offering": "FIBRE-500", "off_basis_points": 500, **ALWAYS, **given}


def change(business: Business, rule: dict[str, Any]) -> str:
    return business.draft(proposal({"edit": "put_rule", "rule": rule}))


def counted(business: Business, rule: dict[str, Any]) -> tuple[int, int, dict[str, int]]:
    """Open quotes by impact and by simulation, and the other documents by kind."""
    content = business.content(change(business, rule))
    with business.database.reading() as session:
        found = find(Sources(session, business.files, business.database.now(session)), content.parts).impact
        simulated = run_simulation(session, content, business.files)
    rest = {answer.name: answer.count for answer in (*found.answers[1:3], found.renewals) if answer is not None}
    return found.quotes, simulated.quotes, rest


def test_a_rule_touches_only_those_for_whom_and_when_it_holds(business: Business) -> None:
    business.seed(7, 300)
    seed_orders(business.gateway, business.system(), 7, 0, 60, (), 0, True)
    of_line = (LINES.c.quote == QUOTES.c.id) & (LINES.c.offering == "FIBRE-500")
    lines = select(QUOTES.c.customer, QUOTES.c.segment).join(LINES, of_line).where(QUOTES.c.id.like("Q-7-%"))
    with business.database.reading() as session:
        rows = session.execute(lines.where(LINES.c.selling_model == "monthly", QUOTES.c.currency == "EUR")).all()
    customer = rows[0].customer

    quotes, simulated, rest = counted(business, contract("NOBODY"))
    assert (quotes, simulated, set(rest.values())) == (0, 0, {0}) and len(rest) == 3
    quotes, simulated, _ = counted(business, contract(customer))
    assert 0 < quotes == simulated < len(rows)
    quotes, simulated, rest = counted(business, promotion(**LONG_AGO))
    assert (quotes, simulated) == (0, 0) and rest["orders"] > 0, "only a quote says when it was priced"
    whole, narrow = counted(business, promotion()), counted(business, promotion(segment="consumer"))
    assert 0 < narrow[0] == narrow[1] < whole[0] == whole[1]
    assert all(whole[2].values()), "so that the nothing above says something"
    _, _, rest = counted(business, promotion(segment="nobody"))
    assert rest["orders"] == 0 and rest["assets"] == whole[2]["assets"], "an asset has no segment"


@pytest.mark.parametrize(
    ("one", "other", "together"),
    [
        (contract("ACME"), contract("BOLT"), False),
        (contract("ACME"), promotion(), True),
        (promotion("X", segment="consumer"), promotion("Y", segment="public"), False),
        (promotion("X", segment="consumer"), promotion("Y"), True),
        (promotion("X", **LONG_AGO), promotion("Y", since="2020-02-01", until="2020-03-01"), False),
        (promotion("X", **LONG_AGO), promotion("Y", since="2020-01-31", until="2020-03-01"), True),
    ],
)
def test_changes_for_different_customers_segments_or_days_do_not_meet(
    business: Business, one: dict[str, Any], other: dict[str, Any], together: bool
) -> None:
    parts, others = (business.content(change(business, rule)).parts for rule in (one, other))
    assert meets(parts, others) is meets(others, parts) is together
