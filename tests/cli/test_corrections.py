"""`mandate correction ...`: data is corrected from the command line (chapter 17)."""

from tests.cli.command_line import CommandLine

MARA = ("--as", "mara.lindqvist")


def test_a_line_is_previewed_asked_about_corrected_and_listed(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    assert mandate("seed", "quotes", "--count", "60", "--seed", "8", *MARA).code == 0
    quote = mandate.ok("quote", "list", "--status", "draft", *MARA)["items"][0]["id"]
    what = ("quote_line", f"{quote}/1", "discount_basis_points", "777")

    fields = mandate("correction", "fields", *MARA)
    assert (fields.code, "Finance and Legal" in fields.out, "quote/line" in fields.out) == (0, True, True)
    shown = mandate("correction", "preview", *what, *MARA)
    assert (shown.code, "net_minor" in shown.out, "agreed to by Finance and Legal" in shown.out) == (0, True, True)
    assert mandate("correction", "list", *MARA).out == "Nothing was corrected.\n"

    request = mandate.ok("correction", "ask", *what, "--reason", "Typed wrongly.", *MARA)["request"]
    for who in ("helene.aubry", "sunita.iyer"):
        assert mandate("approval", "decide", request, "--approve", "--as", who).code == 0
    listed = mandate("correction", "list", "--key", quote, *MARA)
    assert (listed.code, request in listed.out, "777" in listed.out, "Typed wrongly." in listed.out) == (
        0, True, True, True,
    )  # fmt: skip


def test_what_cannot_be_asked_says_why(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    evidence = mandate("correction", "ask", "decision", "x", "choice", "approve", "--reason", "No.", *MARA)
    assert (evidence.code, "never overwritten" in evidence.err) == (1, True)
    tried = mandate("audit", "search", "--outcome", "refused", "--actor", "mara.lindqvist", *MARA)
    assert "ask_correction" in tried.out
    unknown = mandate("correction", "preview", "invoice", "1", "total", "2", *MARA)
    assert (unknown.code, "there are quote, quote_line" in unknown.err) == (1, True)
    assert mandate("correction", "preview", "quote", "Q-0", "owner", "x", *MARA).code == 4
    assert mandate("correction", "ask", "quote", "Q-0", "owner", "x", *MARA).code == 2
