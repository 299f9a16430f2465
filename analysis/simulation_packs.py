"""The nine scenario packs: what each holds and how it fares (R-6.1). One without records says so, and why.

Golden scenarios, promotions, probes and decompositions are made out of the contents; the others are business.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import TypeAlias

from analysis.simulation_answers import QUESTIONS, SHOWN, Case
from analysis.simulation_checks import OF_LINES
from analysis.simulation_differences import Compared
from analysis.simulation_engine import Books, effects_by_reference
from analysis.simulation_few import part_of_rows
from analysis.simulation_parts import EXAMPLES, Part
from domain.artifact import EVERYWHERE, Content, Entry
from domain.kinds.eligibility import high_risk
from domain.kinds.entries import of_type
from domain.kinds.integration import validate as breaks
from domain.money import sums
from domain.pricing import PriceBook, line_amounts, line_fault, price_line
from domain.pricing_golden import line_quote
from domain.quote import Quote
from domain.simulation import Check, Outcome, Pack, QuoteEffect

Shares = Mapping[tuple[str, str, str], Sequence[int]]
"""(market, channel, currency) -> cases, dearer, cheaper, and the sum in minor units."""
Fate: TypeAlias = tuple[Outcome, str]
"""An outcome, and why it is inconclusive."""


def packs(part: Part, compared: Compared, checks: Sequence[Check]) -> tuple[Pack, ...]:
    """All of them, in the order of R-6.1."""
    by_name = {check.name: check for check in checks}
    scenes, fate = compared.scenes, _fate(checks)
    return (
        _golden(by_name.get("golden_scenarios")),
        _top(part.top),
        _open_quotes(part, compared, fate),
        _business("accepted", "Recently accepted quotes", scenes.accepted, compared, "no quote was accepted"),
        _business("renewals", "Renewal candidates", scenes.renewals, compared, "no contract is active"),
        _promotions(compared),
        _high_risk(part, compared, fate),
        _probes(compared),
        _decompositions(compared, by_name.get("every_line_decomposes")),
    )


def _fate(checks: Sequence[Check]) -> Fate:
    """What checks say of the affected quotes: they fail with any, and are inconclusive with one that asks each line."""
    if any(check.outcome is Outcome.FAIL for check in checks):
        return Outcome.FAIL, ""
    unknown = [check.title for check in checks if check.name in OF_LINES and check.outcome is Outcome.INCONCLUSIVE]
    return (Outcome.INCONCLUSIVE, f"could not be judged: {'; '.join(unknown)}") if unknown else (Outcome.PASS, "")


def _golden(found: Check | None) -> Pack:
    if found is None:
        return _without("golden", "Golden scenarios", "the price book keeps no golden scenario", "scenarios")
    return Pack(
        name="golden",
        title="Golden scenarios",
        outcome=found.outcome,
        quotes=found.checked,
        of="scenarios",
        examples=found.counter_examples,
    )


def _without(name: str, title: str, reason: str, of: str = "quotes") -> Pack:
    return Pack(name=name, title=title, outcome=Outcome.INCONCLUSIVE, reason=reason, of=of)


def _of_shares(name: str, title: str, shares: Shares, outcome: Outcome, of: str = "quotes") -> Pack:
    return Pack(
        name=name,
        title=title,
        outcome=outcome,
        quotes=sum(share[0] for share in shares.values()),
        dearer=sum(share[1] for share in shares.values()),
        cheaper=sum(share[2] for share in shares.values()),
        delta=sums((key[2], share[3]) for key, share in sorted(shares.items())),
        of=of,
    )


def _open_quotes(part: Part, compared: Compared, fate: Fate) -> Pack:
    """The affected open quotes; where the change names none, those whose lines or routes were looked at."""
    name, title, moved = "open_quotes", "Open quotes", _otherwise(compared, lambda market, channel: True)
    outcome, reason = fate
    if part.quotes:
        return _of_shares(name, title, part.shares, outcome).model_copy(update={"moved": moved, "reason": reason})
    lines, routed = sum(group.lines for group in compared.scenes.lines), len(compared.scenes.routed)
    if not lines and not routed:
        return _without(name, title, "the change affects no open quote")
    of = "lines" if lines else "quotes"
    return Pack(name=name, title=title, outcome=outcome, quotes=lines or routed, of=of, moved=moved, reason=reason)


def _otherwise(compared: Compared, at: Callable[[str, str], bool]) -> int:
    """At some places, the open lines about which rules answer otherwise; where none, the quotes that go another way."""
    lines = (group for group in compared.scenes.lines if at(group.case.market, group.case.channel))
    routes = {one.quote for one in compared.moved}
    quotes = sum(quote.id in routes for quote in compared.scenes.routed if at(quote.market, quote.channel))
    return sum(group.lines for group in lines if _answers(compared, group.case)) or quotes


def _answers(compared: Compared, case: Case) -> list[str]:
    """What rules answer otherwise about a line."""
    old, new = compared.subject.sides
    asked = [question for question in QUESTIONS if question.moves(old, new)]
    return [f"{q.name}: {words}" for q in asked if (words := q.difference(old, new, case))]


def _top(top: Sequence[QuoteEffect]) -> Pack:
    """The largest affected quotes: they must keep a price, of zero or more. What neither book prices tells nothing."""
    turns = ", of each currency in turn" if len({effect.currency for effect in top}) > 1 else ""
    title = f"Top revenue: the {len(top)} largest affected quotes{turns}" if top else "Top revenue"
    if not top:
        return _without("top_revenue", title, "the change affects no open quote")
    unknown = [effect.quote for effect in top if effect.new_minor is None]
    bad = [e.quote for e in top if (e.old_minor is not None if e.new_minor is None else e.new_minor < 0)]
    outcome = Outcome.FAIL if bad else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
    reason = f"{len(unknown)} of them have no price by either book" if outcome is Outcome.INCONCLUSIVE else ""
    found = _of_shares("top_revenue", title, _shares(top), outcome)
    return found.model_copy(update={"examples": tuple((bad or unknown)[:EXAMPLES]), "reason": reason})


def _shares(effects: Sequence[QuoteEffect]) -> Shares:
    shares: dict[tuple[str, str, str], tuple[int, int, int, int]] = {}
    for effect in effects:
        known = effect.old_minor is not None and effect.new_minor is not None
        delta = (effect.new_minor or 0) - (effect.old_minor or 0) if known else 0
        key = (effect.market, effect.channel, effect.currency)
        cases, dearer, cheaper, total = shares.get(key, (0, 0, 0, 0))
        shares[key] = (cases + 1, dearer + (delta > 0), cheaper + (delta < 0), total + delta)
    return shares


def _business(name: str, title: str, quotes: Sequence[Quote], compared: Compared, none: str) -> Pack:
    """Business that is not open: as it would be priced and judged if it were made again.

    No check looks at its prices: the pack itself fails where the change takes one away or brings it below zero, is
    inconclusive where not one could be priced, and says how many could not.
    """
    if not quotes:
        return _without(name, title, f"{none} with anything that the change touches")
    rows = effects_by_reference(compared.subject.books, quotes)
    part = part_of_rows(rows)
    moved = list(_moved(compared, quotes))
    suspect = {row["quote"] for row in rows if row["unpriced"] or row["negative"]}
    lost = list(_lost(compared.subject.books, [quote for quote in quotes if quote.id in suspect]))
    unrouted = [one.quote for one in compared.rerouted(quotes) if one.unrouted]
    unknown = sum(row["new_minor"] is None for row in rows)
    silent = Outcome.INCONCLUSIVE if rows and unknown == len(rows) else Outcome.PASS
    found = _of_shares(name, title, part.shares, Outcome.FAIL if lost or unrouted else silent)
    examples = tuple((lost + unrouted or moved)[:EXAMPLES])
    reason = f"{unknown} of {len(rows)} that the change affects could not be priced" if unknown else ""
    told = {"quotes": len(quotes), "moved": len(moved), "examples": examples, "reason": reason}
    return found.model_copy(update=told)


def _lost(books: Books, quotes: Sequence[Quote]) -> Iterator[str]:
    """The lines whose price the change takes away or brings below zero."""
    for quote in quotes:
        for line in books.affected(quote):
            if line_fault(quote, line) is None:
                old, new = (line_amounts(book, quote, line) for book in (books.old, books.new))
                if (old and not new) or (new and new.net_minor < 0 and not (old and old.net_minor < 0)):
                    yield f"{quote.id}/{line.line}"


def _moved(compared: Compared, quotes: Sequence[Quote]) -> Iterator[str]:
    """The quotes about which rules answer otherwise, each with what."""
    routes = {one.quote: one.words for one in compared.rerouted(quotes)}
    for quote in quotes:
        cases = [
            Case(line.offering, quote.market, quote.channel, quote.segment, quote.customer) for line in quote.lines
        ]
        said = [words for case in cases for words in _answers(compared, case)]
        if said or quote.id in routes:
            yield routes.get(quote.id) or f"{quote.id}: {'; '.join(said[:SHOWN])}"


def _promotions(compared: Compared) -> Pack:
    """Each promotion of either book on its first day, where it holds: one unit, priced by both."""
    title, books = "Active promotions", compared.subject.books
    lines = [quote for key, rule in _rules(books) for quote in _promoted(books.new, key, rule)]
    if not lines:
        return _without("promotions", title, "no promotion discounts anything that has a price", "promoted lines")
    effects = [_effect(books, quote) for quote in lines]
    bad = [effect.quote for effect in effects if (effect.new_minor or 0) < 0]
    found = _of_shares("promotions", title, _shares(effects), Outcome.FAIL if bad else Outcome.PASS, "promoted lines")
    return found.model_copy(update={"examples": tuple(bad[:EXAMPLES])})


def _effect(books: Books, quote: Quote) -> QuoteEffect:
    """What the change does to a quote of one line."""
    old, new = (price_line(book, quote, quote.lines[0]) for book in (books.old, books.new))
    return QuoteEffect(
        quote=quote.id,
        market=quote.market,
        channel=quote.channel,
        currency=quote.currency,
        old_minor=old.net_minor if old else None,
        new_minor=new.net_minor if new else None,
    )


def _rules(books: Books) -> list[tuple[str, Entry]]:
    return sorted({key: rule for book in (books.old, books.new) for key, rule in book.of_type("promotion")}.items())


def _promoted(book: PriceBook, key: str, rule: Entry) -> Iterator[Quote]:
    """A line for each price that a promotion meets, in the market's own channels."""
    made = datetime.combine(date.fromisoformat(rule["since"]), datetime.min.time(), UTC)
    for price in book.priced(rule["offering"]):
        place = {name: rule[name] if rule[name] != EVERYWHERE else price[name] for name in ("market", "channel")}
        fits = all(EVERYWHERE in (price[name], place[name]) or price[name] == place[name] for name in place)
        if fits and rule["currency"] in (EVERYWHERE, price["currency"]):
            sold = {"offering": price["offering"], "selling_model": price["selling_model"]}
            where = {**place, "segment": rule["segment"], "currency": price["currency"]}
            yield line_quote(f"{key} {price['selling_model']}", made, **sold, **where)


