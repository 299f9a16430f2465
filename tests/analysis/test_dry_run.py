"""A dry run names what has to be there before the change could take effect (R-4.3)."""

import pytest

from analysis.assessment import sources
from queries.dry_run import dry_run
from tests.builders import REQUESTER, Business, as_actor, proposal, set_price


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
def test_what_blocks_by_the_policy_is_missing(seeded: Business) -> None:
    with seeded.database.reading() as session:
        actor, now = as_actor(seeded.gateway, REQUESTER), seeded.database.now(session)
        found = [
            dry_run(sources(session, seeded.files, now, None), actor, proposal(set_price(price))).missing
            for price in ("47.00", "1.00")
        ]
    fine, below_cost = found
    assert fine == ()
    assert any("fail" in sentence and sentence.endswith("goes back to its requester.") for sentence in below_cost)
