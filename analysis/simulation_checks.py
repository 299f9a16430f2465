"""What is judged in a simulation: invariants over its sums, golden scenarios, validators of content (R-6.2, R-6.3)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from analysis.policies import scenario_checks
from analysis.simulation_parts import EXAMPLES, Part
from domain.artifact import Content
from domain.artifact import Part as ChangePart
from domain.kinds import kind_of_artifact
from domain.pricing import PriceBook, price_line
from domain.pricing_golden import golden_quote
from domain.simulation import Check, Outcome

OF_LINES = frozenset({"every_line_priced", "not_negative", "margin_floor", "sound_lines", "engine_equals_reference"})
"""The checks that ask each affected line."""
NO_LINES = "the change affects no line of an open quote"
NOT_ONE_SOUND = "nobody can price any of the affected lines"


def case_checks(part: Part, moving: bool, compared: int, differing: Sequence[str]) -> tuple[Check, ...]:
    """The invariants over all affected lines; a line that nobody can price makes them inconclusive, never silent.

    moving: whether the change moves the price book; they are asked of one that moves it, and wherever there are lines.
    """
    checks, bad = list(_line_checks(part)) if moving or part.lines else [], part.examples.get("faulty", ())
    if part.faulty:
        what = "a quantity, discount, currency, date or amount that nobody can price"
        reason = f"{part.faulty} lines have {what}: {', '.join(bad)}"
        checks.append(check("sound_lines", "Every affected line can be judged", part.lines, (), reason))
    if compared:
        title = "The engine gives the amounts of the reference"
        checks.append(check("engine_equals_reference", title, compared, differing))
    return tuple(checks)


def _line_checks(part: Part) -> Iterator[Check]:
    sound = part.lines - part.faulty
    none = "" if sound else NOT_ONE_SOUND if part.lines else NO_LINES
    uncosted = f"{part.uncosted} lines have no cost" if part.uncosted else ""
    for name, title, failing, unknown in (
        ("every_line_priced", "Every affected line has a price", "unpriced", ""),
        ("not_negative", "No price is negative", "negative", ""),
        ("margin_floor", "No line falls under the margin floor of 10 percent", "thin", uncosted),
    ):
        found = check(name, title, sound, part.examples.get(failing, ()), none or unknown)
        yield found.model_copy(update={"failing": getattr(part, failing)})


def check(name: str, title: str, checked: int, failing: Sequence[str], unknown: str = "") -> Check:
    """A check of what was looked at. failing: all for which it does not hold; unknown: why nobody could say."""
    outcome = Outcome.FAIL if failing else Outcome.INCONCLUSIVE if unknown else Outcome.PASS
    return Check(
        name=name,
        title=title,
        outcome=outcome,
        checked=checked,
        counter_examples=tuple(failing[:EXAMPLES]),
        reason="" if failing else unknown,
        failing=len(failing),
    )


def golden_checks(book: PriceBook) -> tuple[Check, ...]:
    """Whether the new book gives every golden scenario its net (R-10.1); no check where the book keeps none."""
    scenarios = book.golden()
    if not scenarios:
        return ()
    failing = []
    for key, scenario in scenarios:
        quote = golden_quote(scenario)
        priced = price_line(book, quote, quote.lines[0])
        found = priced.net_minor if priced else None
        if found != scenario["net_minor"]:
            failing.append(f"{key}: {found} instead of {scenario['net_minor']} minor units")
    return (check("golden_scenarios", "Every golden scenario has its price", len(scenarios), failing),)


def content_checks(
    parts: Sequence[ChangePart], current: Mapping[str, Content], proposed: Mapping[str, Content]
) -> Iterable[Check]:
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
            failing=len(problems),
        )
    if "approval" in names:
        yield from scenario_checks(current.get("approval", {}), proposed["approval"])
