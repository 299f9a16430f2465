"""What the values of settings have to be: said at start, in a sentence, rather than where they are first used."""

import re
from typing import Annotated
from urllib.parse import urlsplit

import fsspec
from pydantic import AfterValidator, Field
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

DATABASES = ("sqlite", "postgresql")
PLACE = re.compile(r"(?P<host>[^\s:/@\[\]]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})", re.ASCII)
BUILD = re.compile(r"[^\s:]+:[^\s:]+")


def _address(text: str) -> str:
    """The address of a service that speaks HTTP."""
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        whole = False
    if not whole or re.search(r"\s", text):
        raise ValueError("is no address; write for example https://mandate.example.com")
    return text


def _place(text: str) -> str:
    """A host and a port."""
    found = PLACE.fullmatch(text)
    if found is None or not 0 < int(found["port"]) <= 65535:
        raise ValueError("is no host with a port; write for example 127.0.0.1:7233")
    return text


def _build(text: str) -> str:
    """A deployment and its build."""
    if not BUILD.fullmatch(text):
        raise ValueError("is not name:build; write for example mandate:2026-12-24")
    return text


def _database(text: str) -> str:
    """A database that we know, by a driver that is installed. Its password is in no sentence."""
    try:
        url = make_url(text)
        known = url.get_backend_name() in DATABASES and url.get_dialect().import_dbapi() is not None
    except (ArgumentError, NoSuchModuleError, ImportError, ValueError):
        known = False
    if not known:
        raise ValueError(
            "is no database of ours; write sqlite:///FILE or postgresql+psycopg://LOGIN:PASSWORD@HOST/NAME"
        )
    return text


def _store(text: str) -> str:
    """A folder, or a store of a protocol that is known; whether its package is installed shows when it is used."""
    protocol = text.partition("://")[0] if "://" in text else "file"
    if not text.strip() or protocol not in fsspec.available_protocols():
        raise ValueError("is neither a folder nor the address of a known store; write for example s3://bucket/mandate")
    return text


Address = Annotated[str, AfterValidator(_address)]
Place = Annotated[str, AfterValidator(_place)]
Build = Annotated[str, AfterValidator(_build)]
DatabaseUrl = Annotated[str, AfterValidator(_database)]
StoreUrl = Annotated[str, AfterValidator(_store)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
