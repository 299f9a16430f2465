"""Artifacts, their immutable versions and the append-only record of what is live where and since when (R-9.1, D6a)."""

from datetime import datetime

from sqlmodel import Field, Index, SQLModel

from store.tables.columns import immutable, instant


class ArtifactRow(SQLModel, table=True):
    """A governed document. The row is the lock for its next version."""

    __tablename__ = "artifact"

    id: str = Field(primary_key=True)
    kind: str = Field(index=True)
    title: str
    latest: int = 0


@immutable
class VersionRow(SQLModel, table=True):
    """A published version: operations on its base, and the digest of the content that they lead to (D6).

    `content` is stored whole where replaying from an earlier version would be long; elsewhere it is derived.
    """

    __tablename__ = "artifact_version"

    artifact: str = Field(primary_key=True, foreign_key="artifact.id")
    number: int = Field(primary_key=True)
    schema_name: str
    digest: str = Field(index=True)
    operations: bytes
    content: bytes | None = None
    change: str = Field(index=True)
    published_at: datetime = instant()
    published_by: str


@immutable
class CertificationRow(SQLModel, table=True):
    """A person of the owner group answers by name for an artifact as it is in this version (R-2.5)."""

    __tablename__ = "certification"
    __table_args__ = (Index("certification_artifact", "artifact", "certified_at"),)

    id: str = Field(primary_key=True)
    artifact: str = Field(foreign_key="artifact.id")
    version: int
    person: str
    certified_at: datetime = instant()


@immutable
class ActivationRow(SQLModel, table=True):
    """From this instant on, this version is live in this market, channel and segment. Never back-dated (D6a)."""

    __tablename__ = "activation"
    __table_args__ = (Index("activation_lookup", "artifact", "market", "channel", "from_at"),)

    id: str = Field(primary_key=True)
    artifact: str
    version: int
    market: str
    channel: str
    segment: str
    from_at: datetime = instant()
    planned_at: datetime | None = instant(default=None)
    tzdata: str
    change: str = Field(index=True)
