"""`mandate data ...`: what is kept about a person, from the command line (R-7.11)."""

from tests.cli.command_line import CommandLine

MARA, INES, NAOMI = ("--as", "mara.lindqvist"), ("--as", "ines.castellano"), ("--as", "naomi.sato")


def test_access_is_asked_for_used_and_ended(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    assert "Nobody has access" in mandate("data", "list", *MARA).out
    request = mandate.ok("data", "ask", "ines.castellano", "--reason", "A complaint.", *MARA)["request"]
    assert mandate("data", "read", "ines.castellano", *MARA).code == 1
    assert mandate("approval", "decide", request, "--approve", *NAOMI).code == 0

    told = mandate("data", "read", "ines.castellano", *MARA)
    assert (told.code, "Ines Castellano (ines.castellano), active" in told.out) == (0, True)
    assert "in force" in mandate("data", "list", *MARA).out
    assert mandate("data", "end", request, *INES).code == 1
    assert mandate("data", "end", request, *MARA).code == 0
    assert mandate("data", "read", "ines.castellano", *MARA).code == 1


def test_own_data_and_bad_input(shop_with_content: CommandLine) -> None:
    assert shop_with_content.ok("data", "read", "ines.castellano", *INES)["name"] == "Ines Castellano"
    assert shop_with_content("data", "ask", "nobody", "--reason", "A complaint.", *MARA).code == 4
    assert (
        shop_with_content("data", "ask", "ines.castellano", "--reason", "A complaint.", "--days", "31", *MARA).code == 2
    )
    assert shop_with_content("data", "end", "AR-1", *MARA).code == 4
