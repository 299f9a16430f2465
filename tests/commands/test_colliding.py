"""What is published meanwhile and collides has a change simulated again, whatever kind it is of (R-4.5)."""

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest

from analysis.assessment import find_impact, overtaken
from analysis.impact import Sources
from analysis.proposals import Proposal
from commands.assessments import confirm_impact
from domain.artifact import Part
from domain.impact import Confirmation
from domain.party import SYSTEM
from store import artifacts, changes
from store.tables.artifact import ArtifactRow
from store.unit_of_work import Transaction
from tests.builders import Business, proposal, set_price
from tests.commands.test_release import blocked, released_while


def of(kind: str, *edits: dict[str, Any]) -> Proposal:
    return proposal(*edits, kind=kind, artifact=f"{kind}/standard")


def put(kind: str, **entry: Any) -> Proposal:
    return of(kind, {"edit": "put", "entry": entry})


def field(name: str) -> Proposal:
    return put("integration", type="field", contract="billing-handoff", name=name, data_type="text", required=False)


def row_out(table: str, name: str) -> Proposal:
    return of("approval", {"edit": "remove_row", "table": table, "id": name})


PHONE = set_price("12.00", offering="HOME-PHONE")
CLAUSE = put("document", type="clause", id="switzerland", name="Swiss law", text="Swiss law holds.")
TEMPLATE = put(
    "document", type="template", id="tv", name="TV", offering="TV-PLUS", country="CH",
    clauses=["parties", "price", "switzerland"],
)  # fmt: skip
PHONE_TEMPLATE = put(
    "document", type="template", id="phone", name="Phone", offering="HOME-PHONE", country="CH",
    clauses=["parties", "price", "switzerland"],
)  # fmt: skip
TASK = put(
    "order_mapping", type="task", plan="voice", id="configure", name="Configure the service", system="provisioning",
    after=["number"], attempts=9, compensation="Remove the configuration",
)  # fmt: skip
ROUTE = put("order_mapping", type="route", offering="TV-BASIC", plan="digital-service")
COLLIDING: dict[str, tuple[Proposal, Proposal, bool]] = {
    "a clause that the template carries": (TEMPLATE, CLAUSE, True),
    "a template that carries the clause": (CLAUSE, TEMPLATE, True),
    "a template of another offering": (TEMPLATE, PHONE_TEMPLATE, False),
    "another row of the policy": (row_out("tier", "price-jump"), row_out("tier", "price-reach"), True),
    "a row by which quotes are approved": (proposal(), row_out("quote", "regions"), True),
    "a row by which changes are approved": (proposal(), row_out("tier", "price-jump"), False),
    "a task of the plan of the offering": (proposal(PHONE), TASK, True),
    "a task of the plan of another offering": (proposal(), TASK, False),
    "a task where routes move": (ROUTE, TASK, True),
    "another field of the contract": (field("centre"), field("desk"), True),
}


def test_the_later_of_two_colliding_changes_is_simulated_again_on_what_the_earlier_one_left(business: Business) -> None:
    business.seed(7, 300)
    first, second = partner_and_direct(business)
    other = business.approved(proposal(set_price("30.00", offering="FIBRE-100")))
    assert business.walk(first).state == "monitoring"
    assert business.walk(second).state == business.walk(other).state == "monitoring"

    again = [confirmation(business, change).simulation for change in (first, second, other)]
    assert [bool(digest) for digest in again] == [False, True, False]
    assert confirmation(business, second).versions["pricing/standard"] == 2


def test_a_promotion_that_was_published_for_the_same_offering_overtakes_a_price_change(business: Business) -> None:
    business.seed(7, 300)
    prices = [
        business.approved(proposal(set_price(price, offering=offering)))
        for price, offering in (("44.00", "FIBRE-500"), ("30.00", "FIBRE-100"))
    ]
    promoted(business)
    assert [business.walk(change).state for change in prices] == ["monitoring"] * 2

    same, other = (confirmation(business, change) for change in prices)
    assert (bool(same.simulation), bool(other.simulation)) == (True, False)
    told = {one.figure: (one.seen, one.now, one.beyond) for one in same.movements}
    assert told["promotions"] == (1, 2, False)


def test_a_promotion_between_confirming_and_releasing_holds_the_release(business: Business) -> None:
    change = business.scheduled()
    with business.database.reading() as session:
        sources = Sources(session, business.files, business.database.now(session))
        impact, versions = find_impact(sources, business.content(change)).impact, artifacts.latest_numbers(session)
    confirm_impact(business.gateway, business.system(), change, 1, impact, (), versions=versions)
    promoted(business)

    assert blocked(business, change) == ("simulated_on_other_base:promotion/standard",)


