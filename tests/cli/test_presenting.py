from decimal import Decimal

import pytest

from cli import present
from cli.errors import exit_code
from cli.inbox import show_inbox
from cli.price_choice import raised
from cli.timeline import sentence
from domain.errors import Conflict, NotFound, Refused, Unauthenticated, Unavailable


def test_money_has_the_decimals_of_its_currency() -> None:
    assert present.money(123_450, "EUR") == "1,234.50 EUR"
    assert present.money(1_234, "JPY") == "1,234 JPY"
    assert present.totals({"EUR": -250, "CHF": 100}, signed=True) == "+1.00 CHF, -2.50 EUR"
    assert present.totals({}) == "nothing"


@pytest.mark.parametrize(
    ("unit", "currency", "shown"),
    [("42.9", "EUR", "42.90 EUR"), ("0.000125", "EUR", "0.000125 EUR"), ("1500", "JPY", "1,500 JPY")],
)
def test_unit_prices_keep_every_decimal(unit: str, currency: str, shown: str) -> None:
    assert present.price(unit, currency) == shown


def test_instants_are_shown_in_the_zone_that_is_named() -> None:
    assert present.moment("2026-11-30T23:00:00Z") == "Mon 30 Nov 2026 23:00 UTC"
    assert present.moment("2026-11-30T23:00:00Z", "Europe/Berlin") == "Tue 01 Dec 2026 00:00 Europe/Berlin"


def test_texts_of_others_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    present.table(("Title",), [["[red]\x1b[2Jgone\x07"]])
    present.say("a\x1b]0;title\x07b")
    printed = capsys.readouterr().out
    assert "\x1b" not in printed and "\x07" not in printed
    assert "[red]?[2Jgone?" in printed


def test_tables_stand_whole_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    present.table(("Change", "Title", "Tier>"), [["CR-2026-0001", "word " * 20, 2]])
    line = next(line for line in capsys.readouterr().out.splitlines() if "CR-2026-0001" in line)
    assert line.count("word") == 20 and line.rstrip().endswith("2")


def test_an_inbox_that_is_not_shown_whole_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    about = {"title": "Fibre 500", "tier": 2, "requester": "mara.lindqvist"}
    next_timer = {"next_timer": "reminder", "due_at": "2026-11-23T16:00:00Z"}
    item = {"subject": "CR-2026-0001", "change": about, "stage": "Owner", "represents": None, **next_timer}
    show_inbox({"items": [item], "total": 231})
    assert capsys.readouterr().out.splitlines()[-1] == "These are the most urgent 1 of 231; --limit shows more."
    show_inbox({"items": [item], "total": 1})
    assert "--limit" not in capsys.readouterr().out


def test_the_timeline_speaks_in_sentences() -> None:
    entry = {
        "at": "2026-11-23T16:00:00Z",
        "action": "change.decided",
        "actor": "ines.castellano",
        "person": "ines.castellano",
        "outcome": "approve",
        "details": {"stage": "owner"},
    }
    names = {"ines.castellano": "Ines Castellano"}
    assert sentence(entry, names) == "Mon 23 Nov 2026 16:00  Ines Castellano approved it in the stage owner"
    back = {**entry, "action": "change.rollback_asked", "said": "Wrong price."}
    assert sentence(back, names).endswith("Ines Castellano asked to take it back: Wrong price.")
    by_mandate = {**entry, "actor": "system:worker", "person": None}
    fired = {**by_mandate, "action": "change.timers", "details": {"fired": [{"what": "reminder", "level": 1}]}}
    assert sentence(fired, names).endswith("Mandate let time act: reminder")
    unknown = {**by_mandate, "action": "change.not_yet_known", "outcome": "done"}
    assert sentence(unknown, names).endswith("Mandate change not yet known: done")


@pytest.mark.parametrize(
    ("failure", "code"),
    [(Refused, 1), (Conflict, 1), (Unavailable, 3), (NotFound, 4), (Unauthenticated, 5)],
)
def test_each_failure_has_its_exit_code(failure: type[Refused], code: int) -> None:
    assert exit_code(failure("some_code", "Some detail.")) == code


@pytest.mark.parametrize(
    ("old", "currency", "percent", "new"),
    [
        ("39.90", "EUR", 7, "42.70"),
        ("39.90", "EUR", 30, "51.90"),
        ("438", "EUR", 7, "468.70"),
        ("1", "EUR", 7, "1.1"),
        ("1500", "JPY", 7, "1605"),
        ("0.001", "EUR", 7, "0.00107"),
    ],
)
def test_a_raised_price_is_about_so_much_more_and_could_be_printed(
    old: str, currency: str, percent: int, new: str
) -> None:
    assert raised(Decimal(old), currency, percent) == Decimal(new)


@pytest.mark.parametrize("old", ["0.000001", "0.5", "1.00", "7.77"])
def test_a_raised_price_is_always_more(old: str) -> None:
    assert raised(Decimal(old), "EUR", 7) > Decimal(old)
