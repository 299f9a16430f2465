"""`mandate seed quotes`: the same seed gives the same quotes, all at once; an interrupted run is gone on with."""

from tests.cli.command_line import CommandLine

SOFIA = ("--as", "sofia.marin")
SEED = ("seed", "quotes", "--seed")


def test_a_seed_is_written_once(shop_with_content: CommandLine) -> None:
    mandate = shop_with_content
    first = mandate.ok(*SEED, 7, "--count", 6_000, *SOFIA)
    assert (first["quotes"], first["digest"][:7]) == (6_000, "sha256:")
    assert mandate.ok(*SEED, 7, "--count", 6_000, *SOFIA) == first
    told = mandate(*SEED, 7, "--count", 6_000, *SOFIA).out
    assert "6,000 open quotes of seed 7 are there, with " in told


def test_a_seed_is_not_used_for_another_count(shop_with_content: CommandLine) -> None:
    assert shop_with_content(*SEED, 8, "--count", 10, *SOFIA).code == 0
    answer = shop_with_content(*SEED, 8, "--count", 20, *SOFIA)
    assert answer.code == 1 and "error: seed_used: Seed 8 was used for 10 quotes" in answer.err


def test_orders_are_seeded_and_say_how_many_are_spoilt(shop_with_content: CommandLine) -> None:
    asked = ("seed", "orders", "--count", 120, "--seed", 9, "--faults", "all", "--rate", 1_000)
    first = shop_with_content.ok(*asked, *SOFIA)
    assert first["orders"] == 120 and first["spoilt"] > 0
    assert shop_with_content.ok(*asked, *SOFIA) == first
    answer = shop_with_content("seed", "orders", "--count", 120, "--seed", 9, *SOFIA)
    assert answer.code == 1 and "error: seed_used: " in answer.err
    answer = shop_with_content("seed", "orders", "--count", 5, "--seed", 10, "--faults", "nonsense", *SOFIA)
    assert answer.code == 1
