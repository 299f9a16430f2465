"""Golden scenarios are priced by the engine and by the reference, once for the rules that they meet."""

import pytest

from activities.snapshot import refresh
from analysis import simulation_golden
from analysis.assessment import Wide
from domain.pricing import PriceBook
from domain.quote import Quote
from store import artifacts
from store.kept import Kept
from store.snapshots import SnapshotFiles
from tests.analysis.simulating import LIMITS, check, simulated
from tests.builders import PRICES, Business, set_price


@pytest.mark.parametrize("many", [True, False])
def test_a_golden_scenario_that_one_of_both_prices_otherwise_fails_any_run(
    trading: Business, snapshot_files: SnapshotFiles, monkeypatch: pytest.MonkeyPatch, many: bool
) -> None:
    refresh(trading.gateway, snapshot_files)
    wide = Wide(snapshot_files, LIMITS, few=0) if many else None
    seat = set_price("9.80", "CLOUD-PHONE-SEAT")
    assert simulated(trading, "pricing", seat, wide=wide).failed == ("golden_scenarios",)

    right = simulation_golden.pricing_sql
    monkeypatch.setattr(simulation_golden, "COMPARED", Kept(1))
    monkeypatch.setattr(
        simulation_golden,
        "pricing_sql",
        lambda tables, records: (
            f"SELECT * REPLACE (new_net + (quote = 'seats-at-the-first-tier')::INT AS new_net) "
            f"FROM ({right(tables, records)})"
        ),
    )
    found = simulated(trading, "pricing", set_price("43.90"), wide=wide)
    assert found.failed == ("engine_equals_reference",)
    assert check(found, "engine_equals_reference").counter_examples == ("golden/seats-at-the-first-tier",)
    assert bool(found.snapshot) is many


def test_golden_scenarios_are_compared_once_for_the_rules_that_they_meet(
    trading: Business, monkeypatch: pytest.MonkeyPatch
) -> None:
    priced = list[PriceBook]()
    by_engine = simulation_golden._priced_by_engine

    def noted(book: PriceBook, quotes: list[Quote]) -> dict[str, int | None]:
        priced.append(book)
        return by_engine(book, quotes)

    monkeypatch.setattr(simulation_golden, "COMPARED", Kept(8))
    monkeypatch.setattr(simulation_golden, "_priced_by_engine", noted)
    with trading.database.reading() as session:
        entries = dict(artifacts.latest_of(session, PRICES)[PRICES].content)
    book = PriceBook(entries)
    sold = {scenario["offering"] for _, scenario in book.golden()}
    met, other = (
        next(
            key for key, entry in entries.items() if key.startswith("price/") and (entry["offering"] in sold) is wanted
        )
        for wanted in (True, False)
    )

    def dearer(key: str) -> PriceBook:
        return PriceBook({**entries, key: {**entries[key], "unit_price_micros": entries[key]["unit_price_micros"] + 1}})

    results = [simulation_golden.compare_golden(one) for one in (book, book, dearer(other), dearer(met))]
    assert len(priced) == 2
    assert results == [(len(book.golden()), ())] * 4
