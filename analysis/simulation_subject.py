"""What is simulated: a change, or several together, on contents of known versions (R-6.4, R-6.6)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.simulation_answers import Side, sides
from analysis.simulation_engine import Books
from domain.artifact import EVERYWHERE, Content, Part
from domain.canonical import digest
from domain.kinds.entries import of_type


@dataclass(frozen=True)
class Subject:
    """What is simulated: the parts of the change, contents by kind as they are and as they would be, and the two books.

    versions: of every artifact as it is; with_changes: the changes whose parts are contained or were applied before
    (R-6.6).
    """

    parts: Sequence[Part]
    current: Mapping[str, Content]
    proposed: Mapping[str, Content]
    versions: Mapping[str, int]
    books: Books
    with_changes: tuple[str, ...] = ()

    @cached_property
    def seed(self) -> int:
        """The seed of samples: a function of what is simulated, so that it can be drawn again (R-6.4)."""
        parts = [[part.artifact, part.base, [op.entry for op in part.operations]] for part in self.parts]
        return int(digest({"parts": parts, "versions": dict(self.versions)})[7:15], 16)

    @cached_property
    def sides(self) -> tuple[Side, Side]:
        """What rules answer before and after."""
        return sides(self.current, self.proposed)

    @cached_property
    def offerings(self) -> tuple[str, ...] | None:
        """The offerings that the change touches; None where it touches all, or nothing that names an offering."""
        found = sorted({item.offering for item in self.books.touched})
        return None if not found or EVERYWHERE in found else tuple(found)

    @cached_property
    def sellable(self) -> tuple[str, ...]:
        """Of those, what can be sold after the change."""
        sold = {
            entry["id"]
            for entry in of_type(self.proposed.get("catalog", {}), "offering")
            if entry["sellable"] and entry["lifecycle"] == "active"
        }
        return tuple(sorted(sold if self.offerings is None else sold & set(self.offerings)))

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """The markets for which the price book names prices of their own."""
        prices = of_type(self.proposed.get("pricing", {}), "price")
        return tuple(sorted({price["market"] for price in prices} - {EVERYWHERE}))
