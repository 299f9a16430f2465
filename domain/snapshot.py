"""A snapshot: business records in columns, immutable, as of one instant; it is named by the digest of what it holds."""

from collections.abc import Mapping

from domain.canonical import digest
from domain.model import Model

PARTITIONS = 16


class Partition(Model):
    """One file of one kind of record: number of rows, digest over its ordered logical rows, name of the file."""

    kind: str
    number: int
    rows: int
    digest: str
    file: str


class Snapshot(Model):
    """What a snapshot holds and where it stands.

    digest: over kinds, partition numbers, rows and their digests, so that equal records give equal digests anywhere.
    at: the instant as of which all kinds are consistent; below: per document kind the commit position below which all
    is contained, so that the next snapshot begins there; source: the database that the positions are of.
    faults: per fault how many records are wrong; they are contained all the same.
    """

    digest: str
    at: str
    source: str
    below: Mapping[str, int]
    partitions: tuple[Partition, ...]
    faults: Mapping[str, int] = {}

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of record that it holds."""
        return tuple(sorted({partition.kind for partition in self.partitions}))

    def of(self, kind: str) -> tuple[Partition, ...]:
        """The partitions of a kind, by number. A document's lines lie in the partition number of the document."""
        found = (partition for partition in self.partitions if partition.kind == kind)
        return tuple(sorted(found, key=lambda partition: partition.number))

    def rows(self, kind: str) -> int:
        """How many records of a kind it holds."""
        return sum(partition.rows for partition in self.of(kind))


def content_digest(partitions: tuple[Partition, ...]) -> str:
    """The digest of a snapshot from its partitions, whatever their files are called."""
    held = sorted((p.kind, p.number, p.rows, p.digest) for p in partitions)
    return digest({"schema": "snapshot/1", "partitions": [list(item) for item in held]})
