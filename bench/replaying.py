"""Policy replay at the size of the business: every deal through two policies, beside the same join by hand (R-8.4)."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa

from analysis.engine import Limits, parquet
from analysis.replay import DEALS, Version
from bench.repricing import NEW, make_snapshot, price_book
from bench.results import Measurement
from bench.sizes import answer, at_sizes, in_turns, rows_of
from domain.snapshot import Snapshot
from policies.content import document_of, policy_in, seed_policy
from queries.replay import KINDS, replay_snapshot
from store.snapshots import SnapshotFiles

BENCH = "analysis"
LIMITS = Limits("1GB", 2)
DISCOUNT, MARGIN = "> 3", "< 45"
BARE = f"""
WITH deal AS ({DEALS}),
asked AS (
  SELECT deal, value_minor, currency, coalesce(margin_percent < 20, false) OR discount_percent > 15
    OR payment_days > 30 AS old_finance,
    coalesce(margin_percent {MARGIN}, false) OR discount_percent {DISCOUNT} OR payment_days > 30 AS new_finance,
    NOT standard_clauses AS legal, strategic_account AS director, regions > 1 AS several
  FROM deal WHERE margin_percent IS NOT NULL)
SELECT old_finance, new_finance, legal, director, several, currency, count(*), sum(value_minor), min(deal)
FROM asked GROUP BY ALL"""


def versions() -> tuple[Version, Version]:
    """The shipped policy, and one that asks finance sooner."""
    document = document_of(seed_policy())
    asked = {"discount": {"discount_percent": DISCOUNT}, "margin": {"margin_percent": MARGIN}}
    rows = [{**row, "when": {**row["when"], **asked.get(row["id"], {})}} for row in document["quote"]["rows"]]
    return Version(seed_policy(), "version 1"), Version(policy_in({**document, "quote": {"rows": rows}}), "draft")


class Bare:
    """What a person would write by hand: the facts of each deal by the same join, the conditions as SQL, counted."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        files = SnapshotFiles(str(folder))
        self._views = {kind: files.paths(snapshot, kind) for kind in KINDS}
        costs = [entry for entry in price_book(NEW).values() if entry["type"] == "cost"]
        names = ("offering", "currency", "unit_cost_micros")
        self._costs = pa.table({name: [entry[name] for entry in costs] for name in names})

    def __call__(self) -> int:
        """How many deals go to finance that did not go there before."""
        with duckdb.connect(config={"threads": LIMITS.threads, "memory_limit": LIMITS.memory}) as connection:
            for kind, paths in self._views.items():
                source = f"VIEW {kind} AS SELECT * FROM {parquet(paths)}" if paths else f"TABLE {kind} ({KINDS[kind]})"
                connection.execute(f"CREATE {source}")
            connection.register("unit_cost", self._costs)
            found = connection.execute(BARE).fetchall()
        return sum(deals for old, new, *_, deals, _, _ in found if new and not old)


def measure(deals: int, rounds: int) -> list[Measurement]:
    """The whole replay, its sample compared with the evaluator, beside the join by hand."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name:
        folder = Path(name)
        snapshot, book = make_snapshot(folder, deals), price_book(NEW)
        files, (old, new) = SnapshotFiles(str(folder)), versions()

        def ours() -> int:
            found = replay_snapshot(snapshot, book, files, LIMITS, "approval/standard", old, new)
            return sum(flow.deals for flow in found.flows if "finance" in flow.asked_now)

        turns = in_turns(ours, Bare(folder, snapshot), rounds)
    return rows_of(BENCH, f"policy replay, {deals:,} deals", turns)


def run(sizes: Sequence[int], rounds: int) -> list[Measurement]:
    """Every size, and how time grows."""
    return at_sizes("bench.replaying", sizes, rounds)


if __name__ == "__main__":
    answer(measure)
