"""`mandate quote ...`: quotes are read and submitted for approval from the command line (R-7.11)."""

from tests.cli.command_line import CommandLine

MARA, TOM = ("--as", "mara.lindqvist"), ("--as", "tom.okafor")


def test_a_quote_is_submitted_approved_and_shown(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    assert mandate("seed", "quotes", "--count", "60", "--seed", "7", *MARA).code == 0
    quotes = [one["id"] for one in mandate.ok("quote", "list", "--status", "draft", *MARA)["items"]]
    assert quotes[0] in mandate("quote", "list", "--status", "draft", *MARA).out

    request = mandate.ok("quote", "submit", quotes[0], "--payment-days", "20", *MARA)["request"]
    assert mandate("approval", "decide", request, "--approve", *MARA).code == 1
    assert mandate("approval", "decide", request, "--approve", *TOM).code == 0
    shown = mandate("quote", "show", quotes[0], *MARA)
    assert (shown.code, "Approved by Tom Okafor" in shown.out, request in shown.out) == (0, True, True)

    taken_back = mandate.ok("quote", "submit", quotes[1], "--other-clauses", *MARA)["request"]
    assert mandate("approval", "withdraw", taken_back, *TOM).code == 1
    assert mandate("approval", "withdraw", taken_back, *MARA).code == 0
    assert mandate("quote", "submit", quotes[1], "--regions", "0", *MARA).code == 2
    assert mandate("quote", "submit", "Q-0", *MARA).code == 4
