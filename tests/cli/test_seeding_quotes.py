"""`mandate seed quotes`: the same seed gives the same quotes, once."""

from tests.cli.command_line import CommandLine

SOFIA = ("--as", "sofia.marin")


def test_chunks_are_written_once_and_continued(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    # Six thousand are two chunks; the first one alone is what an interrupted run leaves.
    first = mandate.ok("seed", "quotes", "--count", 5_000, "--seed", 7, *SOFIA)
    both = mandate.ok("seed", "quotes", "--count", 6_000, "--seed", 7, *SOFIA)
    again = mandate.ok("seed", "quotes", "--count", 6_000, "--seed", 7, *SOFIA)
    assert first["quotes"] == 5_000 and both["quotes"] == 6_000
    assert first["lines"] < both["lines"] == again["lines"]
    assert (
        "6,000 open quotes of seed 7 are there" in mandate("seed", "quotes", "--count", 6_000, "--seed", 7, *SOFIA).out
    )


def test_a_seed_is_not_used_for_another_count(shop_with_content: CommandLine) -> None:
    assert shop_with_content("seed", "quotes", "--count", 10, "--seed", 8, *SOFIA).code == 0
    answer = shop_with_content("seed", "quotes", "--count", 20, "--seed", 8, *SOFIA)
    assert answer.code == 1 and "error: seed_used: " in answer.err
