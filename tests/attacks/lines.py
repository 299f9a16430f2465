"""What `make attacks` prints: one line an attack, also for those whose tests are at home elsewhere (`-p tests.attacks.lines`)."""

from collections.abc import Iterator

import pytest

from tests.attacks.elsewhere import ELSEWHERE

LINES = pytest.StashKey[list[str]]()
TOLD = pytest.StashKey[bool]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line an attack: where it came in, how it was refused, and on whose chain that stands."""
    # The folder's own conftest brings this hook too.
    if terminalreporter.config.stash.setdefault(TOLD, False):
        return
    terminalreporter.config.stash[TOLD] = True
    lines = {*terminalreporter.config.stash.get(LINES, []), *_elsewhere(terminalreporter)}
    for line in sorted(lines):
        terminalreporter.write_line(line)


def _elsewhere(reporter: pytest.TerminalReporter) -> Iterator[str]:
    """The attacks whose tests are at home elsewhere and were among these."""
    passed = {report.nodeid.partition("[")[0] for report in reporter.stats.get("passed", ())}
    for found in ELSEWHERE:
        if found.node in passed:
            yield f"{found.id:4} {found.entrance:9} {found.test}: held, see tests/{found.file}"
