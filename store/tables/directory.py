"""People: natural persons, their accounts, groups and sessions (D3, D15). Names live here only and can be erased."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import instant


class PersonRow(SQLModel, table=True):
    """A natural person."""

    __tablename__ = "person"

    id: str = Field(primary_key=True)
    name: str
    active: bool = True


class AccountRow(SQLModel, table=True):
    """A login. Accounts without a person are machines and never decide."""

    __tablename__ = "account"

    id: str = Field(primary_key=True)
    person: str | None = Field(default=None, foreign_key="person.id", index=True)
    issuer: str = ""
    subject: str = Field(default="", index=True)
    active: bool = True


class GroupRow(SQLModel, table=True):
    """A group of persons that a policy can name; `calendar`: when it works."""

    __tablename__ = "party_group"

    id: str = Field(primary_key=True)
    name: str
    calendar: str | None = None


class MembershipRow(SQLModel, table=True):
    """A person holds a group."""

    __tablename__ = "membership"

    party_group: str = Field(primary_key=True, foreign_key="party_group.id")
    person: str = Field(primary_key=True, foreign_key="person.id", index=True)


class SessionRow(SQLModel, table=True):
    """A signed-in session; only the digest of its token is kept."""

    __tablename__ = "session"

    token_digest: str = Field(primary_key=True)
    account: str = Field(foreign_key="account.id", index=True)
    csrf: str
    created_at: datetime = instant()
    expires_at: datetime = instant()
