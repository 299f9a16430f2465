"""Canonical bytes and digests (D4): what people approve and what the audit chain covers is bytes, never a model.

The domain is restricted so that every RFC 8785 encoder writes the same bytes: ASCII keys, no floats, safe integers.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import orjson

from domain.errors import Invalid

SAFE_INTEGER = 2**53 - 1
CANONICAL = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def canonical(value: Any) -> bytes:
    """Encode JSON-like data (dict, list, tuple, str, bool, None, int) canonically.

    Raises Invalid("not_canonical") for floats, integers beyond 2^53-1, keys that are not ASCII and other types.
    """
    check_types(value)
    return encoded(value)


def encoded(value: Any) -> bytes:
    """Encode data whose types are known to be canonical; an instant becomes its ISO text.

    Raises Invalid("not_canonical") for integers beyond 2^53-1 and for keys that are not ASCII text.
    """
    try:
        data = orjson.dumps(value, option=CANONICAL)
    except TypeError as error:
        raise Invalid("not_canonical", f"This has no canonical form: {error}.") from None
    # Few texts leave ASCII, so that the keys of few need a look of their own.
    if not data.isascii():
        _check_keys(value)
    return data


def canonical_again(value: Any) -> bytes:
    """Encode data all of whose parts have been through `canonical` before: looking at each again is the larger cost."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def canonical_columns(schema: str, columns: Mapping[str, Sequence[str] | Sequence[int]]) -> bytes:
    """Long columns of texts or of integers, canonically; their types are the caller's word, their range is checked.

    Raises Invalid("not_canonical") for integers beyond 2^53-1.
    """
    for name, values in columns.items():
        if values and isinstance(values[0], int) and max(max(values), -min(values)) > SAFE_INTEGER:  # type: ignore
            raise Invalid("not_canonical", f"An integer of {name} is beyond 2^53-1.")
    return orjson.dumps({"schema": schema, **columns}, option=orjson.OPT_SORT_KEYS)


def digest_of(data: bytes) -> str:
    """The SHA-256 of bytes as `sha256:<hex>`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(value: Any) -> str:
    """The digest of the canonical form of a value."""
    return digest_of(canonical(value))


parse = orjson.loads
"""Read canonical bytes, or the text that they are, back."""
PLAIN = frozenset({str, bool, int, type(None)})


def check_types(value: Any) -> None:
    """Raises Invalid("not_canonical") where a part of a value is of a type that has no canonical form."""
    if isinstance(value, dict):
        parts: Iterable[Any] = value.values()
    elif isinstance(value, list | tuple):
        parts = value
    elif value is None or isinstance(value, str | int):
        return
    else:
        raise Invalid("not_canonical", f"{type(value).__name__} has no canonical form.")
    for part in parts:
        if type(part) not in PLAIN:
            check_types(part)


def _check_keys(value: Any) -> None:
    if isinstance(value, dict):
        if other := [key for key in value if not key.isascii()]:
            raise Invalid("not_canonical", f"The key {other[0]!r} is not ASCII text.")
        value = value.values()
    elif not isinstance(value, list | tuple):
        return
    for part in value:
        _check_keys(part)