def _high_risk(part: Part, compared: Compared, fate: Fate) -> Pack:
    """What happens at the places that the eligibility policy marks as of high risk, before or after."""
    name, title = "high_risk", "High-risk countries and channels"
    marks = [side.of("eligibility") for side in compared.subject.sides]
    if not any(of_type(marked, "high_risk") for marked in marks):
        return _without(name, title, "the eligibility policy marks no country or channel as of high risk")

    def risky(market: str, channel: str) -> bool:
        return any(high_risk(marked, market, channel) for marked in marks)

    moved, (outcome, reason) = _otherwise(compared, risky), fate
    shares = {key: share for key, share in part.shares.items() if risky(key[0], key[1])}
    if shares:
        return _of_shares(name, title, shares, outcome).model_copy(update={"moved": moved, "reason": reason})
    lines = sum(group.lines for group in compared.scenes.lines if risky(group.case.market, group.case.channel))
    quotes = sum(risky(quote.market, quote.channel) for quote in compared.scenes.routed)
    if not lines and not quotes:
        return _without(name, title, "no open quote that the change affects is made at such a place")
    of = "lines" if lines else "quotes"
    return Pack(name=name, title=title, outcome=outcome, quotes=lines or quotes, of=of, moved=moved, reason=reason)


def _probes(compared: Compared) -> Pack:
    """Each system that is registered for a contract, with a message as the contract would make it."""
    title, (old, new) = "Downstream integration probes", (side.of("integration") for side in compared.subject.sides)
    consumers = of_type(new, "consumer")
    if not consumers:
        return _without("probes", title, "no system is registered for a contract", "probes")
    broken = [problem.message for problem in breaks({"integration": new}) if problem.code == "consumer_breaks"]
    moved = [c for c in consumers if _message(old, c["contract"]) != _message(new, c["contract"])]
    told = [f"{c['system']} on {c['contract']}" for c in moved]
    return Pack(
        name="probes",
        title=title,
        outcome=Outcome.FAIL if broken else Outcome.PASS,
        quotes=len(consumers),
        of="probes",
        moved=len(moved),
        examples=tuple((broken or told)[:EXAMPLES]),
    )


def _message(integration: Content, contract: str) -> list[tuple[str, str, bool]]:
    fields = [field for field in of_type(integration, "field") if field["contract"] == contract]
    return [(field["name"], field["data_type"], field["required"]) for field in fields]


def _decompositions(compared: Compared, found: Check | None) -> Pack:
    """Every offering that the change concerns, ordered in each country: its plan before and after."""
    name, title, of = "decompositions", "Representative order decompositions", "orders"
    subject = compared.subject
    if found is None or not found.checked:
        return _without(name, title, "no fulfillment plan is governed for what the change touches", of)
    (plan,) = (question for question in QUESTIONS if question.name == "fulfillment plan")
    moved = []
    for offering in subject.sellable if plan.moves(*subject.sides) else ():
        for country in subject.countries or (EVERYWHERE,):
            words = plan.difference(*subject.sides, Case(offering, country, EVERYWHERE, EVERYWHERE, EVERYWHERE))
            moved += [f"{offering} in {country}: {words}"] if words else []
    examples = (*found.counter_examples, *moved)[:EXAMPLES]
    return Pack(
        name=name,
        title=title,
        outcome=found.outcome,
        quotes=found.checked,
        of=of,
        moved=len(moved),
        examples=tuple(examples),
    )
