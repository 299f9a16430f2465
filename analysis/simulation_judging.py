"""What is judged of the contents alone, whatever quotes there are: it needs no price and runs beside the pricing."""

from dataclasses import dataclass

from analysis.simulation_checks import content_checks, golden_checks
from analysis.simulation_golden import compare_golden
from analysis.simulation_subject import Subject
from domain.simulation import Check


@dataclass(frozen=True)
class Judged:
    """Golden scenarios and validators.

    golden: how many scenarios were priced by engine and reference; otherwise: those of which the engine gives another
    net. No run goes without them, also one that prices its quotes by the reference (R-6.3).
    """

    checks: tuple[Check, ...]
    golden: int
    otherwise: tuple[str, ...]


def judge_contents(subject: Subject) -> Judged:
    """Judge the proposed contents."""
    golden, otherwise = compare_golden(subject.books.new)
    checks = (*golden_checks(subject.books.new), *content_checks(subject.parts, subject.current, subject.proposed))
    return Judged(checks, golden, otherwise)
