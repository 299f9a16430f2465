"""The seven kinds of difference, old against new, and the invariants that hold beside the prices (R-6.2).

Price, margin and route are of quotes; eligibility, clauses, plan and billing are of lines of open quotes, all of them:
lines about which the rules answer the same are asked about once (simulation_answers.py).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from analysis.simulation_answers import QUESTIONS, Question
from analysis.simulation_approvers import dropped
from analysis.simulation_checks import check
from analysis.simulation_parts import EXAMPLES, Part
from analysis.simulation_routes import Rerouted, Routing, readable, rerouted, routing
from analysis.simulation_scenes import PACK, Scenes
from analysis.simulation_subject import Subject
from domain.artifact import EVERYWHERE
from domain.kinds.document import proposal, required
from domain.kinds.entries import of_type
from domain.kinds.order_mapping import decomposed
from domain.money import amount
from domain.quote import Quote
from domain.simulation import Check, Difference, Outcome, QuoteEffect

STILL = "the change moves nothing that decides about it"
NO_LINES = "no open quote has a line"
NOT_ALL = "no row of the policy holds for every quote, so nobody knows of the others"
NO_QUOTES = "no open or accepted quote comes into question"
NOT_ROUTED = "the approval policy says nothing about quotes"
DOCUMENTED = ("template", "requirement")


@dataclass(frozen=True)
class Compared:
    """A subject with its scenes, and what was found in them."""

    subject: Subject
    scenes: Scenes

    @cached_property
    def routings(self) -> tuple[Routing | None, Routing | None]:
        """The routing before and after; None for a policy that says nothing about quotes."""
        books = self.subject.books
        old, new = (side.of("approval") for side in self.subject.sides)
        return routing(old, "old", books.old), routing(new, "new", books.new)

    @property
    def routed(self) -> bool:
        """Whether a policy says anything about quotes, before or after."""
        return self.routings != (None, None)

    @cached_property
    def routes_move(self) -> bool:
        """Whether the policy moves, or prices and costs that it asks about."""
        old, new = self.subject.sides
        return bool(self.subject.books.touched) or old.of("approval") != new.of("approval")

    @cached_property
    def looked_at(self) -> dict[str, Rerouted | None]:
        """What was found of each quote so far: differences, checks and packs ask about the same ones."""
        return {}

    def rerouted(self, quotes: Sequence[Quote]) -> tuple[Rerouted, ...]:
        """The quotes of some that go another way."""
        if not self.routed or not self.routes_move:
            return ()
        unknown = [quote for quote in quotes if quote.id not in self.looked_at]
        found = {one.quote: one for one in rerouted(*self.routings, unknown, self.scenes.payment_days)}
        self.looked_at.update({quote.id: found.get(quote.id) for quote in unknown})
        return tuple(one for quote in quotes if (one := self.looked_at[quote.id]))

    @cached_property
    def moved(self) -> tuple[Rerouted, ...]:
        """The open quotes that go another way."""
        return self.rerouted(self.scenes.routed)


def differences(part: Part, compared: Compared) -> tuple[Difference, ...]:
    """The seven kinds of difference: in how many cases each was found, or why nobody could look for it."""
    moved = sum(share[1] + share[2] for share in part.shares.values())
    answered = [_answered(question, compared) for question in QUESTIONS]
    return (
        Difference(name="price", cases=moved, checked=part.quotes, examples=_largest(part.largest)),
        Difference(
            name="margin", cases=part.margins_moved, checked=part.quotes, examples=_margins(part.largest_margins)
        ),
        answered[0],
        _routes(compared),
        *answered[1:],
    )


def _largest(effects: Sequence[QuoteEffect]) -> tuple[str, ...]:
    return tuple(_moved(e.quote, e.old_minor, e.new_minor, e.currency) for e in effects[:EXAMPLES])


def _margins(effects: Sequence[QuoteEffect]) -> tuple[str, ...]:
    return tuple(_moved(e.quote, e.old_margin_minor, e.new_margin_minor, e.currency) for e in effects[:EXAMPLES])


def _moved(quote: str, old: int | None, new: int | None, currency: str) -> str:
    before, after = ("unknown" if minor is None else f"{amount(minor, currency):,}" for minor in (old, new))
    return f"{quote}: {before} → {after} {currency}"


def _answered(question: Question, compared: Compared) -> Difference:
    old, new = compared.subject.sides
    if not question.moves(old, new):
        return Difference(name=question.name, cases=0, of="lines", reason=STILL)
    lines = compared.scenes.lines
    found = [(group, words) for group in lines if (words := question.difference(old, new, group.case))]
    return Difference(
        name=question.name,
        cases=sum(group.lines for group, _ in found) if lines else None,
        of="lines",
        reason="" if lines else NO_LINES,
        checked=sum(group.lines for group in lines),
        examples=tuple(f"{g.example}, {g.case.offering} in {g.case.market}: {words}" for g, words in found[:EXAMPLES]),
    )


def _routes(compared: Compared) -> Difference:
    name, looked_at = "approval route", len(compared.scenes.routed)
    if not compared.routes_move:
        return Difference(name=name, cases=0, reason=STILL)
    if not compared.routed or not looked_at:
        reason = "no open quote comes into question" if compared.routed else NOT_ROUTED
        return Difference(name=name, cases=None, reason=reason)
    return Difference(
        name=name,
        cases=len(compared.moved),
        checked=looked_at,
        reason=f"of the {looked_at} quotes that are largest or latest",
        examples=tuple(one.words for one in compared.moved[:EXAMPLES]),
    )


def rule_checks(compared: Compared, affected: int) -> Iterator[Check]:
    """The invariants beside prices; one of which nothing is governed, before or after, is not asked.

    affected: how many open quotes the change affects. What was decided before and is decided by nothing afterwards
    fails: taking out what is checked takes out no check.
    """
    yield from _decomposes(compared.subject)
    yield from _clauses(compared.subject)
    yield from _routed(compared, affected)
    yield from _bundles(compared.scenes)


def _decomposes(subject: Subject) -> Iterator[Check]:
    mapping = subject.sides[1].of("order_mapping")
    if any(of_type(side.of("order_mapping"), "route") for side in subject.sides):
        places = [
            (offering, country) for offering in subject.sellable for country in subject.countries or (EVERYWHERE,)
        ]
        without = [f"{one} in {country}" for one, country in places if decomposed(mapping, one, country) is None]
        title = "Every orderable line decomposes into a plan"
        if places:
            yield check("every_line_decomposes", title, len(places), without)


def _clauses(subject: Subject) -> Iterator[Check]:
    document = subject.sides[1].of("document")
    if not any(of_type(side.of("document"), "template") for side in subject.sides):
        return
    countries = subject.countries or _documented(subject)
    places = [(offering, country) for offering in subject.sellable for country in countries]
    missing = []
    for offering, country in places:
        carried = proposal(document, offering, country)
        lacking = set(required(document, offering, country)) - set(carried or ())
        if carried is None or lacking:
            missing.append(f"{offering} in {country}: {', '.join(sorted(lacking)) or 'no template'}")
    if places:
        yield check("required_clauses", "Every proposal carries the required clauses", len(places), missing)


def _documented(subject: Subject) -> tuple[str, ...]:
    """The countries of templates and requirements, where all prices are for every market; `*` where they name none."""
    contents = [side.of("document") for side in subject.sides]
    entries = [entry for content in contents for kind in DOCUMENTED for entry in of_type(content, kind)]
    return tuple(sorted({entry["country"] for entry in entries} - {EVERYWHERE})) or (EVERYWHERE,)


def _routed(compared: Compared, affected: int) -> Iterator[Check]:
    if compared.routes_move and compared.routed:
        yield _all_routed(compared, affected)
    old, new = (side.of("approval") for side in compared.subject.sides)
    before = readable(old) if old != new else None
    if before is not None:
        asked, gone = dropped(before, readable(new))
        yield check("approvers_stay", "No function that has to approve drops out", asked, gone)


def _all_routed(compared: Compared, affected: int) -> Check:
    """Routes are found quote by quote, of the largest or latest: which, is said where no row holds for every quote."""
    scenes, new = compared.scenes, compared.routings[1]
    quotes = (*scenes.routed, *scenes.accepted)
    unrouted = [one.quote for one in compared.rerouted(quotes) if one.unrouted]
    title, unknown = "Every quote has somebody who approves it", "" if quotes else NO_QUOTES
    sample = "" if unknown or (new and new.asks_always) else _sample(scenes, affected)
    if sample:
        title = f"{title}: looked at were {sample}"
    found = check("no_unrouted_approval", title, len(quotes), unrouted, unknown)
    return found.model_copy(update={"reason": NOT_ALL}) if sample and not unrouted else found


def _sample(scenes: Scenes, affected: int) -> str:
    """The quotes of which the route was looked at, in words; empty where they are all, or none."""
    routed, accepted = len(scenes.routed), len(scenes.accepted)
    if routed < affected:
        looked_at = f"the {routed} largest of {affected:,} affected"
    elif not affected and routed == PACK:
        looked_at = f"the {routed} open ones that were written last"
    elif accepted == PACK:
        looked_at = f"all {routed} open ones that come into question"
    else:
        return ""
    return f"{looked_at}, and the {accepted} that were accepted last" if accepted else looked_at


def _bundles(scenes: Scenes) -> Iterator[Check]:
    """Bundles that move are valid, or the validators fail; who holds one is listed (R-6.2)."""
    if scenes.bundles:
        held = f"{scenes.holders} open quotes and assets hold {', '.join(scenes.bundles)}; they are listed"
        yield Check(
            name="bundles_listed",
            title="Open quotes and assets with a bundle that moves are listed",
            outcome=Outcome.PASS,
            checked=scenes.holders,
            counter_examples=scenes.held_by,
            reason=held,
        )
