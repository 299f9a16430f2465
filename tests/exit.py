"""A pytest plugin that ends the process right after the last word of a test run.

A process that used a Temporal client or worker aborts now and then while its interpreter ends, after all its work is
done, and a green run would end red. So nothing of the interpreter's ending is left to happen, in xdist's workers too.
"""

import os
import sys

import pytest

CODE: pytest.StashKey[int] = pytest.StashKey()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Keep the code with which pytest will end."""
    session.config.stash[CODE] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Write out everything that was said and end now. Runs that collected nothing through a session end as ever."""
    code = config.stash.get(CODE, None)
    if code is None:
        return
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None:
        reporter.flush()
    for stream in (sys.stdout, sys.stderr, sys.__stdout__, sys.__stderr__):
        if stream is not None:
            stream.flush()
    os._exit(code)
