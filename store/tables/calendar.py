"""Freezes: windows in which nothing takes effect (R-12.2); and when groups of people work (R-7.5)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import instant


class FreezeRow(SQLModel, table=True):
    """No effect on this kind (`*`: any) in this market (`*`: any) between these instants, unless lifted."""

    __tablename__ = "freeze"

    id: str = Field(primary_key=True)
    kind: str
    market: str
    reason: str
    from_at: datetime = instant()
    until_at: datetime = instant()
    declared_by: str
    lifted_at: datetime | None = instant(default=None)


class BusinessCalendarRow(SQLModel, table=True):
    """Working time as data. weekdays: `0` (Monday) to `6`, in a row; country and subdivision: whose public holidays.

    days_off: further days, as ISO dates with a space between.
    """

    __tablename__ = "business_calendar"

    id: str = Field(primary_key=True)
    title: str
    zone: str
    weekdays: str = "01234"
    opens: str = "09:00"
    closes: str = "17:00"
    country: str = ""
    subdivision: str = ""
    days_off: str = ""
