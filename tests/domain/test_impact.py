"""How far impact may move between approval and release, at and beyond the bound, also from and to nothing."""

import pytest

from domain.impact import Impact, moved_beyond


def impact(quotes: int, **value: int) -> Impact:
    return Impact(
        artifacts=(), offerings=(), quotes=quotes, lines=quotes, value=value, by_market={}, quotes_file="sha256:x"
    )


@pytest.mark.parametrize(
    ("seen", "now", "moved"),
    [
        (impact(100, EUR=1000), impact(100, EUR=1000), ()),
        (impact(100, EUR=1000), impact(110, EUR=1100), ()),
        (impact(100, EUR=1000), impact(111, EUR=1101), ("quotes", "value in EUR")),
        (impact(100, EUR=1000), impact(90, EUR=900), ()),
        (impact(100, EUR=1000), impact(89, EUR=1000), ("quotes",)),
        (impact(0), impact(0), ()),
        (impact(0), impact(1, EUR=5), ("quotes", "value in EUR")),
        (impact(1, EUR=5), impact(0), ("quotes", "value in EUR")),
        (impact(1, EUR=5), impact(1, GBP=5), ("value in EUR", "value in GBP")),
        (impact(1, EUR=-100), impact(1, EUR=100), ("value in EUR",)),
    ],
)
def test_what_moved_further_than_ten_percent(seen: Impact, now: Impact, moved: tuple[str, ...]) -> None:
    assert moved_beyond(seen, now, 1000) == moved


def test_a_bound_of_zero_lets_nothing_move() -> None:
    assert moved_beyond(impact(10**6), impact(10**6 + 1), 0) == ("quotes",)
