"""Each outcome has its exit code and one clear line, against a real API."""

import stat
from pathlib import Path
from typing import Any

import pytest

from cli.platform.ports import remembered_ports
from tests.cli.command_line import Answer, CommandLine

PRICE = (
    *("--offering", "FIBRE-500", "--selling-model", "monthly", "--market", "DE", "--channel", "direct"),
    *("--currency", "EUR", "--price", "47.90"),
)
MARA = ("--as", "mara.lindqvist")


@pytest.fixture(scope="module")
def mandate(shop_with_content: CommandLine) -> CommandLine:
    return shop_with_content


@pytest.fixture(scope="module")
def draft(mandate: CommandLine) -> str:
    """A draft of Mara's."""
    return str(mandate.ok("change", "create", *PRICE, *MARA)["change"])


def failed(answer: Answer, code: int, line: str) -> None:
    assert (answer.code, answer.out) == (code, ""), answer
    assert line in answer.err and "Traceback" not in answer.err, answer.err


def test_help_names_the_exit_codes_and_every_command(mandate: CommandLine) -> None:
    answer = mandate("--help")
    assert answer.code == 0 and "Exit codes" in answer.out
    for name in ("change", "inbox", "artifact", "price", "freeze", "import", "seed", "travel", "ops", "up", "demo"):
        assert f" {name} " in answer.out, name


def test_a_draft_is_created_listed_and_shown(mandate: CommandLine, draft: str) -> None:
    assert draft in [change["id"] for change in mandate.ok("change", "list", "--state", "draft", *MARA)]
    shown = mandate("change", "show", draft, *MARA)
    assert shown.code == 0
    assert "FIBRE-500, monthly, DE, direct: " in shown.out and "becomes 47.90 EUR" in shown.out


def test_a_dry_run_says_what_would_happen_and_keeps_nothing(mandate: CommandLine) -> None:
    before = mandate.ok("change", "list", *MARA)
    answer = mandate("change", "create", *PRICE, "--dry-run", *MARA)
    assert answer.code == 0 and "Tier 2: a price update" in answer.out, answer
    assert "Earliest legal slot in DE: " in answer.out and "if everybody decides by their reminder" in answer.out
    assert mandate.ok("change", "list", *MARA) == before


