"""What the checks of a simulation looked at: what looked at nothing passes nothing, and says why."""

from dataclasses import replace

import pytest

from analysis.simulation import simulate_few
from analysis.simulation_scenes import live_scenes
from domain.simulation import Outcome
from store import artifacts
from store.quotes import open_quotes_using
from tests.analysis.simulating import KINDS, check, forced, moving
from tests.builders import PRICES, Business

only_sqlite = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)
"""What is judged of contents and quotes at hand, whatever database they come from."""


@only_sqlite
def test_a_route_that_was_looked_at_for_some_quotes_says_for_which(trading: Business) -> None:
    with trading.database.reading() as session:
        approval = artifacts.content(session, KINDS["approval"], artifacts.latest(session, KINDS["approval"]))
        prices = artifacts.content(session, PRICES, artifacts.latest(session, PRICES))
        dearer = {
            key: {**entry, "unit_price_micros": entry["unit_price_micros"] + 10_000}
            for key, entry in prices.items()
            if entry["type"] == "price"
        }
        subject = moving(session, PRICES, dearer)
        named = {**approval, "row/quote/seller": {**approval["row/quote/seller"], "when": {"discount_percent": ">= 0"}}}
        contents = ({**side, "approval": named} for side in (subject.current, subject.proposed))
        quotes = open_quotes_using(session, subject.books.touched)
        by_name = replace(subject, **dict(zip(("current", "proposed"), contents, strict=True)))
        all_of, some_of = (
            check(simulate_few(one, quotes, trading.files, live_scenes(session)), "no_unrouted_approval")
            for one in (subject, by_name)
        )

    title = "Every quote has somebody who approves it"
    assert (all_of.title, all_of.reason, all_of.outcome) == (title, "", Outcome.PASS)
    assert some_of.title.startswith(f"{title}: looked at were the 100 largest of {len(quotes)} affected, and the ")
    assert (some_of.outcome, bool(some_of.reason)) == (Outcome.PASS, True)
    assert len(quotes) > 250 and some_of.checked == all_of.checked < len(quotes)


@only_sqlite
def test_required_clauses_are_asked_where_all_prices_are_for_every_market(trading: Business) -> None:
    with trading.database.reading() as session:
        prices = artifacts.content(session, PRICES, artifacts.latest(session, PRICES))
        subject = moving(session, KINDS["document"], {"template/standard-ch": None})
        priced = {key: {**entry, "market": "*"} if "market" in entry else entry for key, entry in prices.items()}
        imported = replace(subject, proposed={**subject.proposed, "pricing": priced})
        kept, lost = (
            check(simulate_few(one, [], trading.files, live_scenes(session)), "required_clauses")
            for one in (replace(imported, proposed={**subject.current, "pricing": priced}), imported)
        )

    assert (kept.outcome, kept.checked > 0) == (Outcome.PASS, True)
    assert lost.outcome is Outcome.FAIL and "AIR-HOME in CH: switzerland" in lost.counter_examples


@only_sqlite
def test_what_looked_at_nothing_passes_nothing(business: Business) -> None:
    moves = {
        PRICES: ("price/", {"unit_price_micros": 45_000_000}),
        KINDS["document"]: ("clause/", {"text": "Other words."}),
        KINDS["catalog"]: ("offering/", {"sellable": False}),
        KINDS["approval"]: ("row/quote/", {"because": "other words"}),
    }
    for artifact, (prefix, words) in moves.items():
        with business.database.reading() as session:
            content = artifacts.content(session, artifact, artifacts.latest(session, artifact))
        key = next(key for key in content if key.startswith(prefix))
        found = forced(business, artifact, {key: {**content[key], **words}})

        silent = {one.name: one for one in found.checks if not one.checked}
        assert all(one.outcome is Outcome.INCONCLUSIVE and one.reason for one in silent.values())
        asked = silent.keys() & {"every_line_priced", "not_negative", "margin_floor"}
        assert len(asked) == (3 if artifact == PRICES else 0), artifact
