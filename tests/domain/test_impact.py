"""How far impact may move between approval and release, at and beyond the bound, also from and to nothing."""

import pytest

from domain.impact import Answer, Impact, moved_beyond, movements


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


NAMES = ("quotes", "orders", "assets", "promotions", "thresholds", "clauses", "billing", "contracts", "reports")


def whole(count: int, renewals: bool = True, **update: object) -> Impact:
    """An impact in which each answer counts so many, worth a hundred times as much."""
    told = tuple(
        Answer(name=name, count=count, source="", value={"EUR": 100 * count} if name in NAMES[:3] else {})
        for name in NAMES
    )
    ending = Answer(name="renewals", count=count, source="", value={"GBP": 100 * count}) if renewals else None
    faults = {"negative_line": count}
    found = impact(10, EUR=1_000).model_copy(update={"answers": told, "renewals": ending, "faults": faults})
    return found.model_copy(update={"by_market": {"DE": count}, **update})


def test_every_figure_that_differs_is_told_and_open_business_is_bound() -> None:
    found = {one.figure: one for one in movements(whole(10), whole(12), 1_000)}
    bound = {"orders", "orders in EUR", "assets", "assets in EUR", "renewals", "renewals in GBP"}
    told = {*NAMES[3:], "quotes in DE", "Lines with a negative quantity or value"}

    assert found.keys() == bound | told
    assert {name for name, one in found.items() if one.beyond} == bound
    assert (found["renewals in GBP"].seen, found["renewals in GBP"].currency) == (1_000, "GBP")
    assert movements(whole(10), whole(10), 0) == ()


def test_what_was_not_asked_when_approvers_saw_it_is_no_difference() -> None:
    assert movements(impact(10, EUR=1_000), whole(12, lines=10, by_market={}, faults={}), 0) == ()
    assert not any(one.figure.startswith("renewals") for one in movements(whole(10, renewals=False), whole(12), 0))


def test_lines_alone_that_differ_are_told() -> None:
    (found,) = movements(whole(10, lines=10), whole(10, lines=20), 1_000)
    assert (found.figure, found.seen, found.now, found.beyond) == ("lines", 10, 20, False)
