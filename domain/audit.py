"""The audit chain as arithmetic: what a record covers, how it follows the one before, where a chain breaks (R-24.1).

Verification in the database and of an evidence package offline is the same: both ask `chain_faults`.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from domain.canonical import check_types, encoded, parse
from domain.model import Model

FORMAT = "audit/1"
GENESIS = "sha256:" + "0" * 64
REFUSED = "refused"
START = ("", 0, GENESIS)


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
    """A record in its chain: `body` is canonical JSON text, `digest` covers it and `previous`.

    The other fields repeat what it says of itself, so that they can be looked up. `chain_faults` reads in this order.
    """

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
    covered = sha256(previous.encode() + b"\n")
    covered.update(body)
    return "sha256:" + covered.hexdigest()


def chained(record: AuditRecord, at: datetime, sequence: int, previous: str) -> tuple[bytes, str]:
    """The canonical bytes of a record as number `sequence` of its chain, and the digest that chains them.

    Raises Invalid("not_canonical") for details that have no canonical form.
    """
    # The other fields are declared; dumping the model and looking at all of it costs twice as much as all the rest.
    said = record.__dict__
    check_types(said["details"])
    body = encoded({**said, "at": at, "sequence": sequence, "format": FORMAT})
    return body, link(previous, body)


def chain_faults(links: Iterable[Link], follow: tuple[str, int, str] = START) -> Iterator[ChainFault]:
    """Every place where chains do not hold; links come subject by subject, each by sequence.

    That is: a record was changed, left out, moved or belongs to another subject. A cut tail shows only against a
    checkpoint. follow: subject, sequence and digest of the record before the first link; left out: it begins a chain.
    """
    chain, number, head = follow
    for found in links:
        # Reading the fields of a model one by one, or calling more than this, costs a tenth of hashing and parsing.
        subject, sequence, at, action, actor, outcome, concerns, body, previous, digest = found.__dict__.values()
        if subject != chain:
            chain, number, head = subject, 0, GENESIS
        number += 1
        if sequence != number:
            fault = f"record {number} is missing"
        elif previous != head:
            fault = "does not follow the record before it"
        elif digest != link(previous, body.encode()):
            fault = "its content does not match its digest"
        else:
            said = parse(body)
            if (
                said["subject"] == subject
                and said["sequence"] == sequence
                and said["action"] == action
                and said["actor"] == actor
                and said["outcome"] == outcome
                and said["at"] == at
                # Only refusals are about another subject; all the others are spared the look.
                and ((concerns is None and outcome != REFUSED) or about(outcome, said["details"]) == concerns)
            ):
                head = digest
                continue
            fault = "its columns do not match its content"
        yield ChainFault(subject=subject, sequence=sequence, fault=fault)
        number, head = sequence, digest


def link_fault(found: Link) -> str | None:
    """What is wrong with one record by itself, whose chain is not at hand; None if nothing is."""
    before = (found.subject, found.sequence - 1, found.previous)
    return next((fault.fault for fault in chain_faults([found], before)), None)


def about(outcome: str, details: Mapping[str, Any]) -> str | None:
    """The subject that a refused call was about, so that attempts are found beside the chain of their subject."""
    if outcome != REFUSED:
        return None
    subject = details.get("subject")
    return subject if isinstance(subject, str) else None
