"""How the command line writes money, dates and texts of others; everything else writes through these."""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from domain.money import amount, exponent

WIDE = 240


def plain(text: object) -> str:
    """A text of somebody else that is safe on a terminal: no control characters but line ends."""
    return "".join(char if char.isprintable() or char == "\n" else "?" for char in str(text))


def say(*lines: object) -> None:
    """Write lines for people to standard output."""
    for line in lines:
        print(plain(line), flush=True)


def waits(asked: Any) -> None:
    """Say for people that a request was made, and that others have to agree first."""
    say(f"{asked['request']} waits for those who have to agree.")


def show_json(value: Any) -> None:
    """Write a value for scripts to standard output."""
    sys.stdout.write(json.dumps(value, indent=2, default=str) + "\n")


def table(columns: Sequence[str], rows: Iterable[Sequence[object]], title: str | None = None) -> None:
    """Write a table for people to standard output; a column whose name ends with `>` stands at the right."""
    grid = Table(box=SIMPLE_HEAD, title=title, title_justify="left", pad_edge=False)
    for place, column in enumerate(columns):
        grid.add_column(column.removesuffix(">"), justify=_side(column), overflow="fold", no_wrap=place == 0)
    for row in rows:
        grid.add_row(*(plain("" if cell is None else cell) for cell in row))
    # What goes into a file or a pipe has no edge at which a cell would have to be broken.
    width = None if sys.stdout.isatty() else WIDE
    console = Console(markup=False, highlight=False, file=sys.stdout, width=width)
    console.print(grid)


def _side(column: str) -> Literal["left", "right"]:
    return "right" if column.endswith(">") else "left"


def money(minor: int, currency: str) -> str:
    """Minor units as `1,234.50 EUR`."""
    return f"{amount(minor, currency):,} {currency}"


def gain(minor: int, currency: str) -> str:
    """The same with its sign: `+1,234.50 EUR`."""
    return f"{amount(minor, currency):+,} {currency}"


def totals(values: Mapping[str, int], signed: bool = False) -> str:
    """Totals per currency in one line; `nothing` when there are none."""
    return ", ".join((gain if signed else money)(minor, code) for code, minor in sorted(values.items())) or "nothing"


def price(unit: str | Decimal, currency: str) -> str:
    """A unit price with at least the decimals of its currency: `42.90 EUR`, `0.000125 EUR`."""
    text = f"{Decimal(unit):,f}"
    whole, _, decimals = text.partition(".")
    decimals = decimals.rstrip("0").ljust(exponent(currency), "0")
    return f"{whole}.{decimals} {currency}" if decimals else f"{whole} {currency}"


def moment(text: str | datetime | None, zone: str = "UTC") -> str:
    """An instant as `Mon 30 Nov 2026 23:00 UTC`, in a zone."""
    if text is None:
        return ""
    local = instant(text).astimezone(ZoneInfo(zone))
    return f"{local:%a %d %b %Y %H:%M} {local.tzname() if zone == 'UTC' else zone}"


def instant(text: str | datetime) -> datetime:
    """An instant of the API."""
    return text if isinstance(text, datetime) else datetime.fromisoformat(text)


def words(code: str | None) -> str:
    """A code as words: `awaiting_approval` becomes `awaiting approval`."""
    return (code or "").replace("_", " ").replace("-", " ")


def group_names(groups: Iterable[str]) -> str:
    """Groups in a sentence."""
    return " or ".join(words(group).title() for group in groups)


def counted(number: int, noun: str) -> str:
    """`1 quote`, `12 quotes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
