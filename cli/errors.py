"""How a failure ends the command line: one line on standard error, its places below, and an exit code."""

import sys

from cli.present import plain
from domain.errors import MandateError

OK, FAILED, USAGE, UNREACHABLE, NOT_FOUND, NOT_SIGNED_IN, TOO_LATE = range(7)
BY_STATUS = {404: NOT_FOUND, 401: NOT_SIGNED_IN, 503: UNREACHABLE, 502: UNREACHABLE, 504: UNREACHABLE}
MOST_PROBLEMS = 50


def exit_code(failure: MandateError) -> int:
    """The exit code of a failure."""
    return BY_STATUS.get(failure.http_status, FAILED)


def report(failure: MandateError) -> None:
    """`error: code: detail`, then each place of a failure that has several."""
    lines = [f"error: {failure.code}: {failure.detail}"]
    places = failure.facts.get("problems") or ()
    lines += [f"  {_place(problem)}" for problem in places[:MOST_PROBLEMS]]
    if len(places) > MOST_PROBLEMS:
        lines.append(f"  and {len(places) - MOST_PROBLEMS} more")
    for line in lines:
        print(plain(line), file=sys.stderr)


def _place(problem: object) -> str:
    if not isinstance(problem, dict):
        return str(problem)
    where = problem.get("subject") or problem.get("place") or ""
    return f"{where}: {problem.get('message', '')}"
