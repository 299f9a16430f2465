"""A proposal from a file or from options, as the API takes it."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from domain.errors import Invalid

PRICE_BOOK = "pricing/standard"
WHOLE_NUMBER = re.compile(r"^[-+]?(?:0|[1-9][0-9]*)$")
KEPT_AS_TEXT = {f"tag:yaml.org,2002:{name}" for name in ("float", "int", "timestamp")}


class _Loader(yaml.SafeLoader):
    """YAML in which prices, dates and times stay the text that was written: no floats, no minutes read in sixties."""

    yaml_implicit_resolvers = {
        first: [(tag, form) for tag, form in resolvers if tag not in KEPT_AS_TEXT]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver("tag:yaml.org,2002:int", WHOLE_NUMBER, list("-+0123456789"))


def from_file(file: Path) -> dict[str, Any]:
    """The proposal of a YAML or JSON file. Raises Invalid("bad_file")."""
    try:
        text = file.read_text(encoding="utf-8")
        # JSON's floats stay text too, so that 42.90 does not become another number.
        found = json.loads(text, parse_float=str) if file.suffix == ".json" else yaml.load(text, _Loader)
    except (OSError, ValueError, yaml.YAMLError) as failure:
        raise Invalid("bad_file", f"{file}: {failure}") from None
    if not isinstance(found, dict):
        raise Invalid("bad_file", f"{file} does not hold a change: a mapping with kind, title, objective and parts.")
    return found


def price_change(
    place: Mapping[str, str],
    price: str,
    title: str | None = None,
    objective: str | None = None,
    effective: str | None = None,
) -> dict[str, Any]:
    """A new list price. `place`: offering, selling_model, market, channel, currency; `effective`: a local date."""
    where = [place["market"], place["channel"]]
    shown = ", ".join(word for word in where if word != "*") or "everywhere"
    return {
        "kind": "pricing",
        "title": title or f"{place['offering']}, {place['selling_model']}, {shown}: {price} {place['currency']}",
        "objective": objective or "Bring the list price to the level that is wanted.",
        "parts": [{"artifact": PRICE_BOOK, "edits": [{"edit": "set_price", **place, "unit_price": price}]}],
        **({"effective": {"date": effective}} if effective else {}),
    }
