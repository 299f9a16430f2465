"""Sums of a simulation: by columns as row by row, and of parts in any grouping as of the whole (D14a)."""

import random
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from analysis.columns import partition_of
from analysis.simulation_few import part_of_rows
from analysis.simulation_parts import COUNTS, FAILING_LINES, SCHEMA, WORDS, counted, merged, part_of

CODES = ("CHF", "EUR", "GBP", "JPY")


def test_moves_are_counted_by_columns_as_row_by_row_also_those_that_round_to_zero() -> None:
    olds, moves = (1, 10_000, 10**9), (-2_000, -1_999, -1, 0, 1, 199, 200, 201, 30_000)
    amounts = [(old, old + move) for old in olds for move in moves] + [(0, 5), (-5, 5), (None, 5), (5, None)]
    # Where basis points of a move do not fit into 64 bits.
    amounts += [
        (old, old + sign * move)
        for old in (2**40, 2**49, 2**60)
        for move in (2**49, 2**49 + 1, 2**60, 2**60 // 50, 2**60 // 50 + 1)
        for sign in (1, -1)
    ]
    costs = [1, None, 7]
    rows = [
        {
            **dict.fromkeys(WORDS, "DE"),
            **dict.fromkeys(COUNTS, 0),
            "quote": f"Q-{number:03d}",
            "old_minor": old,
            "new_minor": new,
            "old_cost": costs[number % 3],
            "new_cost": costs[number % 2],
        }
        for number, (old, new) in enumerate(amounts)
    ]

    rows = [row | dict(zip(FAILING_LINES, (n % 2, n % 3, n % 5), strict=True)) for n, row in enumerate(rows)]
    columns = pa.Table.from_pylist(rows, SCHEMA)
    whole = part_of(columns)
    apart = [part_of_rows(list(some)) for some in by_partition(rows)]
    assert whole == part_of_rows(rows) == merged(apart) == merged([merged(apart[3:]), *reversed(apart[:3])])
    assert (whole.unpriced, whole.negative, whole.thin) == tuple(
        sum(row[name] for row in rows) for name in FAILING_LINES
    )
    # Evidence of an earlier release, which counted no failing lines, is found again by the same digest.
    assert whole.digest == "sha256:eef49cb13b3d471cc170d2d0f014b3a4e1bd9992e2eb09690b052fc842e895bf"
    first_lines = columns.drop_columns(FAILING_LINES)
    assert counted(columns) is columns and part_of(counted(first_lines)).digest == whole.digest


def test_the_largest_quotes_are_those_of_each_currency_in_turn_however_they_are_grouped() -> None:
    drawn = random.Random(3)
    olds = [None, 0, *(drawn.randrange(1, 10_000) for _ in range(400))]
    rows = [
        {**dict.fromkeys(WORDS, "DE"), **dict.fromkeys((*COUNTS, *FAILING_LINES), 0)}
        | {"quote": f"Q-{n:03d}", "currency": drawn.choice(["EUR", "GBP", "JPY", "JPY", "JPY", "JPY"])}
        | {"old_minor": old, "new_minor": old and old + drawn.randrange(-900, 900), "old_cost": 0, "new_cost": 0}
        for n, old in enumerate(olds)
    ]
    rows += [rows[2] | {"quote": "Q-CHF", "currency": "CHF", "old_minor": 1, "new_minor": 2}]
    # What nobody can price comes after all that has an amount, whatever currency it names.
    rows += [rows[0] | {"quote": "Q-XXX", "currency": "XXX"}]
    rows = [
        row | {"old_minor": row["old_minor"] * 1_000} if row["old_minor"] and row["currency"] == "JPY" else row
        for row in rows
    ]
    whole = part_of(pa.Table.from_pylist(rows, SCHEMA))
    apart = [part_of_rows(some) for some in by_partition(rows)]

    assert whole == part_of_rows(rows) == merged(apart) == merged([merged(apart[9:]), *reversed(apart[:9])])
    worth = {
        currency: sorted(row["old_minor"] or 0 for row in rows if row["currency"] == currency) for currency in CODES
    }
    turns = [values.pop() for _ in range(100) for code in CODES if (values := worth[code]) and values[-1] > 0]
    assert [effect.old_minor for effect in whole.top] == turns[:100]
    assert [effect.currency for effect in whole.top[:7]] == ["CHF", "EUR", "GBP", "JPY", "EUR", "GBP", "JPY"]
    assert [effect.currency for effect in whole.largest[:5]] == ["CHF", "EUR", "GBP", "JPY", "EUR"]
    assert whole.largest == whole.largest_margins and len(whole.largest) == 25


def by_partition(rows: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    """The rows of each partition of quotes."""
    numbers = sorted({partition_of(row["quote"]) for row in rows})
    return [[row for row in rows if partition_of(row["quote"]) == number] for number in numbers]
