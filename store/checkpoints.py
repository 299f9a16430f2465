"""Signed checkpoints of the audit chains (D5a): without one outside the database a cut tail could not be found.

A checkpoint names the head of every chain at one moment, in a DSSE envelope signed with a key that is never in the
database. It is kept in the database and exported as a file; verification holds the chains against exported ones.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SignatureFault
from securesystemslib.signer import CryptoSigner, Key, SSlibKey  # type: ignore[attr-defined]
from sqlalchemy import func, select
from sqlmodel import Session

from domain.canonical import canonical, parse
from domain.errors import Invalid
from store.audit import FORMAT, ChainFault
from store.tables.audit import AuditRow
from store.tables.columns import table_of

PAYLOAD_TYPE = "application/vnd.mandate.checkpoint+json"
RECORDS = table_of(AuditRow)


def signer(key_file: Path) -> CryptoSigner:
    """The signer of a private key file (PEM), which is made, readable by its owner alone, if there is none yet."""
    if not key_file.exists():
        key_file.parent.mkdir(parents=True, exist_ok=True)
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        key_file.touch(mode=0o600)
        key_file.write_bytes(pem)
    private = load_pem_private_key(key_file.read_bytes(), None)
    if not isinstance(private, Ed25519PrivateKey):
        raise Invalid("bad_audit_key", f"{key_file.name} is not an Ed25519 private key.")
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


def statement(session: Session, installation: str, now: datetime) -> dict[str, Any]:
    """The heads of all chains: subject -> [sequence, digest]."""
    newest = func.max(RECORDS.c.sequence).label("sequence")
    last = select(RECORDS.c.subject, newest).group_by(RECORDS.c.subject).subquery()
    rows = session.execute(
        select(RECORDS.c.subject, RECORDS.c.sequence, RECORDS.c.digest).join(
            last, (last.c.subject == RECORDS.c.subject) & (last.c.sequence == RECORDS.c.sequence)
        )
    )
    heads = {_ascii(row.subject): [row.sequence, row.digest] for row in rows}
    head = {"format": "checkpoint/1", "chains": FORMAT, "installation": installation}
    return {**head, "at": now.isoformat(), "heads": heads}


def sign(body: Mapping[str, Any], key: CryptoSigner) -> bytes:
    """A checkpoint as a DSSE envelope."""
    envelope = Envelope(canonical(dict(body)), PAYLOAD_TYPE, {})
    envelope.sign(key)
    return canonical(envelope.to_dict())


def opened(envelope: bytes, keys: Iterable[Key]) -> dict[str, Any]:
    """The statement of an envelope. Raises Invalid("bad_checkpoint") unless one of the keys has signed it."""
    try:
        found = Envelope.from_dict(parse(envelope))
        found.verify(list(keys), 1)
    except (SignatureFault, ValueError, KeyError, TypeError) as error:
        raise Invalid("bad_checkpoint", f"The checkpoint is not signed by this key: {error}.") from None
    statement_body: dict[str, Any] = parse(found.payload)
    return statement_body


def missing_since(session: Session, body: Mapping[str, Any]) -> tuple[ChainFault, ...]:
    """Chains that no longer hold the head that a checkpoint saw: cut, rewritten or gone."""
    faults = []
    for subject, (sequence, digest) in sorted(body["heads"].items()):
        now = session.execute(
            select(RECORDS.c.digest).where(RECORDS.c.subject == _text(subject), RECORDS.c.sequence == sequence)
        ).scalar()
        if now is None:
            faults.append(ChainFault(subject=_text(subject), sequence=sequence, fault="the tail was cut"))
        elif now != digest:
            faults.append(ChainFault(subject=_text(subject), sequence=sequence, fault="differs from the checkpoint"))
    return tuple(faults)


def _ascii(subject: str) -> str:
    return subject.encode("unicode_escape").decode("ascii")


def _text(subject: str) -> str:
    return subject.encode("ascii").decode("unicode_escape")
