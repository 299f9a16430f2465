"""What is touched, asked of one line: words, days, and documents that do not know every word."""

import pytest

from domain.kinds.kind import Touched
from domain.touched import touching

LINE = ("FIBRE", "monthly", "DE", "direct", "EUR", "acme", "public")


@pytest.mark.parametrize(
    ("given", "day", "found"),
    [
        ({}, None, True),
        ({"customer": "acme", "segment": "public"}, None, True),
        ({"customer": "bolt"}, None, False),
        ({"segment": "consumer"}, None, False),
        ({"period": "2026-01-01/2026-02-01"}, "2026-01-01", True),
        ({"period": "2026-01-01/2026-02-01"}, "2026-01-31", True),
        ({"period": "2026-01-01/2026-02-01"}, "2026-02-01", False),
        ({"period": "2026-01-01/2026-02-01"}, None, True),
        ({"period": "2026-01-01/2026-02-01", "customer": "bolt"}, None, False),
    ],
)
def test_a_line_uses_what_names_it_and_its_day(given: dict[str, str], day: str | None, found: bool) -> None:
    one, other = Touched(offering="FIBRE", **given), Touched(offering="TV", period="2026-01-01/2027-01-01")
    asked = touching([one, other])

    assert asked.matches(LINE, day) is found
    assert asked.further
    known = asked.without("segment", "period")
    assert known.matches(LINE[:6]) is (given.get("customer") != "bolt")
    assert known.without("segment", "period") is known
    assert not touching([Touched(offering="FIBRE")]).further
