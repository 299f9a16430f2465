"""The facts that decision tables ask about, with type and range: what a column can be, and so what a gap is (R-8.2).

A table's columns are exactly the facts declared here; a further fact is one further line.
"""

from decimal import Decimal
from typing import TypeAlias

from domain.correction import CorrectionType
from domain.tiering import FACTS, TIER, Fact

__all__ = ["TIER", "Fact", "columns_of", "facts_of"]

Value: TypeAlias = Decimal | str | bool
QUOTE = (
    Fact(name="discount_percent", title="Discount in percent, rounded up", type="whole", least=0, most=100),
    Fact(name="margin_percent", title="Margin in percent, rounded down", type="whole", most=100),
    Fact(name="strategic_account", title="Strategic account with terms of its own", type="truth"),
    Fact(name="payment_days", title="Days to pay", type="whole", least=0),
    Fact(name="standard_clauses", title="Only standard clauses", type="truth"),
    Fact(name="regions", title="Regions that the deal spans", type="whole", least=1),
)
"""The facts of a quote that is submitted for approval (R-7.11)."""

NO_TYPE = "none"
REQUEST = (
    Fact(
        name="subject",
        title="What is asked for",
        type="text",
        values=("freeze_exception", "delegation", "correction", "data_access"),
    ),
    TIER,
    Fact(name="days", title="For how many days", type="whole", least=0),
    Fact(name="type", title="Type of the correction", type="text", values=(*CorrectionType, NO_TYPE)),
)
"""The facts of a request that is no change (R-7.11). A kind of request that is not among them is refused."""

TABLES = {"tier": FACTS, "stages": (TIER, *FACTS), "quote": QUOTE, "request": REQUEST}


def facts_of(table: str) -> tuple[Fact, ...]:
    """The facts of a table, in the order of its columns."""
    return TABLES[table]


def columns_of(table: str) -> tuple[str, ...]:
    """The names of a table's columns."""
    return tuple(fact.name for fact in facts_of(table))
