"""Which functions drop out of an approval policy, row by row: taken out, replaced, overtaken by a row above (R-6.2)."""

from typing import Any

import pytest

from analysis.simulation_approvers import dropped
from policies.content import seed_policy
from policies.table import ApprovalPolicy

BY_ID = {row.id: row for row in (*seed_policy().stages.rows, *seed_policy().rows("quote"))}


def with_rows(table: str, **rows: dict[str, Any] | None) -> ApprovalPolicy:
    """The shipped policy with rows of a table replaced, taken out (None), or put on top of it."""
    policy = seed_policy()
    named = {name.replace("_", "-"): given for name, given in rows.items()}
    old = [row for row in policy.rows(table) if row.id not in named]
    new = [BY_ID["seller"].model_copy(update={"id": name, **given}) for name, given in named.items() if given]
    held = getattr(policy, table).model_copy(update={"rows": (*new, *old)})
    return policy.model_copy(update={table: held})


def stages(row: str, *kept: int, **update: Any) -> dict[str, Any]:
    """The outcome of a shipped row with some of its stages, its first one changed."""
    then = BY_ID[row].then
    first, *others = [then["stages"][number] for number in kept]
    return {"then": {**then, "stages": [{**first, **update}, *others]}}


FINANCE = stages("discount", 0)["then"]
OWNER_OR_SALES = stages("owner-only", 0, groups=["owner", "sales-operations"])
BOTH = stages("owner-only", 0, groups=["owner", "sales-operations"], rule="all")


@pytest.mark.parametrize(
    ("table", "rows", "gone"),
    [
        ("quote", {"seller": None}, ("quote/seller: sales-operations",)),
        ("quote", {"payment": None}, ("quote/payment: finance",)),
        ("quote", {"payment": None, "days": {"when": {"payment_days": "> 30 "}, "then": FINANCE}}, ()),
        ("quote", {"payment": None, "always": {"when": {}, "then": FINANCE}}, ()),
        ("quote", {"payment": None, "late": {"when": {"payment_days": "> 60"}, "then": FINANCE}}, ("quote/payment: finance",)),
        ("stages", {"owner_only": {"when": {"tier": "<= 1"}, **OWNER_OR_SALES}}, ("stages/owner-only: owner",)),
        ("stages", {"owner_only": {"when": {"tier": "<= 1"}, **BOTH}}, ()),
        ("stages", {"board_security": None}, ("stages/board-security: governance-board",) * 2),
        ("stages", {"short": {"when": {"tier": ">= 2", "kind": "'pricing'"}, **stages("owner-only", 0)}}, ("stages/short: finance",)),
        ("stages", {"longer": {"when": {"tier": ">= 2", "kind": "'pricing'"}, **stages("board-security", 0, 1, 2)}}, ()),
    ],
)  # fmt: skip
def test_a_signature_that_nobody_gives_any_more_in_the_cases_of_a_row_is_named(
    table: str, rows: dict[str, Any], gone: tuple[str, ...]
) -> None:
    asked, found = dropped(seed_policy(), with_rows(table, **rows))
    assert (found, asked > len(BY_ID)) == (gone, True)


def test_without_a_readable_policy_every_signature_is_gone() -> None:
    asked, found = dropped(seed_policy(), None)
    assert len(found) == asked
