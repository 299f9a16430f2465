"""Finding the programs of the Temporal service: the cache, the build, the `temporal` program, the clear sentence."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli.platform.go_build import PROGRAMS, SCHEMA
from cli.platform.temporal_binaries import SOURCE, cached_programs, find_cached, find_or_build, go_version
from domain.errors import Unavailable

GO = """#!/bin/sh
# Answers as Go does: a list, a module's folder, and a program that is made from nothing.
case "$*" in
  "list -deps "*) echo "go: downloading example v1" >&2; echo one; echo two ;;
  "list -m "*) echo "$MODULE" ;;
  build*) echo "$*" >> "$MODULE/builds"; echo compiling >&2; while [ "$1" != -o ]; do shift; done; echo built > "$2" ;;
esac
"""
BROKEN_GO = '#!/bin/sh\necho "go: go.mod requires go >= 1.26.8 (running go 1.22.1)" >&2\nexit 1\n'


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing: an empty cache and no program but the shell's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("MODULE", str(tmp_path / "module"))
    (tmp_path / "bin").mkdir()
    for kind in ("temporal", "visibility"):
        versions = tmp_path / "module" / SCHEMA / kind / "versioned" / "v1.0"
        versions.mkdir(parents=True)
        (versions / "manifest.json").write_text("{}")
    return tmp_path


def install(machine: Path, name: str, text: str = "#!/bin/sh\n") -> Path:
    program = machine / "bin" / name
    program.write_text(text)
    program.chmod(0o755)
    return program


def test_the_cache_folder_is_named_by_the_pin(empty: Path, tmp_path: Path) -> None:
    pin = tmp_path / "pin"
    pin.mkdir()
    (pin / "go.mod").write_text("module a\n")
    (pin / "go.sum").write_text("")
    before = cached_programs(pin)
    (pin / "go.sum").write_text("example v2 h1:abc=\n")
    assert before.parent == empty / "cache" / "mandate" / "temporal"
    assert cached_programs(pin) != before
    assert len(before.name) == 16


def test_programs_in_the_cache_are_used_without_go(empty: Path) -> None:
    assert find_cached() is None
    cached_programs().mkdir(parents=True)
    found = find_or_build()
    assert found.server == cached_programs() / "temporal-server"
    assert found.schema_dir == cached_programs() / SCHEMA
    assert not found.all_in_one


def test_go_builds_once_and_tells_how_far_it_is(empty: Path) -> None:
    install(empty, "go", GO)
    said: list[str] = []
    built = find_or_build(said.append)
    assert find_or_build(said.append) == built
    assert len((empty / "module" / "builds").read_text().splitlines()) == len(PROGRAMS)
    assert {path.name for path in cached_programs().iterdir()} == {*PROGRAMS, "schema"}
    assert built.schema_dir is not None
    assert (built.schema_dir / "visibility" / "versioned" / "v1.0" / "manifest.json").exists()
    assert "Fetching sources: 1 of at most" in " ".join(said)
    assert "Compiling temporal-server: 1 of at most 2 packages, 0 s" in said
    assert said[-1].startswith("Built the Temporal service in ")


def test_two_processes_build_once(empty: Path) -> None:
    install(empty, "go", GO.replace("build*)", "build*) /bin/sleep 0.3;"))
    code = "from cli.platform.temporal_binaries import find_or_build; print(find_or_build(print))"
    both = [subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [process.communicate(timeout=30)[0] for process in both]
    assert "waiting for it" in "".join(answers)
    assert len((empty / "module" / "builds").read_text().splitlines()) == len(PROGRAMS)


def test_a_build_that_breaks_leaves_nothing_and_says_what_go_said(empty: Path) -> None:
    install(empty, "go", BROKEN_GO)
    with pytest.raises(Unavailable, match=r"requires go >= 1\.26\.8") as refused:
        find_or_build()
    assert refused.value.code == "temporal_build_failed"
    assert [path.suffix for path in cached_programs().parent.iterdir()] == [".lock"]


def test_the_temporal_program_is_used_when_go_is_missing_or_too_old(empty: Path) -> None:
    program = install(empty, "temporal")
    assert find_or_build().server == program
    install(empty, "go", BROKEN_GO)
    said: list[str] = []
    found = find_or_build(said.append)
    assert (found.server, found.all_in_one) == (program, True)
    assert "requires go" in said[-1]


def test_without_anything_one_sentence_says_what_to_do(empty: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        find_or_build()
    assert refused.value.code == "temporal_missing"
    for way_out in (f"install Go {go_version()}", "`temporal` program on PATH", "TEMPORAL_ADDRESS"):
        assert way_out in refused.value.detail


def test_the_pin_names_each_program_that_is_built() -> None:
    pinned = (SOURCE / "go.mod").read_text()
    assert [package for package in PROGRAMS.values() if package not in pinned] == []
