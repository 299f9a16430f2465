"""A golden scenario, or another line that nobody has quoted, as the quote that it describes (R-6.1)."""

from datetime import UTC, date, datetime
from datetime import time as LocalTime
from typing import Any

from domain.artifact import Entry
from domain.quote import Quote, QuoteLine


def golden_quote(scenario: Entry) -> Quote:
    """The quote of one line, made on the scenario's day."""
    made = datetime.combine(date.fromisoformat(scenario["on"]), LocalTime(12), UTC)
    fields = ("offering", "selling_model", "market", "channel", "segment", "currency", "customer", "quantity")
    asked = {name: scenario[name] for name in (*fields, "discount_basis_points", "net_minor")}
    return line_quote(scenario["name"], made, **asked)


def line_quote(name: str, made: datetime, **asked: Any) -> Quote:
    """A quote that nobody made, of one line: one unit without discount for nobody in particular, if not said."""
    line = QuoteLine(
        line=1,
        offering=asked["offering"],
        selling_model=asked["selling_model"],
        quantity=asked.get("quantity", 1),
        unit_price_micros=0,
        discount_basis_points=asked.get("discount_basis_points", 0),
        net_minor=asked.get("net_minor", 0),
    )
    return Quote(
        id=name,
        status="draft",
        customer=asked.get("customer", "scenario"),
        owner="scenario",
        market=asked["market"],
        channel=asked["channel"],
        segment=asked["segment"],
        currency=asked["currency"],
        catalog_version=0,
        price_version=0,
        total_minor=line.net_minor,
        created_at=made,
        expires_at=made,
        lines=(line,),
    )
