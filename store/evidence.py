"""Sealing evidence packages and opening them: the manifest is signed, the files lie beside it (R-24.2)."""

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from domain.canonical import canonical
from domain.errors import Invalid
from domain.evidence import ENVELOPE, FORMAT, Manifest, archive, settled, unpack
from domain.kinds.kind import first_error
from store.signing import CryptoSigner, Key, opened, sign

PAYLOAD_TYPE = "application/vnd.mandate.evidence+json"


def seal(manifest: Manifest, files: Mapping[str, bytes], key: CryptoSigner) -> bytes:
    """The package as one archive, its manifest signed."""
    return archive({**files, ENVELOPE: sign(settled(manifest), PAYLOAD_TYPE, key)})


def open_package(data: bytes, keys: Iterable[Key]) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the files of a package. Raises Invalid("bad_package", "not_signed")."""
    files = unpack(data)
    if ENVELOPE not in files:
        raise Invalid("bad_package", f"The package has no {ENVELOPE}.")
    return _manifest(opened(files[ENVELOPE], PAYLOAD_TYPE, keys)), files


def _manifest(body: Any) -> Manifest:
    if not isinstance(body, dict) or body.get("format") != FORMAT or body.keys() != Manifest.model_fields.keys():
        raise Invalid("bad_package", f"The manifest is none of the form {FORMAT}.")
    try:
        return Manifest.model_validate_json(canonical(body), strict=True)
    except ValidationError as error:
        raise Invalid("bad_package", f"The manifest cannot be read: {first_error(error)}") from None
