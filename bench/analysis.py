"""Analysis at the size of the business, section by section, each beside the bare engine of the same run (D13a)."""

from collections.abc import Callable, Mapping, Sequence

from bench import impact, reconciling, replaying, repricing
from bench.results import Measurement
from domain.errors import Invalid

BENCH = "analysis"
SIZES = (10_000, 100_000, 1_000_000)
SECTIONS: Mapping[str, Callable[[Sequence[int], int], list[Measurement]]] = {
    "impact": impact.run,
    "simulation": repricing.run,
    "reconciliation": reconciling.run,
    "replay": replaying.run,
}
"""A further engine is a further line."""


def run(sizes: Sequence[int], rounds: int, sections: Sequence[str] = ()) -> list[Measurement]:
    """The sections that were asked for, all without a name, at each size. Raises Invalid("unknown_section")."""
    if unknown := sorted(set(sections) - set(SECTIONS)):
        raise Invalid("unknown_section", f"There is no section {unknown[0]}; there are {', '.join(SECTIONS)}.")
    return [found for name in sections or SECTIONS for found in SECTIONS[name](sizes, rounds)]
