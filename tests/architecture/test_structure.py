"""The shape of the house: who may write, which route calls which command, how long things are, what is forbidden."""

import ast
import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

import api.routes
import commands
from api.app import create_app
from commands.command import REGISTRY, Command, Control
from store.migrate import upgrade
from store.settings import Settings

ROOT = Path(__file__).parents[2]
ROOMS = (
    "domain", "policies", "workflows", "activities", "commands", "queries", "analysis", "store", "connectors", "api", "web", "cli",
    "simulators",
)  # fmt: skip
PURE = ("domain", "policies", "workflows")
UNAUDITED = {
    "note_phase",
    "wake_unfinished_runs",
    "note_seen",
    "claim_bells",
    "note_rung",
    "wake_overdue",
    "forget_old",
    "forget_snapshots",
    "hold_snapshot",
    "begin_seed",
    "seed_chunk",
    "set_out",
}
READ_METHODS = {"GET", "HEAD", "OPTIONS"}

for _module in pkgutil.iter_modules(commands.__path__):
    importlib.import_module(f"commands.{_module.name}")


def sources(*rooms: str) -> Iterator[tuple[str, ast.Module, str]]:
    """Every module of these rooms: path, tree, text."""
    paths = [path for room in rooms for path in sorted((ROOT / room).rglob("*.py"))]
    for path in paths:
        if "migrations" not in path.parts:
            text = path.read_text(encoding="utf-8")
            yield str(path.relative_to(ROOT)), ast.parse(text), text


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_every_command_declares_its_control_class() -> None:
    assert len(REGISTRY) > 20
    assert all(isinstance(found.control, Control) for found in REGISTRY.values())
    effects = {name for name, found in REGISTRY.items() if found.control is Control.EFFECT}
    assert effects == {"release_change", "restore_change", "import_content", "retire_policy"}
    assert {name for name, found in REGISTRY.items() if found.control is Control.DECISION} == {
        "decide",
        "decide_in_bulk",
        "recall_decision",
    }


def test_only_bookkeeping_leaves_no_audit_record() -> None:
    assert {name for name, found in REGISTRY.items() if not found.audited} == UNAUDITED


