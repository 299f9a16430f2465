"""`python -m bench BENCH [--json]`: measure the product on this machine; what it starts ends with it."""

import argparse
import os
import sys
from collections.abc import Callable

from bench import analysis, authority, lifecycle, policies, price_book, price_book_page, waiting
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
        authority.BENCH: lambda: authority.run(asked.rounds),
        policies.BENCH: lambda: policies.run(asked.rounds),
        price_book.BENCH: lambda: price_book.run(asked.count or price_book.COUNT),
        price_book_page.BENCH: lambda: price_book_page.run(asked.count or price_book.COUNT),
        analysis.BENCH: lambda: analysis.run(
            [int(size) for size in asked.sizes.split(",")], asked.rounds, [s for s in asked.sections.split(",") if s]
        ),
    }
    try:
        show(benches[asked.bench](), asked.json)
    except MandateError as error:
        print(f"bench: {error.code}: {error.detail}", file=sys.stderr)
        return 2
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    benches = [analysis.BENCH, authority.BENCH, lifecycle.BENCH, waiting.BENCH, policies.BENCH]
    benches += [price_book.BENCH, price_book_page.BENCH]
    parser.add_argument("bench", choices=benches)
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--count",
        type=int,
        default=0,
        help="changes a round (lifecycle), that wait (waiting); quotes (pricebook, pricebook-page)",
    )
    parser.add_argument("--rounds", type=int, default=3, help="rounds of all but the waiting benchmark")
    sizes = ",".join(str(size) for size in analysis.SIZES)
    parser.add_argument("--sizes", default=sizes, help="quotes, with commas between them (analysis)")
    parser.add_argument("--sections", default="", help=f"of {', '.join(analysis.SECTIONS)} (analysis); default: all")
    parser.add_argument("--idle", type=float, default=20.0, help="seconds of idleness of the waiting benchmark")
    return parser.parse_args()


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # The interpreter aborts now and then while it ends after a worker was used; everything is done by here.
    os._exit(code)
