"""Two open changes that collide are simulated together by the system itself, and both show it (R-4.5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event

from analysis.assessment import Requested, assess, sources
from analysis.combining import combinations
from analysis.impact import Effort, TakesLonger
from analysis.proposals import Proposal
from commands.changes import revise_change
from domain.simulation import Outcome
from queries.changes import ChangeView, change_view
from queries.collisions import Together
from queries.simulation import combined
from tests.builders import PRICING, REQUESTER, Business, proposal, set_price
from tests.commands.test_colliding import TEMPLATE, of
from tests.commands.test_surroundings import told


@pytest.fixture
def seeded(business: Business) -> Business:
    business.seed(7, 300)
    return business


def promoting(business: Business, off: int = 1000) -> Proposal:
    """A promotion of FIBRE-500."""
    with business.database.reading() as session:
        today = business.database.now(session).date()
    spring = {
        "type": "promotion", "id": "spring", "name": "Spring", "attribution": "SPR",
        "first_day": f"{today - timedelta(days=90)}",
        "last_day": f"{today + timedelta(days=90)}", "offerings": ["FIBRE-500"], "off_basis_points": off,
    }  # fmt: skip
    return proposal({"edit": "put", "entry": spring}, kind="promotion", artifact="promotion/standard")


def view(business: Business, change: str) -> ChangeView:
    with business.database.reading() as session:
        return change_view(session, change, business.database.now(session))


def only(business: Business, change: str) -> Together:
    """What a change does together with the only one that it meets."""
    (found,) = view(business, change).combined
    return found


def test_a_price_and_a_promotion_are_simulated_together_and_both_show_it(seeded: Business) -> None:
    price = seeded.awaiting()
    seeded.decide(price, PRICING)
    before = view(seeded, price)
    promotion = seeded.awaiting(promoting(seeded))
    found = only(seeded, promotion)
    with seeded.database.reading() as session:
        together = combined(session, seeded.files, [price, promotion])
        alone = [combined(session, seeded.files, [change]) for change in (price, promotion)]

    assert (found.change, found.revision, found.outdated, found.reason) == (price, 1, False, "")
    assert (found.delta, found.margin_delta, found.quotes) == (together.delta, together.margin_delta, together.quotes)
    assert found.beyond == {"EUR": together.delta["EUR"] - sum(one.delta["EUR"] for one in alone)} != {"EUR": 0}
    assert only(seeded, price) == found.model_copy(update={"change": promotion})
    assert seeded.timeline(promotion)[-2].details["combined"].startswith("sha256:")
    notices = {n.subject: n.message for n in told(seeded, REQUESTER) if n.code == "collision"}
    assert set(notices) == {price, promotion} and all("Simulated together" in said for said in notices.values())
    after = view(seeded, price)
    assert (after.inputs, after.seen, after.standing.counted) == (before.inputs, before.seen, before.standing.counted)
    assert "combined" not in view(seeded, promotion).inputs


def test_what_fails_only_together_is_told_and_holds_nothing_back(seeded: Business) -> None:
    price = seeded.awaiting(proposal(set_price("30.00")))
    promotion = seeded.awaiting(promoting(seeded, 2000))
    found = only(seeded, promotion)

    assert found.outcome is Outcome.FAIL
    assert "No line falls under the margin floor of 10 percent" in found.only_together
    assert view(seeded, promotion).summary.state == view(seeded, price).summary.state == "awaiting_approval"


def test_changes_of_one_entry_cannot_be_combined_and_go_on(seeded: Business) -> None:
    seeded.awaiting(proposal(set_price("44.00")))
    second = seeded.awaiting(proposal(set_price("45.00")))
    found = only(seeded, second)

    assert found.outcome is Outcome.INCONCLUSIVE
    assert found.reason.startswith("both move pricing/standard:price/FIBRE-500/monthly/DE/direct/EUR")


def test_content_that_is_not_valid_together_fails_and_nothing_is_priced(seeded: Business) -> None:
    template = seeded.awaiting(TEMPLATE)
    without = {
        "type": "template", "id": "standard-ch", "name": "Offer", "offering": "*", "country": "CH",
        "clauses": ["parties", "price"],
    }  # fmt: skip
    edits: list[dict[str, Any]] = [
        {"edit": "remove", "entry_key": "requirement/switzerland/*/CH/*"},
        {"edit": "remove", "entry_key": "clause/switzerland"},
        {"edit": "put", "entry": without},
    ]
    clause = seeded.awaiting(of("document", *edits))

    found = only(seeded, clause)
    assert (found.change, found.outcome, found.quotes) == (template, Outcome.FAIL, 0)
    assert found.only_together == ("The document content is valid",)
    assert "switzerland" in found.failed[0] and "not valid together" in found.reason
    with seeded.database.reading() as session:
        asked = combined(session, seeded.files, [template, clause])
    assert "valid_document" in asked.failed


def test_what_is_published_already_is_met_as_it_is_live(seeded: Business) -> None:
    price = seeded.released()
    promotion = seeded.awaiting(promoting(seeded))
    shown = view(seeded, promotion)

    assert [other.change for other in shown.collisions] == [price] and shown.combined == ()


def test_an_edit_of_one_of_both_outdates_what_they_do_together(seeded: Business) -> None:
    price, promotion = seeded.awaiting(), seeded.awaiting(promoting(seeded))
    revise_change(seeded.gateway, seeded.call(REQUESTER), price, proposal(set_price("45.00")), None)
    assert only(seeded, promotion).outdated

    seeded.walk(price)
    assert [(one.revision, one.outdated) for one in (only(seeded, price), only(seeded, promotion))] == [
        (1, False),
        (2, False),
    ]


def test_so_many_are_combined_and_the_others_say_that_they_are_not(seeded: Business) -> None:
    for number in range(4):
        seeded.awaiting(proposal(set_price(f"{44 + number}.00")))
    promotion = seeded.awaiting(promoting(seeded))
    reasons = [one.reason for one in view(seeded, promotion).combined]

    assert reasons[:3] == [""] * 3 and "so many changes" in reasons[3]


def test_what_is_to_be_found_briefly_is_left_to_a_step_with_more_time(seeded: Business) -> None:
    seeded.awaiting()
    change = seeded.submitted(promoting(seeded))
    parts = seeded.content(change).parts
    with seeded.database.reading() as session:
        given = sources(session, seeded.files, seeded.database.now(session), None)
        collisions = assess(given, seeded.content(change), Requested(change=change, requester=REQUESTER)).collisions
        with pytest.raises(TakesLonger):
            combinations(replace(given, effort=Effort.BRIEF), parts, collisions, None)
        assert combinations(replace(given, effort=Effort.BRIEF), parts, (), None) is None


@contextmanager
def counted(business: Business) -> Iterator[list[str]]:
    """The statements of readers in a block."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(business.database.reader, "before_cursor_execute", note)
    yield asked
    event.remove(business.database.reader, "before_cursor_execute", note)


def test_a_change_that_meets_no_other_asks_nothing_more(seeded: Business) -> None:
    def walked(offering: str, channel: str) -> int:
        change = seeded.submitted(proposal(set_price("44.90", offering=offering, channel=channel)))
        with counted(seeded) as asked:
            assert seeded.walk(change).state == "awaiting_approval"
        assert view(seeded, change).combined == ()
        return len(asked)

    walked("FIBRE-250", "direct")
    alone = walked("FIBRE-500", "direct")
    assert walked("FIBRE-500", "partner") == alone, "it collides, but in no place"
