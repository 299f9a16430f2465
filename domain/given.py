"""What comes in from outside, read as it is written: else a number would pass for a day and `"off"` for a truth."""

import re
from datetime import date, datetime
from datetime import time as LocalTime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, StrictBool, StrictInt, TypeAdapter

LARGEST = 2**31 - 1
"""The largest number that a path, a cursor or a body names; a database takes it everywhere."""
LARGEST_AMOUNT = 2**53 - 1
"""The largest number of minor units: every reader of JSON still reads it exactly."""
OUR_TIME = range(1900, 9000)
"""Years that no time zone and no period leads out of the calendar of a database."""

D = TypeVar("D", date, datetime)


def _written(shape: str, example: str) -> BeforeValidator:
    """Numbers and texts of another shape are refused: they would be read as seconds since 1970."""
    pattern = re.compile(shape, re.ASCII)

    def check(value: object) -> object:
        if isinstance(value, int | float) or (isinstance(value, str) and not pattern.match(value)):
            raise ValueError(f"is written like {example}")
        return value

    return BeforeValidator(check)


def in_our_time(value: D) -> D:
    """The same day or instant. Raises ValueError where its year is none of `OUR_TIME`."""
    if value.year not in OUR_TIME:
        raise ValueError(f"lies between the years {OUR_TIME.start} and {OUR_TIME.stop - 1}")
    return value


def _without_offset(value: LocalTime) -> LocalTime:
    if value.tzinfo is not None:
        raise ValueError("is a local time without an offset; the zone is named by itself")
    return value


Instant = Annotated[
    AwareDatetime, _written(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", "2026-12-24T00:00Z"), AfterValidator(in_our_time)
]
WrittenDay = Annotated[date, _written(r"\d{4}-\d\d-\d\d\Z", "2026-12-24")]
WrittenTime = Annotated[LocalTime, _written(r"\d\d:\d\d", "09:30")]
Day = Annotated[WrittenDay, AfterValidator(in_our_time)]
TimeOfDay = Annotated[WrittenTime, AfterValidator(_without_offset)]
Truth = StrictBool
WrittenNumber = Annotated[StrictInt, Field(ge=1, le=LARGEST)]

_WHOLE: TypeAdapter[int] = TypeAdapter(Annotated[int, Field(ge=0, le=LARGEST)])
_INSTANT: TypeAdapter[datetime] = TypeAdapter(Instant)


def instant(text: str) -> datetime:
    """An instant as it was written out. Raises ValueError for any other text."""
    return _INSTANT.validate_python(text)


def whole(text: str) -> int:
    """A whole number as it was written out, up to `LARGEST`. Raises ValueError for any other text."""
    return _WHOLE.validate_python(text)
