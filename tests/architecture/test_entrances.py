"""Every entrance of pages and of the command line that writes does one thing; those that do more are named here.

The routes of the API are held to the same in `test_structure.py`.
"""

import ast
import importlib
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from fastapi.routing import APIRoute

import cli
from cli.main import PARTS
from commands.command import REGISTRY, Command
from tests.architecture.test_structure import READ_METHODS, functions
from web import pages

HANDS_IN = "submit_change"
SAVES_AND_HANDS_IN = {
    "web.change_proposal.create": ["create_change", HANDS_IN],
    "web.change_revision.revise": ["revise_change", HANDS_IN],
    "web.policy.propose": ["create_change", HANDS_IN],
}
"""Forms that save and go on; where only the second is refused they say what is saved (web/handing_in.py)."""

WRITES_NOTHING = {"web.change_proposal.edit", "web.change_actions.resume"}
"""Forms that come back filled in."""

SEVERAL_CALLS = {
    "cli.change.create": "a dry run, or a draft",
    "cli.change.decide": "the proof of who decides, by the token or typed again, then the decision",
    "cli.approval.decide": "the same",
    "cli.policy.propose": "the draft, and with --submit it is handed in; a refusal says that it is saved",
    "cli.seeding.quotes": "one batch: begun, written in chunks, published",
    "cli.ops.rebuild": "wakes what is open, and notes that it was rung",
    "cli.demo.demo": "a story of ten people",
}
"""Commands of the command line that make more than one write, and which."""

COMES_BACK = {"/sign-in/openid/callback": ["sign_in", "step_up"]}
"""The one address that writes when it is read, as OpenID wants it: one of the two, by what was begun."""

WRITES = ("post", "put", "delete")
API = ("api", "here.api")


def reached(function: Callable[..., object], rooms: tuple[str, ...], seen: set[str]) -> Iterator[str]:
    """The commands, and the calls of the API that write, of a function and of those of its rooms that it names."""
    function = inspect.unwrap(function)
    module = sys.modules[function.__module__]
    name = f"{function.__module__}.{function.__name__}"
    node = nodes(module).get(function.__name__)
    if node is None or name in seen:
        return
    seen.add(name)
    own = own_names(node)
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and (call := written(inner)):
            yield call
        target = named(inner, module, own)
        if isinstance(target, Command):
            yield target.name
        elif inspect.isfunction(target) and target.__module__.startswith(rooms):
            yield from reached(target, rooms, seen)


@cache
def nodes(module: ModuleType) -> dict[str, ast.FunctionDef | ast.AsyncFunctionDef]:
    """The functions of a module by name."""
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    return {found.name: found for found in functions(tree)}


def own_names(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    bound = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    return bound | {one.arg for one in ast.walk(node) if isinstance(one, ast.arg)}


def named(node: ast.AST, module: ModuleType, own: set[str]) -> Any:
    """What a name of a module stands for, unless it is one of the function's own."""
    if isinstance(node, ast.Name) and node.id not in own:
        return getattr(module, node.id, None)
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id not in own:
        return getattr(getattr(module, node.value.id, None), node.attr, None)
    return None


def written(call: ast.Call) -> str:
    """A write over the API as method and path; empty for any other call."""
    by = call.func
    if isinstance(by, ast.Attribute) and by.attr in WRITES and ast.unparse(by.value).endswith(API):
        return f"{by.attr} {ast.unparse(call.args[0])}"
    return ""


def test_every_form_calls_exactly_one_command() -> None:
    table = {
        f"{route.endpoint.__module__}.{route.endpoint.__name__}": sorted(
            reached(route.endpoint, ("web.", "api.routes."), set())
        )
        for page in pages.PAGES
        for route in page.router.routes
        if isinstance(route, APIRoute) and (route.methods or set()) - READ_METHODS
    }

    assert len(table) > 40
    more = {name: called for name, called in table.items() if len(called) != 1}
    assert more == {**SAVES_AND_HANDS_IN, **{name: [] for name in WRITES_NOTHING}}
    assert {name for called in table.values() for name in called} <= set(REGISTRY)


def test_no_page_that_is_only_read_calls_a_command() -> None:
    table = {
        route.path: sorted(reached(route.endpoint, ("web.", "api.routes."), set()))
        for page in pages.PAGES
        for route in page.router.routes
        if isinstance(route, APIRoute) and not (route.methods or set()) - READ_METHODS
    }

    assert len(table) > 30
    assert {path: called for path, called in table.items() if called} == COMES_BACK


def test_every_command_of_the_command_line_makes_at_most_one_write() -> None:
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(cli.__path__, "cli.")]
    table = {
        f"{module.__name__}.{node.name}": list(reached(getattr(module, node.name), ("cli.",), set()))
        for module in modules
        for node in nodes(module).values()
        if any(
            (isinstance(found, ast.Name) and found.id == "calls_api") or "command(" in ast.unparse(found)
            for found in node.decorator_list
        )
    }

    assert len(table) > len(PARTS)
    assert {name for name, called in table.items() if len(called) > 1} == set(SEVERAL_CALLS)
    assert sum(len(called) == 1 for called in table.values()) > 30
