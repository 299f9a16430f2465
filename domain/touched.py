"""What a change touches, prepared for asking many lines: grouped by which of its words are given (chapter 5)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import compress, product
from math import prod
from operator import attrgetter, ne

from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched

PLACE_WORDS = ("offering", "selling_model", "market", "channel", "currency")
HEAD_WORDS = ("customer", "segment")
"""Words that only the head of a document knows; the where-used index does not hold them."""
WORDS = (*PLACE_WORDS, *HEAD_WORDS)
PERIOD = len(WORDS)
"""The place behind the words: the period within which the quote was made."""
NAMES = (*WORDS, "period")
ANY = (EVERYWHERE,) * len(NAMES)
names_of = attrgetter(*NAMES)
Line = Sequence[str]
"""The words of a line, those of its head at the end."""


def day_of(made: datetime | None) -> str | None:
    """The day on which a quote was made, as pricing decides it: in UTC; None where it cannot be read."""
    return None if made is None else made.date().isoformat()


def days(period: str) -> tuple[str, str]:
    """The first day of a period, and the first one after it."""
    since, _, until = period.partition("/")
    return since, until


def within(period: str, day: str | None) -> bool:
    """Whether a day lies in a period; one that cannot be read counts, so that nothing wrong is passed over."""
    if period == EVERYWHERE or day is None:
        return True
    since, until = days(period)
    return since <= day < until


def meet(one: Touched, other: Touched) -> bool:
    """Whether a line can use both: no word differs, and there is a day that is in both periods."""
    pairs = list(zip(names_of(one), names_of(other), strict=True))
    if not all(a == b or EVERYWHERE in (a, b) for a, b in pairs[:PERIOD]):
        return False
    if EVERYWHERE in pairs[PERIOD]:
        return True
    (begins, ends), (since, until) = map(days, pairs[PERIOD])
    return max(begins, since) < min(ends, until)


@dataclass(frozen=True)
class Touching:
    """Everything touched. `groups`: for each set of given words (and PERIOD) the combinations that are touched."""

    groups: Mapping[tuple[int, ...], frozenset[tuple[str, ...]]]

    def matches(self, line: Line, day: str | None = None) -> bool:
        """Whether a line uses anything touched; day: on which its quote was made."""
        if any(tuple(line[place] for place in given) in wanted for given, wanted in self._always.items()):
            return True
        return any(
            within(period, day)
            for given, periods in self._dated.items()
            for period in periods.get(tuple(line[place] for place in given), ())
        )

    def without(self, *names: str) -> "Touching":
        """What is touched as far as documents can tell that do not know these words."""
        dropped = {NAMES.index(name) for name in names}
        if not any(dropped & set(given) for given in self.groups):
            return self
        groups: dict[tuple[int, ...], set[tuple[str, ...]]] = {}
        for given, wanted in self.groups.items():
            kept = [place not in dropped for place in given]
            here = groups.setdefault(tuple(compress(given, kept)), set())
            here |= {tuple(compress(values, kept)) for values in wanted}
        return Touching({given: frozenset(wanted) for given, wanted in groups.items()})

    @cached_property
    def _always(self) -> dict[tuple[int, ...], frozenset[tuple[str, ...]]]:
        return {given: wanted for given, wanted in self.groups.items() if PERIOD not in given}

    @cached_property
    def _dated(self) -> dict[tuple[int, ...], dict[tuple[str, ...], list[str]]]:
        """For each set of given words the periods in which each combination is touched."""
        found: dict[tuple[int, ...], dict[tuple[str, ...], list[str]]] = {}
        for given, wanted in self.groups.items():
            if PERIOD in given:
                periods = found.setdefault(given[:-1], {})
                for *values, period in wanted:
                    periods.setdefault(tuple(values), []).append(period)
        return found

    @cached_property
    def further(self) -> bool:
        """Whether it asks anything that the where-used index does not know."""
        return any(place >= len(PLACE_WORDS) for given in self.groups for place in given)

    @cached_property
    def wanted(self) -> dict[str, list[str]]:
        """For each word the values that come into question; a word that may be any is not there."""
        found: dict[int, set[str]] = {place: set() for place in range(len(WORDS))}
        for given, wanted in self.groups.items():
            for place in found.keys() - set(given):
                del found[place]
            for place, values in zip(given, zip(*wanted, strict=True), strict=True):
                if place in found:
                    found[place].update(values)
        return {WORDS[place]: sorted(values) for place, values in found.items()} if self.groups else {}

    @cached_property
    def exact(self) -> bool:
        """Whether `wanted` alone says it: the only group holds every combination of its values."""
        if len(self.groups) != 1:
            return False
        ((given, combinations),) = self.groups.items()
        return PERIOD not in given and len(combinations) == prod(len(values) for values in self.wanted.values())


def touching(items: Iterable[Touched]) -> Touching:
    """What is touched, by which words are given. A change touches thousands of things: each has to cost little."""
    by_given: dict[tuple[bool, ...], set[tuple[str, ...]]] = {}
    for names in map(names_of, items):
        by_given.setdefault(tuple(map(ne, names, ANY)), set()).add(names)
    return Touching(
        {
            tuple(compress(range(len(NAMES)), given)): frozenset(tuple(compress(names, given)) for names in wanted)
            for given, wanted in by_given.items()
        }
    )


def touching_products(offerings: Collection[str], markets: Collection[str], channels: Collection[str]) -> Touching:
    """Offerings in any of these markets and channels, each with each; without any named, in all."""
    given = {
        place: words
        for place, words in ((0, offerings), (WORDS.index("market"), markets), (WORDS.index("channel"), channels))
        if words
    }
    return Touching({tuple(given): frozenset(product(*given.values()))})
