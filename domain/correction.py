"""Corrections of data: what can be corrected, who answers for it by type, and what follows from one (R-17.1, R-17.2).

A further field is a further line of FIELDS; a further record also says in RECORDS of which columns its key is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, Field

from domain.change import visible
from domain.errors import Invalid
from domain.model import Model
from domain.money import BASIS_POINTS
from domain.pricing import PriceBook, line_fault, price_line
from domain.pricing_rules import LARGEST_QUANTITY
from domain.quote import Quote, QuoteLine

Value: TypeAlias = str | int
Key: TypeAlias = tuple[str | int, ...]
LONGEST_TEXT = 120
MOST_DIGITS = 12


class CorrectionType(StrEnum):
    """The types that are controlled each in its own way; corrections of audit data are refused and are none."""

    QUOTE_METADATA = "quote_metadata"
    QUOTE_COMMERCIAL = "quote_commercial"
    ORDER_STATE = "order_state"
    BILLING_HANDOFF = "billing_handoff"
    ASSET_INVENTORY = "asset_inventory"

    @property
    def tier(self) -> int:
        """Of what no customer pays for 1, of everything else 2."""
        return 1 if self is CorrectionType.QUOTE_METADATA else 2


@dataclass(frozen=True)
class Correctable:
    """A field that can be corrected. `least` and `most`: of an integer; `machine`: whose states are its values.

    A field with neither is text.
    """

    record: str
    name: str
    type: CorrectionType
    least: int | None = None
    most: int = LARGEST_QUANTITY
    machine: str | None = None

    @property
    def possible(self) -> str:
        """What it may be, in words."""
        if self.machine:
            return f"a state of the machine {self.machine}"
        if self.least is None:
            return f"text of at most {LONGEST_TEXT} characters"
        return f"a whole number from {self.least} to {self.most}"

    def read(self, text: str) -> Value:
        """A value from text. Raises Invalid("bad_value"); whether a state exists is asked of its machine."""
        typed = text.strip()
        number = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= MOST_DIGITS else None
        if self.least is None:
            sound = 0 < len(typed) <= LONGEST_TEXT
        else:
            sound = number is not None and self.least <= number <= self.most
        if not sound:
            raise Invalid("bad_value", f"{self.record}.{self.name} is {self.possible}.", field=self.name)
        return typed if self.least is None or number is None else number


RECORDS: Mapping[str, tuple[str, ...]] = {
    "quote": ("id",),
    "quote_line": ("quote", "line"),
    "sales_order": ("id",),
    "billed_item": ("billing_account", "contract_reference", "offering", "selling_model"),
    "asset": ("id",),
}
"""Records of which something can be corrected, and the columns of their keys; as text these stand between slashes."""

FIELDS = (
    Correctable("quote", "owner", CorrectionType.QUOTE_METADATA),
    Correctable("quote_line", "discount_basis_points", CorrectionType.QUOTE_COMMERCIAL, least=0, most=BASIS_POINTS),
    Correctable("quote_line", "quantity", CorrectionType.QUOTE_COMMERCIAL, least=1),
    Correctable("sales_order", "status", CorrectionType.ORDER_STATE, machine="order"),
    Correctable("billed_item", "payment_days", CorrectionType.BILLING_HANDOFF, least=0, most=365),
    Correctable("asset", "status", CorrectionType.ASSET_INVENTORY, machine="asset"),
    Correctable("asset", "quantity", CorrectionType.ASSET_INVENTORY, least=1),
)

Name = Annotated[str, Field(min_length=1, max_length=60)]
Shown = Annotated[str, Field(max_length=400)]


class Wanted(Model):
    """A correction that could be asked for: the key as text (`Q-1/2` for line 2 of Q-1), the new value as text."""

    record: Name
    key: Annotated[str, Field(min_length=1, max_length=400)]
    field: Name
    corrected: Shown


class Correction(Wanted):
    """A correction that is asked for. original: what whoever asks has seen, so that nothing newer is overwritten."""

    original: Shown
    reason: Annotated[str, Field(min_length=3, max_length=400), AfterValidator(visible)]


class Figure(Model):
    """A field of a record, as it is and as it will be."""

    record: str
    key: str
    field: str
    before: Value
    after: Value


class Follows(Figure):
    """A figure that follows from a correction: an amount of minor units or of millionths."""

    before: int
    after: int


class Downstream(Model):
    """Records of a kind that rest on what is corrected: how many there are, and the first of them."""

    count: int
    ids: tuple[str, ...]


class Preview(Model):
    """Before and after of a correction, what follows from it, and what rests on the record (R-17.3).

    currency: of the figures that follow, None where there are none.
    """

    type: CorrectionType
    record: str
    key: str
    field: str
    original: str
    corrected: str
    follows: tuple[Follows, ...] = ()
    currency: str | None = None
    downstream: Mapping[str, Downstream] = {}


def correctable(record: str, field: str) -> Correctable:
    """The field. Raises Invalid("unknown_record", "not_correctable") naming what there is."""
    if record not in RECORDS:
        known = ", ".join(RECORDS)
        raise Invalid("unknown_record", f"Nothing of {record!r} can be corrected; there are {known}.", record=record)
    fields = {one.name: one for one in FIELDS if one.record == record}
    if field not in fields:
        raise Invalid("not_correctable", f"Of {record} only {', '.join(fields)} can be corrected.", field=field)
    return fields[field]


def read_key(record: str, text: str) -> Key:
    """The key of a record from text. Raises Invalid("bad_key")."""
    columns = RECORDS[record]
    parts = text.split("/") if len(columns) > 1 else [text]
    numbers = [part for name, part in zip(columns, parts, strict=False) if name == "line"]
    sound = all(part.isascii() and part.isdigit() and len(part) <= MOST_DIGITS for part in numbers)
    if len(parts) != len(columns) or not sound:
        raise Invalid("bad_key", f"A {record} is named by {'/'.join(columns)}, not by {text!r}.", key=text)
    return tuple(int(part) if name == "line" else part for name, part in zip(columns, parts, strict=True))


def quote_of(record: str, key: str) -> str | None:
    """The quote that a record is or belongs to."""
    return str(read_key(record, key)[0]) if record in ("quote", "quote_line") else None


def repriced(book: PriceBook, quote: Quote, number: int, field: str, value: int) -> tuple[Follows, ...]:
    """What follows when a field of a line becomes something else: prices of lines that move, and the quote's total.

    The corrected line is priced by the reference calculation; another line moves only where its price there does, as by
    tiers of the whole quote. The total is that of the nets. Raises Invalid("no_price").
    """
    known = _amounts(quote)
    lines = tuple(one.model_copy(update={field: value}) if one.line == number else one for one in quote.lines)
    after = quote.model_copy(update={"lines": lines})
    moved: list[Follows] = []
    for old, new in zip(quote.lines, lines, strict=True):
        was, will = _price(book, quote, old), _price(book, after, new)
        if new.line == number and will is None:
            raise Invalid("no_price", f"The prices of {quote.id} have none for line {number}; correct the book first.")
        if will is not None and (new.line == number or was != will):
            moved += _of_line(quote.id, old, will)
    difference = sum(one.after - one.before for one in moved if one.field == "net_minor")
    before, nets = known
    head = Follows(record="quote", key=quote.id, field="total_minor", before=before, after=nets + difference)
    return (*moved, head)


def _amounts(quote: Quote) -> tuple[int, int]:
    """The total and the sum of the nets. Raises Invalid("no_price") where an amount cannot be read."""
    amounts = [quote.total_minor, *(line.unit_price_micros for line in quote.lines)]
    nets = [line.net_minor for line in quote.lines if line.net_minor is not None]
    if None in amounts or quote.total_minor is None or len(nets) < len(quote.lines):
        raise Invalid("no_price", f"An amount of {quote.id} cannot be read, so nobody can say what follows from it.")
    return quote.total_minor, sum(nets)


def _price(book: PriceBook, quote: Quote, line: QuoteLine) -> dict[str, int] | None:
    priced = None if line_fault(quote, line, book) else price_line(book, quote, line)
    if priced is None:
        return None
    return {"unit_price_micros": priced.unit_price_micros, "net_minor": priced.net_minor}


def _of_line(quote: str, line: QuoteLine, will: Mapping[str, int]) -> list[Follows]:
    return [
        Follows(record="quote_line", key=f"{quote}/{line.line}", field=name, before=getattr(line, name), after=value)
        for name, value in will.items()
        if getattr(line, name) != value
    ]
