"""Every JSON body has an example in the OpenAPI document and on `/docs`, and each is one that its route takes."""

import html
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient
from pydantic import TypeAdapter

from domain.kinds import kind_of_artifact
from policies.content import policy_in
from tests.api.conftest import Caller
from tests.architecture.test_structure import flat

SQLITE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True)


def bodies(client: TestClient) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every route that takes a JSON body, with its examples."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json")
            if content is not None:
                yield f"{method.upper()} {path}", content.get("examples", {})


def body_params(dependant: Dependant) -> Iterator[Any]:
    """The body of a route, or of what it depends on."""
    yield from dependant.body_params
    for inner in dependant.dependencies:
        yield from body_params(inner)


def models(client: TestClient) -> dict[str, TypeAdapter[Any]]:
    """What reads the body of a route, by its method and path."""
    found = {}
    for route in flat(client.app.routes):  # type: ignore[attr-defined]
        if isinstance(route, APIRoute) and route.path.startswith("/api/"):
            for body in body_params(route.dependant):
                info = body.field_info
                told = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
                found[f"{min(route.methods)} {route.path}"] = TypeAdapter(told)
    return found


@SQLITE
def test_every_json_body_has_examples_and_its_route_takes_them(client: TestClient) -> None:
    takes, shown = models(client), dict(bodies(client))

    assert len(shown) > 35
    assert [route for route, examples in shown.items() if not examples] == []
    for route, examples in shown.items():
        for example in examples.values():
            assert example["summary"]
            takes[route].validate_json(json.dumps(example["value"]))


@SQLITE
def test_examples_make_sense_beyond_their_form(client: TestClient, caller: Callable[[str], Caller]) -> None:
    """What a model keeps open is read by the rules of its kind: edits, policies, imported content."""
    mara = caller("mara.lindqvist")
    for route, examples in bodies(client):
        for example in examples.values():
            value = example["value"]
            if route in ("POST /api/changes", "POST /api/changes/dry-run", "PUT /api/changes/{change}"):
                answer = mara.post("/api/changes/dry-run", value)
                assert answer.status_code == 200, (route, answer.text)
            elif route == "POST /api/imports":
                for artifact, content in value["contents"].items():
                    assert kind_of_artifact(artifact).check_content(content)
            elif "document" in value:
                assert policy_in(value["document"])


@SQLITE
def test_the_title_of_a_price_says_the_price(client: TestClient) -> None:
    price = next(iter(dict(bodies(client))["POST /api/changes"].values()))["value"]
    assert price["title"].endswith(price["parts"][0]["edits"][0]["unit_price"])


@SQLITE
def test_the_reference_shows_them(client: TestClient) -> None:
    text = html.unescape(client.get("/docs").text)
    for route, examples in bodies(client):
        for example in examples.values():
            assert json.dumps(example["value"], indent=2, ensure_ascii=False) in text, route
