"""What a change touches, prepared for asking many lines: grouped by which of the five words are given (chapter 5)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import compress, product
from math import prod
from operator import attrgetter, ne

from domain.artifact import EVERYWHERE
from domain.kinds.kind import Touched

WORDS = ("offering", "selling_model", "market", "channel", "currency")
ANY = (EVERYWHERE,) * len(WORDS)
words_of = attrgetter(*WORDS)
Line = Sequence[str]
"""The five words of a line: offering, selling model, market, channel, currency."""


@dataclass(frozen=True)
class Touching:
    """Everything touched. `groups`: for each set of given words the combinations of them that are touched."""

    groups: Mapping[tuple[int, ...], frozenset[tuple[str, ...]]]

    def matches(self, line: Line) -> bool:
        """Whether a line uses anything touched."""
        return any(tuple(line[place] for place in given) in wanted for given, wanted in self.groups.items())

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
        (combinations,) = self.groups.values()
        return len(combinations) == prod(len(values) for values in self.wanted.values())


def touching(items: Iterable[Touched]) -> Touching:
    """What is touched, by which words are given. A change touches thousands of things: each has to cost little."""
    by_given: dict[tuple[bool, ...], set[tuple[str, ...]]] = {}
    for words in map(words_of, items):
        by_given.setdefault(tuple(map(ne, words, ANY)), set()).add(words)
    return Touching(
        {
            tuple(compress(range(len(WORDS)), given)): frozenset(tuple(compress(words, given)) for words in wanted)
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
