"""Every table, one module per noun. Importing this package registers them all with the metadata."""

from store.tables import approval, artifact, audit, calendar, change, directory, installation, outbox, quote, release

__all__ = [
    "approval",
    "artifact",
    "audit",
    "calendar",
    "change",
    "directory",
    "installation",
    "outbox",
    "quote",
    "release",
]
