"""Snapshots of business records in columns: their manifests, and what still refers to them (D13a)."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from store.tables.columns import instant, serial


class SnapshotRow(SQLModel, table=True):
    """One snapshot: the manifest names its files and digests; the latest row is the current one."""

    __tablename__ = "snapshot"

    number: int | None = serial()
    digest: str = Field(index=True)
    manifest: bytes
    created_at: datetime = instant()


class SnapshotUseRow(SQLModel, table=True):
    """Evidence that was found on a snapshot, or what is being simulated on it: it is kept as long as this row is."""

    __tablename__ = "snapshot_use"

    snapshot: str = Field(primary_key=True)
    used_by: str = Field(primary_key=True)
