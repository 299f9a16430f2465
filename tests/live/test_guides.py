"""Every command of the guides for people works exactly as it is written, in its order, on a fresh installation."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from cli.platform.prepare import CHECKOUT
from tests.databases import EMPTY, SqliteDatabases
from tests.live.platform import Platform
from tests.live.processes import inherited
from tests.live.waiting import eventually

BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
BY_ITSELF = {"submitted", "assessing", "simulating", "approved", "releasing"}
"""States in which the platform is at work; whoever reads on meanwhile needs longer than it does."""
ID = re.compile(r"\b(remark|freeze|case)-[0-9a-f]{8,}")


def commands(guide: str) -> Iterator[str]:
    """The commands of a guide, one after the other; what goes on over several lines is one."""
    for block in BLOCK.findall((CHECKOUT / "docs" / guide).read_text(encoding="utf-8")):
        whole = ""
        for line in block.splitlines():
            whole += line + "\n"
            if not line.endswith("\\") and _is_whole(whole):
                yield whole.strip()
                whole = ""
        assert not whole, f"{guide} ends within a command: {whole}"


def _is_whole(lines: str) -> bool:
    """Whether a text that the shell reads on from has come to its end."""
    return "<<END" not in lines or lines.endswith("\nEND\n")


class Reader:
    """Somebody new, who types what a guide says and puts in the ids that were printed."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self._platform = platform
        self._folder = folder
        self._printed: dict[str, str] = {}
        self._year = str(platform.now().year)
        homes = {"XDG_CONFIG_HOME": str(folder), "XDG_STATE_HOME": str(folder), "MANDATECTL_URL": platform.url}
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self._environment = {**inherited(), **platform.processes.settings, **homes, "PATH": path}

    def follow(self, guide: str) -> None:
        for command in commands(guide):
            typed = re.sub(r"\b(CR|AR|DL)-2026-", rf"\1-{self._year}-", command)
            typed = re.sub(r"\b(remark|freeze|case)-…", lambda found: self._printed[found[1]], typed)
            done = subprocess.run(
                ["bash", "-ec", typed], cwd=self._folder, env=self._environment, capture_output=True, text=True
            )
            assert done.returncode == 0, f"{guide}: {typed}\n{done.stdout}{done.stderr}"
            self._printed |= {found[1]: found[0] for found in ID.finditer(done.stdout)}
            eventually(self._at_work, lambda found: not found, 150.0)

    def _at_work(self) -> Sequence[str]:
        shown = self._platform.read("/api/changes", limit=50)["items"]
        return [change["id"] for change in shown if change["state"] in BY_ITSELF]


@pytest.mark.parametrize(
    "guides", [("approvers.md", "auditors.md"), ("policy-owners.md", "pipelines.md")], ids=lambda found: found[0]
)
def test_a_newcomer_can_do_what_the_guide_says(
    guides: Sequence[str], temporal_address: str, tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    login = SqliteDatabases(tmp_path_factory.mktemp("databases")).copy_of(EMPTY)
    with Platform(tmp_path_factory.mktemp("platform"), login, temporal_address) as platform:
        reader = Reader(platform, tmp_path)
        for guide in guides:
            reader.follow(guide)
