"""What tests of simulations share: a change of every price, and results without what says how they were found."""

from typing import Any

from analysis.assessment import contents_at
from analysis.engine import Limits
from analysis.impact import touched_by
from analysis.simulation import simulate_few
from analysis.simulation_subject import Subject
from domain.kinds import kind_of
from domain.pricing import PriceBook, price_line
from domain.pricing_golden import golden_quote
from domain.simulation import Simulation
from store.quotes import open_quotes_using
from tests.builders import PRICES, Business, set_price

LIMITS = Limits("256MB", 1)


def everywhere(business: Business, percent: int = 110) -> list[dict[str, Any]]:
    """Every list price of the business a tenth dearer, and what its golden scenarios come to then."""
    with business.database.reading() as session:
        book = PriceBook(contents_at(session, {PRICES: 1})[PRICES])
    edits = [
        set_price(
            f"{entry['unit_price_micros'] * percent // 100 / 1_000_000:.2f}",
            *(entry[name] for name in ("offering", "market", "channel", "currency")),
        )
        | {"selling_model": entry["selling_model"]}
        for entry in book.priced("*")
    ]
    return [*edits, *golden_anew(book, edits)]


def golden_anew(book: PriceBook, edits: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The golden scenarios of a book as they come out after edits of its prices."""
    kind = kind_of("pricing")
    after = book.changed(kind.compile(edit, book.entries) for edit in kind.parse_edits(edits))
    found = []
    for _, scenario in after.golden():
        quote = golden_quote(scenario)
        priced = price_line(after, quote, quote.lines[0])
        assert priced is not None
        found.append({"edit": "put_rule", "rule": {**scenario, "net_minor": priced.net_minor}})
    return found


def few(business: Business, subject: Subject) -> Simulation:
    with business.database.reading() as session:
        return simulate_few(subject, open_quotes_using(session, touched_by(subject.parts)), business.files)


def plain(result: Simulation) -> dict[str, Any]:
    """A result without what says how it was found."""
    checks = [check for check in result.checks if check.name != "engine_equals_reference"]
    how = {"cases_file", "snapshot", "compared", "sql", "checks"}
    return result.model_dump(exclude=how) | {"checks": [check.model_dump() for check in checks]}


def by_quote(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(cases, key=lambda case: str(case["quote"]))