def test_a_change_from_a_file(mandate: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "change.yaml"
    file.write_text(
        "kind: pricing\ntitle: Slower upload\nobjective: Follow cost.\neffective: {date: 2099-12-01, time: 10:30}\n"
        "parts:\n- artifact: pricing/standard\n  edits:\n  - {edit: set_price, offering: DSL-16, selling_model: monthly,"
        " market: GB, channel: direct, currency: GBP, unit_price: 18.40}\n"
    )
    change = mandate.ok("change", "create", "--file", file, *MARA)["change"]
    content = mandate.ok("change", "show", change, *MARA)["content"]
    assert content["effective"] == {"date": "2099-12-01", "time": "10:30:00", "zone": "market"}
    assert content["parts"][0]["operations"][0]["after"]["unit_price_micros"] == 18_400_000


def test_refused_by_the_rules(mandate: CommandLine, draft: str) -> None:
    failed(mandate("change", "submit", draft, "--as", "helene.aubry"), 1, "error: not_yours: Only the requester")
    failed(mandate("change", "rollback", draft, "--reason", "no", *MARA), 1, "error: illegal_transition: ")
    failed(mandate("change", "give-up", draft, "--reason", "no", *MARA), 1, "error: illegal_transition: ")


def test_not_accepted_names_the_place(mandate: CommandLine) -> None:
    wrong = [part if part != "FIBRE-500" else "FIBRE-5000" for part in PRICE]
    failed(mandate("change", "create", *wrong, *MARA), 1, "error: unknown_price: FIBRE-5000 has no price")


@pytest.mark.parametrize(
    "arguments",
    [
        ("change", "decide", "CR-1"),
        ("change", "decide", "CR-1", "--approve", "--reject"),
        ("change", "create", "--offering", "X"),
        ("travel", "soon"),
        ("freeze", "declare", "--from", "2026-12-24T00:00", "--until", "2026-12-25T00:00Z", "--reason", "no offset"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_line(mandate: CommandLine, arguments: tuple[str, ...]) -> None:
    failed(mandate(*arguments, *(MARA if len(arguments) > 1 else ())), 2, "")


def test_no_such_record(mandate: CommandLine) -> None:
    failed(mandate("change", "show", "CR-2026-9999", *MARA), 4, "error: unknown_change_request: ")
    place = ("--selling-model", "monthly", "--market", "DE", "--channel", "direct", "--currency", "EUR")
    failed(mandate("price", "NOTHING", *place, *MARA), 4, "error: no_price: ")


def test_nobody_answers(mandate: CommandLine, tmp_path: Path) -> None:
    port = remembered_ports(tmp_path / "ports.json", ("nobody",))["nobody"]
    failed(mandate("inbox", "--url", f"http://127.0.0.1:{port}", *MARA), 3, "error: not_reachable: ")
    failed(mandate("inbox", "--url", "nonsense", *MARA), 3, "error: not_reachable: ")


def test_not_signed_in_then_signed_in_and_kept_for_oneself(mandate: CommandLine) -> None:
    failed(mandate("whoami"), 5, "error: not_signed_in: ")
    failed(mandate("login", "nobody.at.all"), 5, "error: unknown_account: ")
    assert mandate("login", "delivery-pipeline").code == 0
    assert "a machine" in mandate("whoami").out
    kept = mandate.folder / "mandate" / "sessions.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert mandate.ok("whoami", *MARA)["account"] == "mara.lindqvist"
    kept.unlink()


def test_following_ends_with_the_outcome_or_when_time_is_up(mandate: CommandLine) -> None:
    change = mandate.ok("change", "create", *PRICE, *MARA)["change"]
    late = mandate("change", "watch", change, "--timeout", "1s", *MARA)
    assert late.code == 6 and "Mara Lindqvist created the draft" in late.out
    assert mandate("change", "watch", change, "--until", "draft", *MARA).code == 0
    mandate.ok("change", "withdraw", change, "--reason", "not needed", *MARA)
    assert mandate("change", "watch", change, "--until", "withdrawn", *MARA).code == 0
    over = mandate("change", "watch", change, *MARA)
    assert over.code == 1 and "Mara Lindqvist withdrew it" in over.out


def test_what_things_cost_and_who_made_it_so(mandate: CommandLine) -> None:
    place = ("--selling-model", "monthly", "--market", "GB", "--channel", "direct", "--currency", "GBP")
    answer = mandate("price", "DSL-16", *place, *MARA)
    assert answer.out.startswith("17.90 GBP\nby version 1 of the price book"), answer
    versions: list[dict[str, Any]] = mandate.ok("artifact", "versions", "pricing/standard", *MARA)
    assert [version["number"] for version in versions] == [1]
    assert (
        "price/DSL-16/monthly/GB/direct/GBP"
        in mandate("artifact", "entries", "pricing/standard", 1, "--contains", "DSL-16/monthly/GB", *MARA).out
    )


def test_freezes_are_declared_listed_and_taken_back(mandate: CommandLine) -> None:
    times = ("--from", "2098-12-24T00:00+01:00", "--until", "2099-01-02T00:00Z")
    refused = mandate("freeze", "declare", *times, "--reason", "Year end", *MARA)
    failed(refused, 1, "error: may_not_freeze: ")
    freeze = mandate.ok("freeze", "declare", *times, "--reason", "Year end", "--as", "helene.aubry")["freeze"]
    assert freeze in mandate("freeze", "list", *MARA).out
    mandate.ok("freeze", "lift", freeze, "--as", "helene.aubry")
    assert mandate.ok("freeze", "list", *MARA)[0]["lifted_at"]
