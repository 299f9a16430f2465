import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.duration import in_words, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3d", 259_200), ("36h", 129_600), ("3d12h30m", 304_200), ("90s", 90), ("2w", 1_209_600), (" 1D ", 86_400)],
)
def test_durations_as_people_type_them(text: str, seconds: int) -> None:
    assert seconds_of(text) == seconds


@pytest.mark.parametrize("text", ["", "3", "d", "0d", "-1d", "1h2d", "3 d", "1.5d", "3days", "٣d", "1d junk"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="write for example 3d"):
        seconds_of(text)


@given(st.integers(1, 50), st.integers(0, 23), st.integers(0, 59), st.integers(0, 59))
def test_units_add_up(days: int, hours: int, minutes: int, seconds: int) -> None:
    total = seconds_of(f"{days}d{hours}h{minutes}m{seconds}s")
    assert total == ((days * 24 + hours) * 60 + minutes) * 60 + seconds


@pytest.mark.parametrize(
    ("seconds", "words"), [(86_400, "1 day"), (90_000, "1 day 1 hour"), (45, "45 seconds"), (0, "0 seconds")]
)
def test_durations_in_words(seconds: int, words: str) -> None:
    assert in_words(seconds) == words
