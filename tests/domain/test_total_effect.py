"""The total effect of a change, and what counts as having typed it again (E5)."""

import pytest

from domain.approval_plan import Plan
from domain.errors import Refused
from domain.impact import Answer, Impact
from domain.simulation import Simulation
from domain.total_effect import TotalEffect, require_retyped, total_effect
from tests.policies.test_strictness import plan, stage

LIMITS = {"EUR": 100_000, "JPY": 5_000}
IMPACT = Impact(
    artifacts=(),
    offerings=(),
    quotes=7,
    lines=9,
    value={},
    by_market={},
    quotes_file="",
    answers=(Answer(name="pending orders", count=3, source="orders"),),
)


def moving(delta: dict[str, int]) -> Simulation:
    return Simulation(versions={}, cases=7, dearer=7, cheaper=0, delta=delta, largest=(), checks=(), cases_file="")


def with_limits(limits: dict[str, int]) -> Plan:
    return plan(stage(), retype_above=limits)


@pytest.mark.parametrize(
    ("limits", "delta", "retype"),
    [
        ({}, {"EUR": 10**9}, ()),
        (LIMITS, {"EUR": 100_000}, ()),
        (LIMITS, {"EUR": 100_001}, ("EUR",)),
        (LIMITS, {"EUR": -100_001}, ("EUR",)),
        (LIMITS, {"JPY": 5_001, "EUR": 1}, ("JPY",)),
        (LIMITS, {"CHF": 1}, ("CHF",)),
        (LIMITS, {"CHF": 0}, ()),
    ],
)
def test_what_is_beyond_its_limit_is_typed_and_a_currency_without_one_always(
    limits: dict[str, int], delta: dict[str, int], retype: tuple[str, ...]
) -> None:
    found = total_effect(IMPACT, moving(delta), with_limits(limits))
    assert found == TotalEffect(quotes=7, orders=3, delta=delta, retype=retype)


def test_before_it_is_found_there_is_none() -> None:
    assert total_effect(IMPACT, None, None) is None
    assert total_effect(None, moving({}), None) is None


EFFECT = TotalEffect(quotes=7, orders=3, delta={"EUR": -123_450, "JPY": 7_000}, retype=("EUR", "JPY"))


@pytest.mark.parametrize("euro", ["-1234.50", "−1,234.50 EUR", " - 1 234.5", "-1,234.50\u00a0EUR"])
def test_an_amount_counts_as_it_is_shown_or_plain(euro: str) -> None:
    assert require_retyped(EFFECT, {"EUR": euro, "JPY": "+7,000"}) == {"EUR": -123_450, "JPY": 7_000}


@pytest.mark.parametrize("euro", ["", "1234.50", "-1234.51", "-1234.504", "-12345.0", "NaN", "-1e9", "minus 1234.50", "-1234.50 JPY"])  # fmt: skip
def test_anything_else_is_refused_naming_the_currency(euro: str) -> None:
    with pytest.raises(Refused) as caught:
        require_retyped(EFFECT, {"EUR": euro, "JPY": "7000"})
    assert (caught.value.code, caught.value.facts["currencies"]) == ("effect_not_retyped", ["EUR"])
