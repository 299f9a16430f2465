"""The shape of the workflow code, so that an edit of it is noticed before it meets histories that it cannot replay."""

import ast
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

WORKFLOWS = Path(__file__).parents[2] / "workflows"
FILE = Path(__file__).with_name("fingerprint.json")


def fingerprint(folder: Path = WORKFLOWS) -> dict[str, str]:
    """File name -> digest of its code; comments, docstrings and layout do not count."""
    return {file.name: _digest(file.read_text()) for file in sorted(folder.glob("*.py"))}


def recorded() -> dict[str, str]:
    """The fingerprint at the time of the last recording."""
    found: dict[str, str] = json.loads(FILE.read_text())
    return found


def _digest(source: str) -> str:
    return hashlib.sha256("\n".join(_shape(ast.parse(source))).encode()).hexdigest()[:16]


def _shape(node: ast.AST) -> Iterator[str]:
    yield type(node).__name__
    for name, value in ast.iter_fields(node):
        if isinstance(value, (str, int, float, bytes)):
            yield f"{name}={value!r}"
        children = value if isinstance(value, list) else [value]
        for child in children:
            if isinstance(child, ast.AST) and not _is_text_alone(child):
                yield from _shape(child)
    yield "end"


def _is_text_alone(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
