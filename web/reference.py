"""The reference of the HTTP API as a page: every route with its example, from the OpenAPI document, without a CDN."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request, Response

from domain.model import Model
from web.rendering import render

router = APIRouter()
JSON = "application/json"
WITHOUT_TAG = "operations"


class RouteView(Model):
    """A route: what it is for, its parameters as (name, where, required, type), its body and an example of it."""

    method: str
    path: str
    words: str
    parameters: tuple[tuple[str, str, bool, str], ...]
    body: str
    example: str
    statuses: tuple[str, ...]


@router.get("/docs")
def page(request: Request) -> Response:
    """Every route of the API, by noun."""
    document = request.app.openapi()
    groups: dict[str, list[RouteView]] = {}
    for tag, route in _routes(document):
        groups.setdefault(tag, []).append(route)
    return render(request, "reference.html", groups=groups, info=document["info"])


def _routes(document: Mapping[str, Any]) -> Iterator[tuple[str, RouteView]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            tag = (operation.get("tags") or [WITHOUT_TAG])[0]
            yield tag, _view(method, path, operation)


def _view(method: str, path: str, operation: Mapping[str, Any]) -> RouteView:
    content = operation.get("requestBody", {}).get("content", {}).get(JSON, {})
    examples = content.get("examples", {})
    return RouteView(
        method=method.upper(),
        path=path,
        words=operation.get("description") or operation.get("summary", ""),
        parameters=tuple(
            (p["name"], p["in"], p.get("required", False), _type(p.get("schema", {})))
            for p in operation.get("parameters", ())
        ),
        body=_type(content.get("schema", {})) if content else "",
        example="\n\n".join(json.dumps(one["value"], indent=2, ensure_ascii=False) for one in examples.values()),
        statuses=tuple(operation.get("responses", {})),
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A schema in a word or two: the name of its model, or the types that it takes."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if several := schema.get("anyOf"):
        return " or ".join(_type(one) for one in several if one.get("type") != "null")
    return str(schema.get("format") or schema.get("type", "any"))
