"""What tests of simulations share: a change of every price, and results without what says how they were found."""

from collections.abc import Mapping
from typing import Any

from sqlmodel import Session

from analysis.assessment import Wide, contents_at, run_simulation, subject_of
from analysis.engine import Limits
from analysis.impact import touched_by
from analysis.simulation import simulate_few
from analysis.simulation_scenes import live_scenes
from analysis.simulation_subject import Subject
from domain.artifact import Operation, Part
from domain.kinds import kind_of
from domain.pricing import PriceBook, price_line
from domain.pricing_golden import golden_quote
from domain.simulation import Check, Simulation
from store import artifacts
from store.quotes import open_quotes_using
from tests.builders import PRICES, Business, proposal, set_price

LIMITS = Limits("256MB", 1)
KINDS = {
    "eligibility": "eligibility/standard",
    "document": "document/standard",
    "order_mapping": "order_mapping/standard",
    "integration": "integration/standard",
    "promotion": "promotion/standard",
    "approval": "approval/standard",
    "catalog": "catalog/standard",
}


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


def simulated(business: Business, kind: str, *edits: dict[str, Any], wide: Wide | None = None) -> Simulation:
    """A change of a kind simulated on what is live."""
    change = business.draft(proposal(*edits, kind=kind, artifact=KINDS.get(kind, PRICES)))
    with business.database.reading() as session:
        return run_simulation(session, business.content(change), business.files, 1_000_000, wide)


def check(found: Simulation, name: str) -> Check:
    """A check of a simulation by its name."""
    return next(one for one in found.checks if one.name == name)


def forced(business: Business, artifact: str, entries: Mapping[str, Any]) -> Simulation:
    """A change of some entries (None: taken out) simulated that would not even be drafted."""
    with business.database.reading() as session:
        return simulate_few(moving(session, artifact, entries), [], business.files, live_scenes(session))


def moving(session: Session, artifact: str, entries: Mapping[str, Any]) -> Subject:
    """What is simulated where these entries move."""
    base = artifacts.latest(session, artifact)
    content = artifacts.content(session, artifact, base)
    moved = tuple(Operation(entry=key, before=content.get(key), after=after) for key, after in entries.items())
    return subject_of(session, (Part(artifact=artifact, base=base, operations=moved),))
