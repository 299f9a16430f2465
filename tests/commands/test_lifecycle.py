"""The lifecycle without its engine: the steps and commands lead a change from a draft to completion, each fact written once."""

from tests.builders import FINANCE, PRICING, Business, proposal


def test_a_price_change_goes_from_draft_to_completed(business: Business) -> None:
    change = business.awaiting(proposal(monitoring={"seconds": 60}))

    business.decide(change, PRICING)
    assert business.decide(change, FINANCE).change.state == "approved"
    assert business.walk(change).state == "monitoring"
    assert business.price() == 44_900_000
    business.travel(61)

    assert business.walk(change).state == "completed"
    assert [entry.action for entry in business.timeline(change)] == [
        "change.created",
        "change.submitted",
        "change.assessment_begun",
        "change.assessed",
        "change.approval_asked",
        "change.decided",
        "change.decided",
        "change.scheduled",
        "change.impact_confirmed",
        "change.released",
        "change.monitoring",
        "change.completed",
    ]
