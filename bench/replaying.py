"""Policy replay at the size of the business: every deal through two policies, beside the same join by hand (R-8.4)."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from analysis.deals import Past
from analysis.engine import Limits, parquet
from analysis.replay import Version
from bench.repricing import NEW, bare_book, make_snapshot, price_book
from bench.results import Measurement
from bench.sizes import answer, at_sizes, in_turns, rows_of
from domain.pricing import PriceBook
from domain.snapshot import Snapshot
from policies.content import document_of, policy_in, seed_policy
from queries.replay import replay_snapshot
from store.snapshots import SnapshotFiles

BENCH = "analysis"
LIMITS = Limits("1GB", 2)
DISCOUNT, MARGIN = "> 3", "< 45"
BARE = f"""
WITH priced AS (
  SELECT l.quote, l.quantity, l.discount_basis_points AS discount, p.cost,
    p.unit * (10000 - CASE WHEN l.quantity >= 25 THEN 1000 WHEN l.quantity >= 10 THEN 500 ELSE 0 END) // 10000
      * (10000 - l.discount_basis_points) // 10000 AS unit
  FROM quote_line l JOIN quote q ON q.id = l.quote JOIN price p ON p.offering = l.offering AND p.currency = q.currency),
summed AS (
  SELECT quote, max(discount) AS discount, sum((unit * quantity + 5000) // 10000) AS net,
    sum((cost * quantity + 5000) // 10000) AS cost FROM priced GROUP BY quote),
deal AS (
  SELECT q.id AS deal, q.currency, q.total_minor AS value_minor, (discount + 99) // 100 AS discount_percent,
    CASE WHEN net > 0 THEN floor(100 * (net - cost) / net) END AS margin_percent,
    q.segment = 'strategic' AS strategic_account, 30 AS payment_days
  FROM quote q JOIN summed s ON s.quote = q.id WHERE q.status NOT IN ('draft', 'in_approval')),
asked AS (
  SELECT deal, value_minor, currency, coalesce(margin_percent < 20, false) OR discount_percent > 15
    OR payment_days > 30 AS old_finance,
    coalesce(margin_percent {MARGIN}, false) OR discount_percent {DISCOUNT} OR payment_days > 30 AS new_finance,
    strategic_account AS director
  FROM deal WHERE margin_percent IS NOT NULL)
SELECT old_finance, new_finance, director, currency, count(*), sum(value_minor), min(deal) FROM asked GROUP BY ALL"""
KINDS = ("quote", "quote_line")


def versions() -> tuple[Version, Version]:
    """The shipped policy, and one that asks finance sooner."""
    document = document_of(seed_policy())
    asked = {"discount": {"discount_percent": DISCOUNT}, "margin": {"margin_percent": MARGIN}}
    rows = [{**row, "when": {**row["when"], **asked.get(row["id"], {})}} for row in document["quote"]["rows"]]
    return Version(seed_policy(), "version 1"), Version(policy_in({**document, "quote": {"rows": rows}}), "draft")


class Bare:
    """What a person would write by hand: prices, sums and facts of each deal, the conditions as SQL, counted."""

    def __init__(self, folder: Path, snapshot: Snapshot) -> None:
        files = SnapshotFiles(str(folder))
        self._views = {kind: files.paths(snapshot, kind) for kind in KINDS}
        self._book = bare_book(NEW)

    def __call__(self) -> int:
        """How many deals go to finance that did not go there before."""
        with duckdb.connect(config={"threads": LIMITS.threads, "memory_limit": LIMITS.memory}) as connection:
            for kind, paths in self._views.items():
                connection.execute(f"CREATE VIEW {kind} AS SELECT * FROM {parquet(paths)}")
            connection.register("book", self._book)
            connection.execute("CREATE TEMP TABLE price AS SELECT * FROM book")
            found = connection.execute(BARE).fetchall()
        return sum(deals for old, new, *_, deals, _, _ in found if new and not old)


def measure(deals: int, rounds: int) -> list[Measurement]:
    """The whole replay, its sample compared with the evaluator, beside the join by hand."""
    with tempfile.TemporaryDirectory(prefix="mandate-bench-") as name:
        folder = Path(name)
        snapshot, book = make_snapshot(folder, deals), PriceBook(price_book(NEW))
        past = Past(snapshot, lambda number: book, ())
        files, (old, new) = SnapshotFiles(str(folder)), versions()

        def ours() -> int:
            found = replay_snapshot(past, files, LIMITS, "approval/standard", old, new)
            return sum(flow.deals for flow in found.flows if "finance" in flow.asked_now)

        turns = in_turns(ours, Bare(folder, snapshot), rounds)
    return rows_of(BENCH, f"policy replay, {deals:,} deals", turns)


def run(sizes: Sequence[int], rounds: int) -> list[Measurement]:
    """Every size, and how time grows."""
    return at_sizes("bench.replaying", sizes, rounds)


if __name__ == "__main__":
    answer(measure)
