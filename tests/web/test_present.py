"""How money, instants and texts are shown."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from domain.blocks import block, case_words
from domain.change import Effective
from domain.simulation import Check, Outcome
from web import present
from web.rendering import TEMPLATES


@pytest.mark.parametrize(
    ("minor", "currency", "shown"),
    [(123450, "EUR", "1,234.50 EUR"), (-5, "EUR", "-0.05 EUR"), (1234, "JPY", "1,234 JPY"), (1234567, "KWD", "1,234.567 KWD")],
)  # fmt: skip
def test_money_has_the_decimals_of_its_currency(minor: int, currency: str, shown: str) -> None:
    assert present.money(minor, currency) == shown


@pytest.mark.parametrize(
    ("micros", "currency", "shown"),
    [(42_900_000, "EUR", "42.90 EUR"), (12_500, "EUR", "0.0125 EUR"), (1, "EUR", "0.000001 EUR"), (900_000_000, "JPY", "900 JPY")],
)  # fmt: skip
def test_unit_prices_show_every_decimal_that_they_have(micros: int, currency: str, shown: str) -> None:
    assert present.price(micros, currency) == shown


def test_differences_say_their_direction() -> None:
    assert present.signed_money(1200, "EUR") == "+12.00 EUR"
    assert present.signed_money(-310, "EUR") == "−3.10 EUR"
    assert present.signed_money(0, "EUR") == "no change"
    assert present.percent(39_900_000, 42_900_000) == "+7.5 %"
    assert present.percent(100, 50) == "−50.0 %"
    assert (present.percent(0, 5), present.percent(5, None)) == ("–", "–")


def test_instants_are_shown_in_utc_and_say_so() -> None:
    at = datetime(2026, 12, 1, 1, 30, tzinfo=timezone(timedelta(hours=2)))
    assert present.moment(at) == "30 Nov 2026, 23:30 UTC"


def test_periods_and_delays() -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    assert present.away(now + timedelta(days=3), now) == "in 3 days"
    assert present.late(now, now + timedelta(seconds=5)) == "on time"
    assert present.late(now, now + timedelta(hours=3)) == "3 hours late"


def test_effective_times_name_their_zone() -> None:
    assert present.effective(Effective()) == "as soon as it is approved"
    day = date(2027, 1, 1)
    assert present.effective(Effective(date=day)) == "1 Jan 2027 at 00:00, local time of each market"
    assert present.effective(Effective(date=day, zone="Europe/Berlin")).endswith("Europe/Berlin")


def test_codes_become_words() -> None:
    assert present.market("DE") == "Germany (DE)"
    assert present.market("*") == "every market"
    assert present.market("NORTH") == "NORTH"
    assert present.words("commercial-directors") == "Commercial directors"
    assert (present.timer("expiry"), present.timer("reminder")) == ("The change expires", "Approvers are reminded")
    assert block("unsatisfiable:finance") == "Nobody can fill every place of the stage finance."
    assert block("something_new:x") == "something new:x"
    told = case_words("minutes:board; residual_risk", "gate_closed")
    assert told.startswith("The minutes of the governance board are not kept yet. The owner has not accepted")
    assert case_words("as: it; was", "step_failed") == "as: it; was"


def test_values_of_entries_read_without_the_signs_of_a_program() -> None:
    stage = {"title": "Owner", "groups": ["owner"], "escalations": [{"after": 48, "groups": ["finance", "legal"]}]}
    assert present.told(stage) == "title Owner, groups owner, escalations (after 48, groups finance, legal)"
    assert present.told({"kind": "'pricing'", "tier": ">= 2", "note": None, "more": []}) == "kind 'pricing', tier >= 2"
    assert (present.told(True), present.told(0), present.told("a < b")) == ("yes", "0", "a < b")


@pytest.mark.parametrize(
    ("failing", "shown", "told"),
    [
        (1_234, 10, ["<strong>1,234 of 31,000</strong>: Q-1, line 1; ", "Q-10, line 1; <small>and 1,224 more</small>"]),
        (2, 2, ["<strong>2 of 31,000</strong>: Q-1, line 1; Q-2, line 1"]),
        (0, 10, ["Q-10, line 1 <small>and maybe more: these are the first ten</small>"]),
        (0, 0, ["nowhere"]),
    ],
)
def test_a_check_says_for_how_many_lines_it_fails(failing: int, shown: int, told: list[str]) -> None:
    examples = tuple(f"Q-{number}/1" for number in range(1, shown + 1))
    counts = {"checked": 31_000, "failing": failing, "counter_examples": examples}
    check = Check(name="margin_floor", title="", outcome=Outcome.FAIL, **counts)
    macros: Any = TEMPLATES.get_template("parts.html").module
    cell = str(macros.counter_examples(check, ""))
    assert all(words in cell for words in told) and ("more" in cell) == (shown == 10)
