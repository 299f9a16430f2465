"""Delegations: who may act for whom, for what and until when (R-7.4)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import amount, instant


class DelegationRow(SQLModel, table=True):
    """The delegate may use rights that the delegator holds at that moment, within these limits, unless revoked.

    groups, kinds: words with a space between, `*` is any. most_minor: greatest amount at stake in `currency`.
    state: active, or proposed while it waits for an approval of its own.
    """

    __tablename__ = "delegation"

    id: str = Field(primary_key=True)
    delegator: str = Field(foreign_key="person.id", index=True)
    delegate: str = Field(foreign_key="person.id", index=True)
    groups: str
    kinds: str
    max_tier: int
    currency: str | None = None
    most_minor: int | None = amount(default=None)
    reason: str
    from_at: datetime = instant()
    until_at: datetime = instant(index=True)
    state: str = "active"
    created_at: datetime = instant()
    revoked_at: datetime | None = instant(default=None)
    revoked_by: str | None = None
