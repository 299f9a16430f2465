from collections.abc import Iterator

import pytest

from connectors.target import DeliveryOrder
from domain.canonical import digest
from simulators.running import RunningSimulator, running


@pytest.fixture(scope="session")
def simulator_process() -> Iterator[RunningSimulator]:
    with running("simulators.runtime_catalog") as simulator:
        yield simulator


@pytest.fixture
def order() -> DeliveryOrder:
    entries = {
        "price/FIBRE-500/monthly/DE/partner/EUR": {"type": "price", "unit_price_micros": 42_900_000},
        "price/FIBRE-500/monthly/DE/direct/EUR": {"type": "price", "unit_price_micros": 44_900_000},
    }
    return DeliveryOrder(
        artifact="pricing/standard", market="DE", version=2, digest=digest({"entries": entries}), entries=entries
    )
