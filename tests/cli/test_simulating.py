"""`mandate simulate ...` and `mandate used`: changes together, what uses what, what does not exist."""

import pytest

from cli.change_view import fails_at, margins
from cli.simulating import _show_reproduction, _show_trace
from tests.cli.command_line import CommandLine

MARA = ("--as", "mara.lindqvist")
PLACE = ("--offering", "FIBRE-500", "--selling-model", "monthly", "--market", "DE", "--currency", "EUR")


def test_what_is_left_after_cost_is_told_with_what_nobody_knows() -> None:
    told = {"margin_delta": {"CHF": 0, "EUR": -16_800}, "margins_unknown": 1}
    assert list(margins(told)) == [
        "  margin: +0.00 CHF, -168.00 EUR in all, without 1 quote of which a price or cost is missing"
    ]
    assert list(margins(told | {"margin_delta": {}})) == []


def test_a_check_that_fails_is_told_with_how_many_lines_fail() -> None:
    check = {"failing": 12, "checked": 31_000, "counter_examples": [f"Q-{n}/1" for n in range(10)]}
    assert fails_at(check) == ", 12 of 31,000 (Q-0/1, Q-1/1, Q-2/1)"
    assert fails_at(check | {"failing": 0, "counter_examples": []}) == ""


@pytest.mark.parametrize(
    ("currency", "listed", "discounted", "net"),
    [("EUR", "41.90 EUR", "8.380125 EUR", "83.80 EUR"), ("JPY", "41.9 JPY", "8.380125 JPY", "8,380 JPY")],
)
def test_each_step_of_a_price_is_told_in_the_money_of_the_quote(
    capsys: pytest.CaptureFixture[str], currency: str, listed: str, discounted: str, net: str
) -> None:
    steps = [
        {"rule": "list", "entry": "price/x", "before": None, "after": 41_900_000, "per": "unit"},
        {"rule": "discount", "entry": "", "before": 41_900_000, "after": 8_380_125, "per": "unit"},
        {"rule": "net", "entry": "", "before": 8_380_125, "after": 8_380, "per": "net"},
    ]
    line = {"line": 1, "offering": "FIBRE-500", "selling_model": "monthly", "quantity": 10}
    told = {"line": line | {"discount_basis_points": 250}, "fault": "", "old": None, "new": {"trace": steps}}
    quote = {"id": "Q-1", "market": "DE", "channel": "direct", "currency": currency}
    _show_trace({"quote": quote, "as_now": False, "lines": [told]})

    shown = capsys.readouterr().out
    assert all(amount in shown for amount in (listed, discounted, net)) and "10 at 2.5 % off" in shown
    assert "no price" in shown and "41900000" not in shown and "line, rounded" in shown


@pytest.mark.parametrize(("found", "told"), [("sha256:a", "the same rows"), ("sha256:b", "other rows")])
def test_the_statement_of_another_release_is_told_with_what_it_gave(
    capsys: pytest.CaptureFixture[str], found: str, told: str
) -> None:
    again = {"change": "CR-1", "revision": 1, "stored": "sha256:a", "found": found, "same": True, "differing": ()}
    _show_reproduction(again | {"versions": {}, "snapshot": "", "seed": 1, "other_sql": True})
    assert f"another release's statement gave {told}" in capsys.readouterr().out


def draft(mandate: CommandLine, channel: str, price: str) -> str:
    options = ("--channel", channel, "--price", price)
    return str(mandate.ok("change", "create", *PLACE, *options, *MARA)["change"])


def test_changes_are_simulated_together_and_told_in_words(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    direct, partner = draft(mandate, "direct", "50.00"), draft(mandate, "partner", "51.00")

    found = mandate.ok("simulate", "together", direct, partner, *MARA)
    assert found["with_changes"] == [direct, partner]
    unproven = [check["name"] for check in found["checks"] if check["outcome"] != "pass"]
    lines = ["every_line_priced", "not_negative", "margin_floor"]
    assert unproven == [*lines, "no_unrouted_approval"], "there is no quote yet that anybody could price or approve"
    told = mandate("simulate", "together", direct, partner, *MARA)
    assert told.code == 0
    assert "difference in eligibility: 0 lines" in told.out
    assert f"{direct}, {partner}" in told.out and "Golden scenarios: pass, 6 scenarios" in told.out


def test_what_a_change_or_a_version_would_do_today(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    change = draft(mandate, "direct", "53.00")

    assert mandate.ok("simulate", "today", change, *MARA)["on_live"]
    assert "with the quotes of today" in mandate("simulate", "today", change, *MARA).out
    assert mandate.ok("simulate", "version", "pricing/standard", "1", *MARA)["quotes"] == 0
    assert mandate("simulate", "version", "pricing/standard", "99", *MARA).code == 4
    assert mandate("simulate", "show", change, *MARA).code == 4


def test_what_was_not_simulated_cannot_be_run_again(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    change = draft(mandate, "direct", "52.00")

    for arguments in (("reproduce", change), ("trace", change, "Q-1"), ("together", "CR-0"), ("reproduce", "CR-0")):
        assert mandate("simulate", *arguments, *MARA).code == 4, arguments
    assert mandate("simulate", "progress", change, *MARA).code == 3
    assert mandate("simulate", "together", *MARA).code == 2


def test_what_uses_an_offering_is_told_before_a_change(shop_with_content: CommandLine) -> None:
    told = shop_with_content("used", "FIBRE-500", "FIBRE-1000", "--market", "DE", "--channel", "direct", *MARA)
    assert told.code == 0
    assert "open quotes" in told.out and "Found by index" in told.out
    assert shop_with_content("used", "no-such-offering", *MARA).code == 4
    assert shop_with_content("used", *MARA).code == 2


def test_what_an_entry_is_about_is_told_before_a_change(shop_with_content: CommandLine) -> None:
    clause = ("--entry", "document/standard", "clause/withdrawal-eu")
    told = shop_with_content("used", *clause, *MARA)
    assert told.code == 0 and "open quotes" in told.out, told
    assert shop_with_content("used", "--entry", "document/standard", "clause/none", *MARA).code == 4
    assert shop_with_content("used", "FIBRE-500", *clause, *MARA).code == 2
    assert shop_with_content("used", *clause, "--market", "DE", *MARA).code == 2
