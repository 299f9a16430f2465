"""`python -m bench lifecycle|waiting [--json]`: measure the product on this machine; what it starts ends with it."""

import argparse
import os
import sys
from collections.abc import Callable

from bench import lifecycle, waiting
from bench.results import Measurement, show
from domain.errors import MandateError


def main() -> int:
    """Run one benchmark. Returns the exit code: 0 also when a target was missed, for the numbers say so."""
    asked = _arguments()
    benches: dict[str, Callable[[], list[Measurement]]] = {
        lifecycle.BENCH: lambda: lifecycle.run(
            lifecycle.Size(asked.count or 150, asked.rounds, samples=min(20, asked.count or 20))
        ),
        waiting.BENCH: lambda: waiting.run(waiting.Size(asked.count or 1000, asked.idle)),
    }
    try:
        show(benches[asked.bench](), asked.json)
    except MandateError as error:
        print(f"bench: {error.code}: {error.detail}", file=sys.stderr)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("bench", choices=[lifecycle.BENCH, waiting.BENCH])
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--count", type=int, default=0, help="changes a round (lifecycle) or changes that wait (waiting)"
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of the lifecycle benchmark")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness of the waiting benchmark")
    return parser.parse_args()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter aborts now and then while it ends after a worker was used; everything is done by here.
    os._exit(code)
