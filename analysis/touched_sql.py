"""What is touched as tables and conditions of a statement: the same question as `Touching.matches` asks of one line."""

from collections.abc import Iterable, Iterator, Mapping

import duckdb
import pyarrow as pa

from domain.touched import NAMES, PERIOD, Touching, days


def load(connection: duckdb.DuckDBPyConnection, touching: Touching, name: str = "touched") -> None:
    """Make the tables that the conditions name: `wanted_<word>` and `<name>_<number>`."""
    for number, (given, wanted) in enumerate(_groups(touching)):
        table(connection, f"{name}_{number}", pa.table(_columns(given, wanted)) if given else pa.table({"any": ["*"]}))
    for word, values in touching.wanted.items():
        table(connection, f"wanted_{word}", pa.table({word: values}))


def _columns(given: tuple[int, ...], wanted: Iterable[tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    columns = dict(zip((NAMES[place] for place in given), zip(*wanted, strict=True), strict=True))
    if (periods := columns.pop("period", None)) is not None:
        columns["since"], columns["until"] = zip(*map(days, periods), strict=True)
    return columns


def table(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Make a table of rows."""
    connection.register("given", rows)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM given")
    connection.unregister("given")


def _groups(touching: Touching) -> list[tuple[tuple[int, ...], list[tuple[str, ...]]]]:
    return [(given, sorted(wanted)) for given, wanted in sorted(touching.groups.items())]


def conditions(touching: Touching, words: Mapping[str, str], made: str, name: str = "touched") -> list[str]:
    """What has to hold of a line; words: where each stands; made: the day of its quote as a date.

    First word by word, which leaves most lines out early; then the combinations, where words leave any open.
    """
    found = [f"{words[word]} IN (SELECT {word} FROM wanted_{word})" for word in touching.wanted]
    return found if touching.exact else [*found, f"({' OR '.join(_combinations(touching, words, made, name))})"]


def _combinations(touching: Touching, words: Mapping[str, str], made: str, name: str) -> Iterator[str]:
    for number, (given, _) in enumerate(_groups(touching)):
        names = [NAMES[place] for place in given if place != PERIOD]
        if PERIOD in given:
            day = f"coalesce({made} >= CAST(t.since AS DATE) AND {made} < CAST(t.until AS DATE), TRUE)"
            same = [f"t.{one} = {words[one]}" for one in names]
            yield f"EXISTS (SELECT 1 FROM {name}_{number} t WHERE {' AND '.join([*same, day])})"
        elif names:
            line = ", ".join(words[one] for one in names)
            yield f"({line}) IN (SELECT ({', '.join(names)}) FROM {name}_{number})"
        else:
            yield "TRUE"
