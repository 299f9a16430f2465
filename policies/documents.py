"""Documents as YAML text that people read and edit; of policies each row, stage and matrix entry is one line."""

from typing import Any

import yaml

from domain.errors import Invalid

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The parser in C takes a tenth of the time; builds of the library without it read the same with the other one."""


def parsed(text: str) -> Any:
    """What a text says. Raises YAMLError, and ValueError for what no date can be."""
    return yaml.load(text, LOADER)


def written(value: Any) -> str:
    """A document, or a part of one, as text."""
    text: str = yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=10_000)
    return text


def read(text: str, place: str) -> Any:
    """What a text says. Raises Invalid("bad_text") naming the place."""
    try:
        return parsed(text)
    except (ValueError, yaml.YAMLError) as failure:
        raise Invalid("bad_text", f"{place}: {failure}") from None


class _Line(dict[str, Any]):
    """A mapping that stands in one line."""


class _Dumper(yaml.SafeDumper):
    """Lists of mappings as lines, plain lists in brackets."""

    def represent_sequence(self, tag: str, sequence: Any, flow_style: bool | None = None) -> yaml.SequenceNode:
        flat = [_Line(item) if isinstance(item, dict) else item for item in sequence]
        plain = not any(isinstance(item, dict) for item in sequence)
        return super().represent_sequence(tag, flat, flow_style=plain or flow_style)


_Dumper.add_representer(
    _Line, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", dict(value), flow_style=True)
)
