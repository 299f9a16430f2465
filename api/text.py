"""Text at the door: what no database and no digest takes is refused before any route sees it."""

import re
from typing import Any

from fastapi import Request
from pydantic_core import PydanticSerializationError, to_json

from domain.errors import Invalid

NO_CHARACTER = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


async def readable(request: Request) -> None:
    """Look at everything that a request says: address, query and body.

    Raises Invalid("bad_text") for half a character (a lone surrogate), U+0000, and content nested without end.
    """
    said: list[Any] = [request.path_params, request.query_params.multi_items()]
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        # The API takes no forms: whatever claims to be one there is not opened, and refused by its route.
        if kind in FORMS and not request.url.path.startswith("/api/"):
            form = (await request.form()).multi_items()
            said.append([(name, value) for name, value in form if isinstance(value, str)])
        elif kind.endswith("json") and await request.body():
            said.append(await request.json())
        written = to_json(said)
    except (PydanticSerializationError, ValueError):
        raise Invalid("bad_text", "This is no text, or is nested too deeply, somewhere in the request.") from None
    if NO_CHARACTER.search(written):
        raise Invalid("bad_text", "The request contains U+0000, which is no character of a text.")
