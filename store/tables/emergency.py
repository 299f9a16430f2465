"""The emergency path: break-glass windows, and the reviews that emergencies end in (R-4.7)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import immutable, instant


@immutable
class BreakGlassRow(SQLModel, table=True):
    """Until this instant freezes do not hold this emergency change back; the reason lies with its review."""

    __tablename__ = "break_glass"
    __table_args__ = (Index("break_glass_change", "change", "until_at"),)

    id: str = Field(primary_key=True)
    change: str = Field(foreign_key="change_request.id")
    opened_by: str
    opened_at: datetime = instant()
    until_at: datetime = instant()


class ReviewRow(SQLModel, table=True):
    """A review that has to take place: of an emergency change or of a break-glass window, by a second person."""

    __tablename__ = "review"
    __table_args__ = (Index("review_due", "reviewed_at", "due_at"),)

    id: str = Field(primary_key=True)
    subject: str = Field(index=True)
    what: str
    """emergency or break_glass."""
    opened_by: str
    reason: str
    owner_group: str
    opened_at: datetime = instant()
    due_at: datetime = instant()
    overdue: bool = False
    reviewed_at: datetime | None = instant(default=None)
    reviewed_by: str = ""
    sound: bool | None = None
    findings: str = ""


@immutable
class MeetingRow(SQLModel, table=True):
    """What a governance board has on its agenda about a change, or its minutes of it (R-3.4)."""

    __tablename__ = "board_record"
    __table_args__ = (Index("board_record_change", "change", "recorded_at"),)

    id: str = Field(primary_key=True)
    change: str = Field(foreign_key="change_request.id")
    revision: int
    what: str
    """agenda or minutes."""
    text: str
    present: str = ""
    """Ids of the persons who were there, with a space between."""
    meets_at: datetime | None = instant(default=None)
    recorded_by: str
    recorded_at: datetime = instant()
