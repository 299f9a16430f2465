"""How many examples a property is tried with: few in `make test`, thousands in `make test-large` (`EXAMPLES=30`)."""

import os

TIMES = int(os.environ.get("EXAMPLES", "1"))


def examples(usual: int) -> int:
    """So many, or as many times more as was asked for."""
    return usual * TIMES
