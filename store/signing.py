"""Signed statements: canonical JSON in a DSSE envelope, by a key that never is in the database (D5a)."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SignatureFault
from securesystemslib.signer import CryptoSigner, Key, SSlibKey  # type: ignore[attr-defined]

from domain.canonical import canonical, parse
from domain.errors import Invalid, Unavailable


def signer(key_file: Path) -> CryptoSigner:
    """The signer of a private key file (PEM), which is made, readable by its owner alone, if there is none yet.

    Raises Unavailable("bad_audit_key") when the file cannot be read or made, or holds no such key.
    """
    private = _private(key_file)
    return CryptoSigner(private, SSlibKey.from_crypto(private.public_key()))


def public_pem(key_file: Path) -> bytes:
    """The public half of a private key file as PEM: what an auditor needs to verify offline. Raises as `signer`."""
    return _private(key_file).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _private(key_file: Path) -> Ed25519PrivateKey:
    try:
        if not key_file.exists():
            _make(key_file)
        private = load_pem_private_key(key_file.read_bytes(), None)
    except OSError as error:
        raise _bad_key(f"{key_file.name} cannot be read or made: {error.strerror}.") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        # What is no PEM, a key behind a password, a kind of key that nobody knows.
        raise _bad_key(f"{key_file.name} holds no private key that can be used: {error}") from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _bad_key(f"{key_file.name} is not an Ed25519 private key.")
    return private


def _make(key_file: Path) -> None:
    key_file.parent.mkdir(parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    key_file.touch(mode=0o600)
    key_file.write_bytes(pem)


def _bad_key(detail: str) -> Unavailable:
    return Unavailable("bad_audit_key", f"The audit key MANDATE_AUDIT_KEY_FILE: {detail}")


def public_key(pem: bytes) -> Key:
    """The key of a PEM text. Raises Invalid("bad_public_key")."""
    try:
        found = load_pem_public_key(pem)
    except ValueError:
        raise Invalid("bad_public_key", "This is not a public key in PEM form.") from None
    if not isinstance(found, Ed25519PublicKey):
        raise Invalid("bad_public_key", "This is not an Ed25519 public key.")
    return SSlibKey.from_crypto(found)


def sign(body: Mapping[str, Any], payload_type: str, key: CryptoSigner) -> bytes:
    """A statement as a DSSE envelope."""
    envelope = Envelope(canonical(dict(body)), payload_type, {})
    envelope.sign(key)
    return canonical(envelope.to_dict())


def opened(envelope: bytes, payload_type: str, keys: Iterable[Key]) -> dict[str, Any]:
    """The statement of an envelope. Raises Invalid("not_signed") unless one of the keys has signed it as this type.

    Its bytes are those that `sign` writes: base64 and JSON have spare bits, in which a changed byte would not show.
    """
    try:
        found = Envelope.from_dict(parse(envelope))
        found.verify(list(keys), 1)
        exact = canonical(found.to_dict()) == envelope
    except (SignatureFault, ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid("not_signed", f"The statement is not signed by this key: {error}.") from None
    if found.payload_type != payload_type:
        raise Invalid("not_signed", f"The statement is signed as {found.payload_type}, not as {payload_type}.")
    if not exact:
        raise Invalid("not_signed", "The envelope was changed: its bytes are not those that were written.")
    body: dict[str, Any] = parse(found.payload)
    return body


__all__ = ["CryptoSigner", "Key", "opened", "public_key", "public_pem", "sign", "signer"]
