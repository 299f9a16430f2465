"""How long a change waits before its target system is asked again."""

from datetime import timedelta

import pytest

from activities.steps import pause_after


@pytest.mark.parametrize(("tries", "minutes"), [(0, 60), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (10_000, 60)])
def test_a_target_is_asked_ever_more_rarely_and_hourly_in_the_end(tries: int, minutes: int) -> None:
    assert pause_after(tries) == timedelta(minutes=minutes)
