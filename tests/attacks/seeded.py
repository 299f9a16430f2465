"""The seeded defects of the attacks whose tests are at home elsewhere: `python -m tests.attacks.seeded [ID]`.

Those tests start processes of their own, so a guard is taken out of the source text of a copy, and the test is run on
that copy; it must fail there. One line for each. The exit code is 1 when a test noticed nothing.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.attacks.elsewhere import ELSEWHERE, Elsewhere

CHECKOUT = Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns(".*", "mutants", "*.egg-info")
FAILED = re.compile(r"^\d+ failed|, \d+ failed|\d+ failed,|\d+ failed in", re.MULTILINE)


def main(wanted: str = "") -> int:
    """Seed the defects of one case, or of all. Returns the exit code."""
    unnoticed = 0
    with copy_of_the_product() as copy:
        for found in (one for one in ELSEWHERE if wanted in ("", one.id)):
            noticed, said = notices(copy, found)
            unnoticed += not noticed
            where = ", ".join(sorted({edit.file for edit in found.defect}))
            verdict = "red" if noticed else f"NOT NOTICED\n{said}"
            print(f"{found.id:4} {found.entrance:9} {found.test}: defect in {where}: {verdict}", flush=True)
    return 1 if unnoticed else 0


@contextmanager
def copy_of_the_product() -> Iterator[Path]:
    """The checkout once more, to be broken."""
    with tempfile.TemporaryDirectory(prefix="mandate-seeded-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / "product"
        shutil.copytree(CHECKOUT, copy, ignore=LEFT_OUT)
        yield copy


def notices(copy: Path, found: Elsewhere) -> tuple[bool, str]:
    """Whether the test of an attack fails on a copy with its defect, and what the run said."""
    with seeded(copy, found):
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:randomly", "-k", "not postgresql", found.node]
        run = subprocess.run(
            command, cwd=copy, env={**os.environ, "PYTHONPATH": str(copy)}, capture_output=True, text=True, check=False
        )
    # An error before the test ran says nothing about the defect: only a failure counts.
    return run.returncode == 1 and FAILED.search(run.stdout) is not None, run.stdout[-2000:] + run.stderr[-500:]


@contextmanager
def seeded(copy: Path, found: Elsewhere) -> Iterator[None]:
    """The defect, for a while. Raises AssertionError where the source is no longer what the defect changes."""
    try:
        for edit in found.defect:
            text = (copy / edit.file).read_text()
            assert text.count(edit.before) == 1, f"{edit.file} holds {text.count(edit.before)} times: {edit.before}"
            (copy / edit.file).write_text(text.replace(edit.before, edit.after))
        yield
    finally:
        for edit in found.defect:
            shutil.copy2(CHECKOUT / edit.file, copy / edit.file)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
