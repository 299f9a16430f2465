"""The scenes of a simulation: what it looks at beside the quotes that it prices, kept to be looked at again (R-6.4).

They are read from the live records when it runs first; whoever runs it again takes those that were kept.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from sqlmodel import Session

from analysis.simulation_answers import QUESTIONS, Case, named_customers
from analysis.simulation_subject import Subject
from domain.artifact import Content, Entry
from domain.canonical import canonical, parse
from domain.kinds.entries import of_type
from domain.model import Model
from domain.quote import OPEN_STATUSES, Quote
from store import scenes as store
from store.quotes import load

PACK = 200
"""Quotes in a pack of recent or coming business."""


class Lines(Model):
    """Lines of open quotes about which all rules answer the same: how many, and the first quote that has one."""

    case: Case
    lines: int
    example: str


class Scenes(Model):
    """Packs of quotes, open quotes whose approval is looked at with days to pay by quote, open lines by what decides
    them (empty where no rule moves), and who holds a bundle that moves: how many documents, and the first of them.
    """

    accepted: tuple[Quote, ...] = ()
    renewals: tuple[Quote, ...] = ()
    routed: tuple[Quote, ...] = ()
    payment_days: Mapping[str, int] = {}
    lines: tuple[Lines, ...] = ()
    bundles: tuple[str, ...] = ()
    holders: int = 0
    held_by: tuple[str, ...] = ()


Look: TypeAlias = Callable[[Subject, Sequence[str]], Scenes]
"""(subject, ids of the largest affected quotes of each currency in turn) -> the scenes."""


def nothing(subject: Subject, largest: Sequence[str]) -> Scenes:
    """No scenes."""
    return Scenes()


def live_scenes(session: Session) -> Look:
    """Scenes out of the live records."""

    def look(subject: Subject, largest: Sequence[str]) -> Scenes:
        accepted = store.recent_quotes(session, ("accepted",), subject.offerings, PACK)
        renewals = store.renewing_quotes(session, subject.offerings, PACK)
        routed = load(session, largest)
        if not routed and not subject.books.touched:
            routed = store.recent_quotes(session, OPEN_STATUSES, None, PACK)
        bundles = moved_bundles(subject)
        holders, held_by = store.holders(session, bundles) if bundles else (0, ())
        return Scenes(
            accepted=tuple(accepted),
            renewals=tuple(renewals),
            routed=tuple(routed),
            payment_days=store.payment_days(session, [quote.id for quote in (*accepted, *renewals)]),
            lines=_open_lines(session, subject),
            bundles=bundles,
            holders=holders,
            held_by=held_by,
        )

    return look


def kept_scenes(data: bytes) -> Look:
    """The scenes that a simulation kept."""
    found = Scenes.model_validate(parse(data))
    return lambda subject, largest: found


def stored(scenes: Scenes) -> bytes:
    """Scenes as they are kept."""
    return canonical(scenes.model_dump(mode="json"))


def _open_lines(session: Session, subject: Subject) -> tuple[Lines, ...]:
    if not any(question.moves(*subject.sides) for question in QUESTIONS):
        return ()
    rows = store.open_lines(session, named_customers(subject.current, subject.proposed))
    return tuple(Lines(case=Case(*row[:5]), lines=row[5], example=row[6]) for row in rows)


def moved_bundles(subject: Subject) -> tuple[str, ...]:
    """The bundles that one sold before may not survive: their composition moves, or an offering in them ends."""
    old, new = (contents.get("catalog", {}) for contents in (subject.current, subject.proposed))
    if new is old:
        return ()
    composed = _composition(old)
    ended = _active(old).keys() - _active(new).keys()
    found = {entry["bundle"] for key, entry in composed.items() if new.get(key) != entry}
    found |= {entry["bundle"] for key, entry in _composition(new).items() if key not in old}
    found |= {e["bundle"] for e in composed.values() if e["bundle"] in ended or e.get("offering") in ended}
    return tuple(sorted(found))


def _active(catalog: Content) -> dict[str, Entry]:
    return {entry["id"]: entry for entry in of_type(catalog, "offering") if entry["lifecycle"] == "active"}


def _composition(catalog: Content) -> dict[str, Entry]:
    return {key: entry for key, entry in catalog.items() if entry["type"] in ("group", "component")}
