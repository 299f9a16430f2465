"""Simulation: every affected quote priced by the live book and by the proposed one, with invariants (chapter 6)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from analysis.impact import affected_lines, touched_by
from domain.artifact import Content, Part
from domain.canonical import canonical
from domain.kinds import kind_of_artifact
from domain.money import BASIS_POINTS, sums
from domain.pricing import PriceBook, Priced, price_line
from domain.quote import Quote, QuoteLine
from domain.simulation import MARGIN_FLOOR_BASIS_POINTS, Check, Outcome, QuoteEffect, Simulation
from store.files import FileStore

EXAMPLES = 10
LARGEST = 25


@dataclass(frozen=True)
class Case:
    """One affected line under both books."""

    quote: Quote
    line: QuoteLine
    old: Priced | None
    new: Priced | None

    @property
    def name(self) -> str:
        return f"{self.quote.id}/{self.line.line}"


def simulate(
    parts: Sequence[Part],
    quotes: Sequence[Quote],
    old: PriceBook,
    new: PriceBook,
    proposed: Mapping[str, Content],
    versions: Mapping[str, int],
    files: FileStore,
) -> Simulation:
    """Simulate a change on the quotes that it affects.

    old and new are the price books before and after; proposed holds the contents of all artifacts by kind as they would
    be; versions are those that it ran on.
    """
    cases = [
        Case(quote, line, price_line(old, quote, line), price_line(new, quote, line))
        for quote in sorted(quotes, key=lambda q: q.id)
        for line in affected_lines(quote, touched_by(parts))
    ]
    effects = list(_effects(cases))
    changed = [(e, e.new_minor - e.old_minor) for e in effects if e.new_minor is not None]
    return Simulation(
        versions=dict(versions),
        cases=len(cases),
        dearer=sum(1 for _, delta in changed if delta > 0),
        cheaper=sum(1 for _, delta in changed if delta < 0),
        delta=sums((e.currency, delta) for e, delta in changed),
        largest=tuple(e for e, delta in sorted(changed, key=lambda pair: (-abs(pair[1]), pair[0].quote))[:LARGEST]),
        checks=(*_case_checks(cases), *_content_checks(parts, proposed)),
        cases_file=files.put(canonical([e.model_dump(mode="json") for e in effects])),
    )


def _effects(cases: Iterable[Case]) -> Iterable[QuoteEffect]:
    by_quote: dict[str, list[Case]] = {}
    for case in cases:
        by_quote.setdefault(case.quote.id, []).append(case)
    for name, group in sorted(by_quote.items()):
        quote = group[0].quote
        unpriced = any(case.new is None for case in group)
        yield QuoteEffect(
            quote=name,
            market=quote.market,
            channel=quote.channel,
            currency=quote.currency,
            old_minor=sum(case.line.net_minor for case in group),
            new_minor=None if unpriced else sum(case.new.net_minor for case in group if case.new),
        )


def _case_checks(cases: Sequence[Case]) -> tuple[Check, ...]:
    priced = [(case, case.new) for case in cases if case.new]
    costed = [(case, new, new.cost_minor) for case, new in priced if new.cost_minor is not None]
    thin = [case.name for case, new, cost in costed if _under_floor(new.net_minor, cost)]
    return (
        _check("every_line_priced", "Every affected line has a price", cases, [c.name for c in cases if c.new is None]),
        _check("not_negative", "No price is negative", cases, [c.name for c, new in priced if new.net_minor < 0]),
        _check(
            "margin_floor",
            "No line falls under the margin floor of 10 percent",
            cases,
            thin,
            unknown=len(priced) - len(costed),
        ),
    )


def _under_floor(net: int, cost: int) -> bool:
    return (net - cost) * BASIS_POINTS < MARGIN_FLOOR_BASIS_POINTS * net


def _check(name: str, title: str, cases: Sequence[Case], failing: Sequence[str], unknown: int = 0) -> Check:
    outcome = Outcome.FAIL if failing else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
    return Check(
        name=name, title=title, outcome=outcome, checked=len(cases), counter_examples=tuple(failing[:EXAMPLES])
    )


def _content_checks(parts: Sequence[Part], proposed: Mapping[str, Content]) -> Iterable[Check]:
    """The validators of each touched kind, and of pricing, which also says that every sellable offering is priced."""
    names = {kind_of_artifact(part.artifact).name for part in parts}
    if names & {"catalog", "pricing"}:
        names |= {"catalog", "pricing"}
    for name in sorted(names):
        problems = kind_of_artifact(f"{name}/").validate(proposed)
        yield Check(
            name=f"valid_{name}",
            title=f"The {name} content is valid",
            outcome=Outcome.FAIL if problems else Outcome.PASS,
            checked=len(proposed.get(name, ())),
            counter_examples=tuple(problem.message for problem in problems[:EXAMPLES]),
        )
