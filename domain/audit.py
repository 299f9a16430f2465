"""The audit chain as arithmetic: what a record covers, how it follows the one before, where a chain breaks (R-24.1).

Verification in the database and of an evidence package offline is the same: both ask `chain_faults`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from operator import itemgetter
from typing import Any

from domain.canonical import check_types, encoded, parse
from domain.model import Model

FORMAT = "audit/1"
GENESIS = "sha256:" + "0" * 64
REFUSED = "refused"
STATED = itemgetter("subject", "sequence", "action", "actor", "outcome", "at")
"""What a record says of itself and its columns repeat, so that they can be looked up."""


class AuditRecord(Model):
    """What happened: who did what to which subject, with which outcome; `details` holds ids, digests and counts."""

    subject: str
    action: str
    actor: str
    person: str | None
    outcome: str
    request: str
    details: Mapping[str, Any]


class Link(Model):
    """A record in its chain: `body` is canonical JSON text, `digest` covers it and `previous`."""

    subject: str
    sequence: int
    at: str
    action: str
    actor: str
    outcome: str
    about: str | None
    body: str
    previous: str
    digest: str


class ChainFault(Model):
    """Where a chain does not hold, and how."""

    subject: str
    sequence: int
    fault: str


def link(previous: str, body: bytes) -> str:
    """The digest that chains a record to the one before it."""
    return "sha256:" + sha256(previous.encode() + b"\n" + body).hexdigest()


def chained(record: AuditRecord, at: datetime, sequence: int, previous: str) -> tuple[bytes, str]:
    """The canonical bytes of a record as number `sequence` of its chain, and the digest that chains them.

    Raises Invalid("not_canonical") for details that have no canonical form.
    """
    # The other fields are declared; dumping the model and looking at all of it costs twice as much as all the rest.
    check_types(record.details)
    body = encoded({**vars(record), "at": at, "sequence": sequence, "format": FORMAT})
    return body, link(previous, body)


def chain_faults(links: Iterable[Link]) -> Iterator[ChainFault]:
    """Every place where chains do not hold; links come subject by subject, each by sequence.

    That is: a record was changed, left out, moved or belongs to another subject. A cut tail shows only against a
    checkpoint.
    """
    chain, sequence, previous = "", 0, GENESIS
    for found in links:
        if found.subject != chain:
            chain, sequence, previous = found.subject, 0, GENESIS
        sequence += 1
        if fault := link_fault(found, sequence, previous):
            yield ChainFault(subject=found.subject, sequence=found.sequence, fault=fault)
            sequence = found.sequence
        previous = found.digest


def link_fault(found: Link, sequence: int, previous: str) -> str | None:
    """What is wrong with one record that should be number `sequence` and follow `previous`; None if nothing is."""
    if found.sequence != sequence:
        return f"record {sequence} is missing"
    if found.previous != previous:
        return "does not follow the record before it"
    columns = vars(found)
    if columns["digest"] != link(previous, columns["body"].encode()):
        return "its content does not match its digest"
    said = parse(columns["body"])
    # Only refusals are about another subject; all the others are spared the look.
    names_another = columns["about"] is not None or columns["outcome"] == REFUSED
    if STATED(said) != STATED(columns) or (names_another and about(said["outcome"], said["details"]) != found.about):
        return "its columns do not match its content"
    return None


def about(outcome: str, details: Mapping[str, Any]) -> str | None:
    """The subject that a refused call was about, so that attempts are found beside the chain of their subject."""
    if outcome != REFUSED:
        return None
    subject = details.get("subject")
    return subject if isinstance(subject, str) else None