def test_what_collides_between_confirming_and_releasing_holds_the_release(business: Business) -> None:
    first, second = partner_and_direct(business)
    assert business.walk(first, until="scheduled").state == "scheduled"
    business.confirm(first)
    assert business.walk(second, until="scheduled").state == "scheduled"
    with business.database.reading() as session:
        versions = artifacts.latest_numbers(session)
        sources = Sources(session, business.files, business.database.now(session))
        impact = find_impact(sources, business.content(second)).impact
    confirm_impact(business.gateway, business.system(), second, 1, impact, (), versions=versions)
    assert business.release(first).activated

    assert blocked(business, second) == ("simulated_on_other_base:pricing/standard",)
    assert business.walk(second).state == "monitoring"


def promoted(business: Business) -> None:
    """Publish a promotion of one offering, as its release would."""
    publish_part(business, *promotion(business))


def promotion(business: Business) -> tuple[str, Part]:
    """A change that promotes one offering, and its part."""
    with business.database.reading() as session:
        today = business.database.now(session).date()
    spring = {
        "type": "promotion", "id": "spring", "name": "Spring", "first_day": f"{today}", "attribution": "SPR",
        "last_day": f"{today + timedelta(days=90)}", "offerings": ["FIBRE-500"], "off_basis_points": 500,
    }  # fmt: skip
    asked = proposal({"edit": "put", "entry": spring}, kind="promotion", artifact="promotion/standard")
    change = business.draft(asked)
    (part,) = business.content(change).parts
    return change, part


def policy_row(business: Business) -> tuple[str, Part]:
    """A change of a row by which quotes are approved, and its part."""
    change = business.draft(row_out("quote", "regions"))
    (part,) = business.content(change).parts
    return change, part


def publish_part(business: Business, change: str, part: Part) -> None:
    with business.database.writing() as session:
        tx = Transaction(business.database, session, SYSTEM, "test")
        tx.lock(ArtifactRow, part.artifact)
        artifacts.publish(session, part, change, "test", tx.now)


@pytest.mark.parametrize("elsewhere", ["promotion", "row of the policy"])
def test_what_is_published_elsewhere_for_the_same_offering_waits_for_the_release(
    business: Business, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    change, other = business.scheduled(), promotion(business) if elsewhere == "promotion" else policy_row(business)

    order = released_while(business, monkeypatch, change, lambda: publish_part(business, *other))

    assert order == ["published", "done"]


def partner_and_direct(business: Business) -> tuple[str, str]:
    """Two approved changes of one offering, each slightly dearer in its channel."""
    partner = f"{business.price(channel='partner') / 1_000_000 + 1:.2f}"
    return business.approved(proposal(set_price(partner, channel="partner"))), business.approved(proposal())


def confirmation(business: Business, change: str) -> Confirmation:
    with business.database.reading() as session:
        found = changes.evidence_model(changes.evidence(session, change, 1, changes.CONFIRMATION), Confirmation)
    assert found is not None
    return found


class Undone(Exception):
    """So that nothing of it stays."""


def test_what_is_published_for_the_same_overtakes_a_change(business: Business) -> None:
    for meanwhile, (waiting, published, expected) in COLLIDING.items():
        change, other = business.draft(waiting), business.draft(published)
        (part,) = business.content(other).parts
        with suppress(Undone), business.database.writing() as session:
            versions = artifacts.latest_numbers(session)
            artifacts.publish(session, part, other, "test", business.database.now(session))
            found = overtaken(session, versions, business.content(change))
            raise Undone
        assert found == ([part.artifact] if expected else []), meanwhile


def test_a_row_of_the_policy_between_confirming_and_releasing_holds_the_release(business: Business) -> None:
    """The row was not there when the impact was confirmed: the release is refused, tried again, and has met it."""
    change, other = business.scheduled(), policy_row(business)
    with business.database.reading() as session:
        sources = Sources(session, business.files, business.database.now(session))
        impact, versions = find_impact(sources, business.content(change)).impact, artifacts.latest_numbers(session)
    confirm_impact(business.gateway, business.system(), change, 1, impact, (), versions=versions)
    publish_part(business, *other)

    assert blocked(business, change) == ("simulated_on_other_base:approval/standard",)
    assert business.walk(change).state == "monitoring"
    kept = confirmation(business, change)
    assert kept.simulation and kept.versions["approval/standard"] == 2