def test_only_the_command_holds_the_writing_engine() -> None:
    users = {
        path
        for path, tree, _ in sources(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in ("writing", "_writer")
    }

    assert users == {"commands/command.py", "store/database.py"}


def test_nobody_makes_an_engine_but_the_store() -> None:
    users = {
        path
        for path, tree, _ in sources(*ROOMS)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "create_engine"
    }

    assert {path.partition("/")[0] for path in users} <= {"store", "cli"}


@pytest.fixture(scope="module")
def routes(tmp_path_factory: pytest.TempPathFactory) -> list[APIRoute]:
    """The routes of the application itself."""
    folder = tmp_path_factory.mktemp("routes")
    url = f"sqlite:///{folder / 'routes.db'}"
    upgrade(url)
    app = create_app(Settings(database_url=url, files_dir=folder))
    found = [route for route in flat(app.routes) if isinstance(route, APIRoute)]
    app.state.parts.gateway.database.close()
    return found


def flat(found: object) -> Iterator[object]:
    """Routes, also those of routers that are kept whole."""
    assert isinstance(found, list | tuple)
    for route in found:
        inner = getattr(route, "original_router", None)
        if inner is not None:
            yield from flat(inner.routes)
        else:
            yield route


def commands_called(function: ast.AST, module: object) -> list[str]:
    """The commands that a function names, each time that it does."""
    called = []
    for node in ast.walk(function):
        if isinstance(node, ast.Name):
            target = getattr(module, node.id, None)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            target = getattr(getattr(module, node.value.id, None), node.attr, None)
        else:
            continue
        if isinstance(target, Command):
            called.append(target.name)
    return called


def test_every_writing_route_calls_exactly_one_command(routes: list[APIRoute]) -> None:
    table: dict[str, list[str]] = {}
    for route in routes:
        module = sys.modules[route.endpoint.__module__]
        if not (route.methods or set()) - READ_METHODS or not module.__name__.startswith(api.routes.__name__):
            continue
        trees = {
            node.name: node for node in functions(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8")))
        }
        table[f"{'/'.join(sorted(route.methods or ()))} {route.path}"] = commands_called(
            trees[route.endpoint.__name__], module
        )

    assert len(table) >= 14
    assert {name: called for name, called in table.items() if len(called) != 1} == {}
    assert {called[0] for called in table.values()} <= set(REGISTRY)


def test_no_reading_route_calls_a_command(routes: list[APIRoute]) -> None:
    for route in routes:
        module = sys.modules[route.endpoint.__module__]
        if (route.methods or set()) - READ_METHODS or not module.__name__.startswith("api."):
            continue
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        node = next(found for found in functions(tree) if found.name == route.endpoint.__name__)
        assert commands_called(node, module) == [], route.path


def test_files_and_functions_are_short() -> None:
    long_files = {path: text.count("\n") for path, _, text in sources(*ROOMS, "tests") if text.count("\n") > 400}
    long_functions = {
        f"{path}:{node.name}": length(node)
        for path, tree, _ in sources(*ROOMS)
        for node in functions(tree)
        if length(node) > 60
    }

    assert long_files == {}
    assert long_functions == {}


def test_a_workflow_reads_as_its_lifecycle() -> None:
    runs = {
        path: length(node)
        for path, tree, _ in sources("workflows")
        for node in functions(tree)
        if any(ast.unparse(decorator) == "workflow.run" for decorator in node.decorator_list)
    }

    assert runs
    assert all(lines <= 40 for lines in runs.values()), runs


def test_the_pure_rooms_catch_nothing_broadly() -> None:
    broad = [
        f"{path}:{node.lineno}"
        for path, tree, _ in sources(*PURE)
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None or any(name in ast.unparse(node.type).split() for name in ("Exception", "BaseException"))
        )
    ]

    assert broad == []


UNREPEATABLE = ("datetime.now", "datetime.utcnow", "datetime.today", "date.today", "open", "input", "print")
IMPURE = {"os", "random", "secrets", "socket", "subprocess", "threading", "time", "uuid"}


def unrepeatable(tree: ast.AST) -> Iterator[str]:
    """What a workflow must not meet: calls that answer otherwise at the next replay, modules full of them."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in UNREPEATABLE:
            yield ast.unparse(node.func)
        if isinstance(node, ast.Import):
            yield from IMPURE & {name.name.partition(".")[0] for name in node.names}
        if isinstance(node, ast.ImportFrom):
            yield from IMPURE & {(node.module or "").partition(".")[0]}


INDEPENDENT = {"tests/evidence/independent_verifier.py": {"cryptography"}, "tests/model/reference.py": set()}
"""What judges the product by itself, and what it takes beside the standard library."""


@pytest.mark.parametrize("path", INDEPENDENT)
def test_what_judges_the_product_shares_no_code_with_it(path: str) -> None:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    taken = {name for node in ast.walk(tree) for name in imported(node)}
    assert taken - sys.stdlib_module_names == INDEPENDENT[path]
    assert not {found.id for found in ast.walk(tree) if isinstance(found, ast.Name)} & {"__import__", "importlib"}


def imported(node: ast.AST) -> Iterator[str]:
    """The packages that an import names; a relative one is of our own."""
    if isinstance(node, ast.Import):
        yield from (name.name.partition(".")[0] for name in node.names)
    if isinstance(node, ast.ImportFrom):
        yield "tests" if node.level else (node.module or "").partition(".")[0]


def test_the_pure_rooms_read_no_clock_and_no_file() -> None:
    """No sandbox watches a running workflow (docs/adr/0010), so this and the strict replay do."""
    assert [f"{path}: {found}" for path, tree, _ in sources(*PURE) for found in unrepeatable(tree)] == []
    assert list(unrepeatable(ast.parse("from time import time\nnow = datetime.now(UTC)\nfile = open('x')")))


FORBIDDEN = {
    "import random": "TID251",
    "import time\n\nSTARTED = time.time()": "TID251",
    "import uuid\n\nNAME = uuid.uuid4()": "TID251",
    "from random import choice": "TID251",
    "from datetime import datetime\n\nNOW = datetime.now()": "DTZ005",
    "try:\n    NAME = 1\nexcept Exception:\n    NAME = 2": "BLE001",
}


def ruff(tmp_path: Path, text: str) -> str:
    file = tmp_path / "workflows" / "sample.py"
    file.parent.mkdir()
    file.write_text(f"{text}\n", encoding="utf-8")
    command = [sys.executable, "-m", "ruff", "check", "--no-cache", "--config", str(ROOT / "pyproject.toml"), str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path).stdout


@pytest.mark.parametrize("text", FORBIDDEN)
def test_clock_and_chance_are_forbidden_in_workflows(tmp_path: Path, text: str) -> None:
    assert FORBIDDEN[text] in ruff(tmp_path, text)


def test_a_sound_workflow_module_is_not_complained_about(tmp_path: Path) -> None:
    assert "All checks passed" in ruff(tmp_path, "NAME = 1")
