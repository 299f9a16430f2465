"""Standard changes: nobody is asked inside the bounds; outside by one, late, renewed or failed, everybody is (R-3.5)."""

from datetime import date, timedelta
from typing import Any

import pytest

from domain.errors import Invalid
from queries.standards import StandardView, standard_changes
from store import artifacts
from tests.builders import Business, proposal, set_price

LIST = "security/standard-changes"
TEMPLATE: dict[str, Any] = {
    "type": "standard_change", "id": "fibre-follow-up", "name": "Fibre follows wholesale", "owner": "pricing", "artifact": "pricing/standard",
    "entries": ["price/FIBRE-500/"], "fields": ["unit_price_micros"], "markets": ["DE"], "most_operations": 1, "most_rise_percent": 5,
    "most_fall_percent": 2, "most_quotes": 0, "last_day": "2099-12-31",
}  # fmt: skip


def publish(business: Business, **fields: Any) -> None:
    """Put a template in force, as the release of a change would."""
    edit = {"edit": "put", "entry": {**TEMPLATE, **fields}}
    change = business.draft(proposal(edit, artifact=LIST, kind="security"))
    part = business.content(change).parts[0]
    with business.database.writing() as session:
        artifacts.publish(session, part, change, "test", business.database.now(session))


def today(business: Business) -> date:
    with business.database.reading() as session:
        return business.database.now(session).date()


def listed(business: Business) -> list[StandardView]:
    with business.database.reading() as session:
        return list(standard_changes(session, business.database.now(session)))


def standard(unit_price: str = "43.90", **place: Any) -> Any:
    """FIBRE-500 in DE, direct, is 41.90: 43.90 is 4.8 percent more, 43.99 five and 44.00 a little more than five."""
    return proposal(set_price(unit_price=unit_price, **place), standard="fibre-follow-up")


def asked(business: Business, change: str) -> str:
    """What the change waits for after its assessment, and why."""
    return str(business.walk(change, until="approved").state)


REMOVAL = {**{k: v for k, v in set_price().items() if k != "unit_price"}, "edit": "remove_price"}


@pytest.fixture
def ready(business: Business) -> Business:
    publish(business)
    return business


def test_inside_its_bounds_nobody_is_asked(ready: Business) -> None:
    change = ready.submitted(standard())
    assert asked(ready, change) == "approved"
    assert ready.walk(change).state == "monitoring"
    assert ready.price() == 43_900_000
    assert listed(ready)[0].standing == "active"


@pytest.mark.parametrize(
    "proposed",
    [
        standard("44.00"),
        standard("41.00"),
        standard(market="CH", currency="CHF", unit_price="49.90"),
        standard(offering="FIBRE-250", unit_price="35.00"),
        proposal(set_price(unit_price="43.90"), set_price(unit_price="41.90", channel="partner"), standard="fibre-follow-up"),
        proposal(REMOVAL, standard="fibre-follow-up"),
        proposal({"edit": "set_cost", "offering": "FIBRE-500", "currency": "EUR", "unit_cost": "1.00"}, standard="fibre-follow-up"),
        proposal(set_price(unit_price="43.90"), standard="no-such-template"),
        proposal(set_price(unit_price="43.90"), standard="fibre-follow-up", least_tier=3),
        proposal(set_price(unit_price="43.90"), standard="fibre-follow-up", emergency=True, emergency_reason="It cannot wait."),
        proposal(set_price(unit_price="43.90")),
    ],
    ids=[
        "rise", "fall", "market", "entry", "two", "removal", "field", "template", "tier", "emergency", "not-named",
    ],
)  # fmt: skip
def test_out_of_bounds_by_one_everybody_is_asked(ready: Business, proposed: Any) -> None:
    change = ready.submitted(proposed)
    assert asked(ready, change) != "approved"


def test_at_the_bound_it_still_is_standard(ready: Business) -> None:
    assert asked(ready, ready.submitted(standard("43.99"))) == "approved"


def test_more_open_quotes_than_agreed_ask_everybody(ready: Business) -> None:
    ready.seed(1, 400)
    assert asked(ready, ready.submitted(standard())) == "awaiting_approval"


def test_creeping_up_step_by_step_asks_in_the_end(ready: Business) -> None:
    first = ready.submitted(standard("43.90"))
    assert ready.walk(first).state == "monitoring"
    assert asked(ready, ready.submitted(standard("45.90"))) == "awaiting_approval"


def test_creeping_down_step_by_step_asks_in_the_end(ready: Business) -> None:
    first = ready.submitted(standard("41.10"))
    assert ready.walk(first).state == "monitoring"
    assert asked(ready, ready.submitted(standard("40.30"))) == "awaiting_approval"
    assert ready.price() == 41_100_000


def test_an_expired_template_asks_everybody(business: Business) -> None:
    publish(business, last_day=(today(business) - timedelta(days=1)).isoformat())
    assert listed(business)[0].standing == "expired"
    assert asked(business, business.submitted(standard())) == "awaiting_approval"


def test_a_template_that_ends_before_the_release_holds_the_change_back(business: Business) -> None:
    publish(business, last_day=(today(business) + timedelta(days=1)).isoformat())
    change = business.submitted(standard())
    assert business.walk(change, until="scheduled").state == "scheduled"
    business.travel(3 * 86_400)
    business.confirm(change)
    assert business.release(change).blocks == ("standard_lost:fibre-follow-up",)
    assert business.price() == 41_900_000


def test_a_template_that_is_changed_meanwhile_holds_the_change_back(ready: Business) -> None:
    change = ready.submitted(standard())
    assert ready.walk(change, until="scheduled").state == "scheduled"
    publish(ready, most_rise_percent=4)
    ready.confirm(change)
    assert ready.release(change).blocks == ("standard_lost:fibre-follow-up",)


def test_a_failed_change_takes_the_status_away_until_it_is_renewed(ready: Business) -> None:
    change = ready.submitted(standard())
    assert ready.walk(change).state == "monitoring"
    ready.rolled_back(change)

    (view,) = listed(ready)
    assert (view.standing, view.failed) == ("lost", change)
    assert asked(ready, ready.submitted(standard("42.90"))) == "awaiting_approval"
    publish(ready, renewed=1)
    assert listed(ready)[0].standing == "active"


def test_authority_is_never_approved_in_advance(business: Business) -> None:
    for artifact in ("security/access", "approval/standard", "migration/any"):
        with pytest.raises(Invalid) as refused:
            publish(business, artifact=artifact, entries=["row/"])
        assert refused.value.code == "invalid_content"


def test_a_template_is_itself_decided_by_the_strictest_tier(business: Business) -> None:
    edit = {"edit": "put", "entry": TEMPLATE}
    change = business.awaiting(proposal(edit, artifact=LIST, kind="security"))
    assert business.at(change).tier == 4
