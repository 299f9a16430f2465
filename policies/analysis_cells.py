"""Cells as the analysis reads them: the part of the cell language whose meaning between its constants never changes.

Evaluation is the expression library's alone; this module only finds out which values a cell holds for. What it cannot
read it says it cannot read (`NotAnalyzable`): it never guesses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from policies.facts import Value

DIGITS = 15
TOKEN = re.compile(
    r"\s*(?:(?P<number>-?\d+(?:\.\d+)?)|(?P<text>'[^'\\]*'|\"[^\"\\]*\")|(?P<word>[A-Za-z_]\w*)"
    r"|(?P<sign><=|>=|==|!=|\.\.|[<>\[\](),$]))"
)
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
END = ""


class NotAnalyzable(Exception):
    """A cell outside the part of the language that the analysis reads; the message says where."""


@dataclass(frozen=True)
class Compare:
    """The value compared with a constant."""

    sign: str
    value: Value


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: "Condition"


@dataclass(frozen=True)
class Every:
    """All parts hold; none: always."""

    parts: tuple["Condition", ...]


@dataclass(frozen=True)
class Some:
    """One of the parts holds."""

    parts: tuple["Condition", ...]


Condition: TypeAlias = Compare | Not | Every | Some


def read_cell(text: str) -> Condition:
    """What a cell says about its column's value; an empty cell always holds. Raises NotAnalyzable."""
    if not text.strip():
        return Every(())
    return _Reader(_tokens(text)).cell()


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Every comparison of a condition."""
    match condition:
        case Compare():
            yield condition
        case Not(part=part):
            yield from comparisons(part)
        case Every(parts=parts) | Some(parts=parts):
            for one in parts:
                yield from comparisons(one)


def _tokens(text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while text[place:].strip():
        token = TOKEN.match(text, place)
        if token is None:
            raise NotAnalyzable(f"{text[place:].strip()!r} is not read")
        name = str(token.lastgroup)
        found.append((name, token.group(name)))
        place = token.end()
    return [*found, (END, END)]


class _Reader:
    """Reads one cell. A cell speaks of its value either silently (`> 5`) or as `$` (`$ > 5`), not both at once."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens = tokens
        self._place = 0
        self._named = ("sign", "$") in tokens

    def cell(self) -> Condition:
        parts, joints = [self._part()], set()
        while (joint := self._next()) in ("and", "or") or (joint == "," and not self._named):
            self._place += 1
            joints.add(joint)
            parts.append(self._part())
        self._expect(END)
        if joints == {"and"}:
            return Every(tuple(parts))
        if "and" in joints:
            # The evaluation takes them from left to right, which is not how people read them.
            raise NotAnalyzable("`and` stands beside `or` or a comma")
        return Some(tuple(parts)) if joints else parts[0]

    def _part(self) -> Condition:
        return self._named_part() if self._named else self._silent_part()

    def _named_part(self) -> Condition:
        if self._take("not"):
            return Not(self._enclosed())
        if self._next() == "(":
            return self._enclosed()
        self._expect("$")
        if self._next() in ("in", "not", *COMPARISONS):
            return self._silent_part()
        raise NotAnalyzable(f"$ before {self._here()} is not read")

    def _enclosed(self) -> Condition:
        """One part in brackets; the evaluation refuses more than one."""
        self._expect("(")
        found = self._named_part()
        self._expect(")")
        return found

    def _silent_part(self) -> Condition:
        for sign in COMPARISONS:
            if self._take(sign):
                return Compare(sign, self._constant())
        if self._take("not"):
            if self._take("in"):
                return Not(self._choice())
            return Compare("==", not self._truth())
        if self._take("in"):
            return self._choice()
        return self._range() if self._next() in ("[", "(") else Compare("==", self._constant())

    def _choice(self) -> Condition:
        """`['a', 'b']` or a range."""
        if self._next() == "[" and ("sign", "..") not in self._tokens[self._place : self._place + 3]:
            self._expect("[")
            parts = [Compare("==", self._constant())]
            while self._take(","):
                parts.append(Compare("==", self._constant()))
            self._expect("]")
            return Some(tuple(parts))
        return self._range()

    def _range(self) -> Condition:
        above = ">=" if self._take("[") else ">"
        if above == ">":
            self._expect("(")
        low = self._number()
        self._expect("..")
        high = self._number()
        below = "<=" if self._take("]") else "<"
        if below == "<":
            self._expect(")")
        if low > high:
            raise NotAnalyzable(f"the range from {low} to {high} is empty")
        return Every((Compare(above, low), Compare(below, high)))

    def _truth(self) -> bool:
        value = self._constant()
        if not isinstance(value, bool):
            raise NotAnalyzable("`not` stands before true, false, `in`, or a condition on $ in brackets")
        return value

    def _number(self) -> Decimal:
        value = self._constant()
        if not isinstance(value, Decimal):
            raise NotAnalyzable(f"{value!r} is no number")
        return value

    def _constant(self) -> Value:
        name, text = self._tokens[self._place]
        if name not in ("number", "text") and text not in ("true", "false"):
            raise NotAnalyzable(f"{self._here()} is no constant")
        self._place += 1
        if name == "text":
            return text[1:-1]
        if name == "word":
            return text == "true"
        if sum(character.isdigit() for character in text) > DIGITS:
            raise NotAnalyzable(f"{text} has more than {DIGITS} digits")
        return Decimal(text)

    def _next(self) -> str:
        return self._tokens[self._place][1]

    def _here(self) -> str:
        return repr(self._next() or "the end of the cell")

    def _take(self, wanted: str) -> bool:
        if self._next() != wanted:
            return False
        self._place += 1
        return True

    def _expect(self, wanted: str) -> None:
        if not self._take(wanted):
            raise NotAnalyzable(f"{self._here()} is not read here")
