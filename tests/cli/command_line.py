"""The command line as a script uses it: its exit code and what it printed."""

import contextlib
import io
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cli.main import main
from tests.live import nursery

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    """How a call ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, for scripts."""
        return json.loads(self.out)


def surroundings() -> dict[str, str]:
    """This environment without anything that points to an installation."""
    return {k: v for k, v in os.environ.items() if not k.startswith(("MANDATE", "TEMPORAL"))}


class CommandLine:
    """`mandate` with a configuration folder of its own; `url` is the API that it calls."""

    def __init__(self, folder: Path, url: str, settings: Mapping[str, str] = {}) -> None:
        self.folder = folder
        self.url = url
        homes = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder)}
        self.environment = {**surroundings(), **homes, "MANDATECTL_URL": url, **settings}

    def __call__(self, *arguments: object) -> Answer:
        """Run it in this process, which spares the start of an interpreter."""
        out, err, code = io.StringIO(), io.StringIO(), 0
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "argv", ["mandate", *map(str, arguments)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = int(end.code or 0)
        return Answer(code, out.getvalue(), err.getvalue())

    def process(self, *arguments: object) -> Answer:
        """Run it as a process of its own, for what reads the settings of a process or ends it by itself."""
        return Answer(*nursery.run(("-m", "cli.main", *map(str, arguments)), self.environment, 120))

    def ok(self, *arguments: object) -> Any:
        """What a call that has to succeed answers to a script."""
        answer = self(*arguments, "--json")
        assert answer.code == 0, (arguments, answer)
        return answer.json
