"""What a benchmark says: measurements against a reference of the same run, as JSON lines or as a table."""

import sys
from collections.abc import Sequence
from statistics import median, quantiles
from typing import Any

from domain.model import Model


class Measurement(Model):
    """One number. `ratio` compares it with `reference` of the same run; higher is better, 1 is equal.

    range: the lowest and highest ratio of the rounds (of the values where nothing is compared); target: what was asked
    for, in words; met: None where nothing was asked for.
    """

    bench: str
    metric: str
    value: float
    unit: str
    reference: float | None = None
    ratio: float | None = None
    range: tuple[float, float] | None = None
    target: str | None = None
    met: bool | None = None


def compared(
    bench: str,
    metric: str,
    unit: str,
    pairs: Sequence[tuple[float, float]],
    *,
    least: float | None = None,
    lower_is_better: bool = False,
) -> Measurement:
    """A measurement from rounds of (ours, reference): medians, and the ratios. `least` is the target ratio."""
    ratios = [reference / ours if lower_is_better else ours / reference for ours, reference in pairs]
    ratio = median(ratios)
    return Measurement(
        bench=bench,
        metric=metric,
        value=rounded(median(ours for ours, _ in pairs)),
        unit=unit,
        reference=rounded(median(reference for _, reference in pairs)),
        ratio=rounded(ratio),
        range=(rounded(min(ratios)), rounded(max(ratios))),
        target=None if least is None else f"ratio at least {least:g}",
        met=None if least is None else ratio >= least,
    )


def measured(
    bench: str,
    metric: str,
    unit: str,
    values: Sequence[float],
    value: float | None = None,
    *,
    most: float | None = None,
) -> Measurement:
    """A measurement by itself: the median, or `value` where another number speaks for them. `most` is the target."""
    shown = median(values) if value is None else value
    return Measurement(
        bench=bench,
        metric=metric,
        value=rounded(shown),
        unit=unit,
        range=(rounded(min(values)), rounded(max(values))),
        target=None if most is None else f"at most {most:g} {unit}",
        met=None if most is None else shown <= most,
    )


def percentile(values: Sequence[float], part: int) -> float:
    """The percentile of at least two values."""
    return quantiles(values, n=100, method="inclusive")[part - 1]


def rounded(value: float) -> float:
    """Three significant digits below a thousand, whole numbers above."""
    return float(round(value)) if abs(value) >= 1000 else float(f"{value:.3g}")


def show(results: Sequence[Measurement], as_json: bool) -> None:
    """Print results: one JSON object a line, or a table."""
    lines = [result.model_dump_json() for result in results] if as_json else table(results)
    print("\n".join(lines), flush=True)


def table(results: Sequence[Measurement]) -> list[str]:
    """Results as aligned columns."""
    columns = ("metric", "value", "unit", "reference", "ratio", "range", "target", "met")
    rows = [columns, *(tuple(_cell(getattr(result, name)) for name in columns) for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(columns))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cell(value: Any) -> str:
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "NO"
        case tuple():
            return " to ".join(f"{part:g}" for part in value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def note(sentence: str) -> None:
    """Say on standard error how far a benchmark is."""
    print(sentence, file=sys.stderr, flush=True)


__all__ = ["Measurement", "compared", "measured", "note", "percentile", "rounded", "show", "table"]
