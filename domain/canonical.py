"""Canonical bytes and digests (D4): what people approve and what the audit chain covers is bytes, never a model.

The domain is restricted so that every RFC 8785 encoder writes the same bytes: ASCII keys, no floats, safe integers.
"""

import hashlib
from typing import Any

import orjson

from domain.errors import Invalid

SAFE_INTEGER = 2**53 - 1


def canonical(value: Any) -> bytes:
    """Encode JSON-like data (dict, list, tuple, str, bool, None, int) canonically.

    Raises Invalid("not_canonical") for floats, integers beyond 2^53-1, keys that are not ASCII and other types.
    """
    _check(value)
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def digest_of(data: bytes) -> str:
    """The SHA-256 of bytes as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """The digest of the canonical form of a value."""
    return digest_of(canonical(value))


def parse(data: bytes) -> Any:
    """Read canonical bytes back."""
    return orjson.loads(data)


PLAIN = frozenset({str, bool, type(None)})


def _check(value: Any) -> None:
    match value:
        case None | bool() | str():
            return
        case int():
            if abs(value) > SAFE_INTEGER:
                raise Invalid("not_canonical", f"The integer {value} is beyond 2^53-1.")
        case dict():
            for key, item in value.items():
                if not (isinstance(key, str) and key.isascii()):
                    raise Invalid("not_canonical", f"The key {key!r} is not ASCII text.")
                if type(item) not in PLAIN:
                    _check(item)
        case list() | tuple():
            for item in value:
                if type(item) not in PLAIN:
                    _check(item)
        case _:
            raise Invalid("not_canonical", f"{type(value).__name__} has no canonical form.")
