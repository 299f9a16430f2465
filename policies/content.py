"""An approval policy as governed content, and back: entries of an approval artifact <-> the policy evaluated (D6b)."""

from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from domain.artifact import Content
from domain.errors import Invalid
from domain.kinds.approval import PolicyHead, PolicyRow, TableName
from domain.kinds.kind import first_error
from policies.plan import check_policy
from policies.table import ApprovalPolicy

SEED = Path(__file__).parent / "tables" / "approval.yaml"
HEAD = "policy"


def seed_policy() -> ApprovalPolicy:
    """The policy of the shipped file, which seeds version 1 only. Raises Invalid when it cannot be evaluated."""
    policy = ApprovalPolicy.model_validate(yaml.safe_load(SEED.read_text(encoding="utf-8")))
    check_policy(policy)
    return policy


def content_of(policy: ApprovalPolicy) -> Content:
    """The entries of a policy."""
    head = PolicyHead(**policy.model_dump(include=set(PolicyHead.model_fields) - {"type"}))
    names: tuple[TableName, ...] = ("tier", "stages")
    rows = [
        PolicyRow(table=name, position=position, **row.model_dump(mode="json"))
        for name in names
        for position, row in enumerate(getattr(policy, name).rows, 1)
    ]
    return {HEAD: head.model_dump(mode="json"), **{row.key: row.model_dump(mode="json") for row in rows}}


def policy_of(content: Content) -> ApprovalPolicy:
    """The policy of entries, rows by position. Raises Invalid when it cannot be evaluated, so that it fails closed."""
    head = {key: value for key, value in content.get(HEAD, {}).items() if key != "type"}
    try:
        policy = ApprovalPolicy.model_validate(
            {**head, "tier": _table(content, "tier"), "stages": _table(content, "stages")}
        )
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None
    check_policy(policy)
    return policy


COLUMNS = {"tier": ("kind", "largest_increase_percent", "affected_quotes"), "stages": ("tier",)}


def _table(content: Content, name: TableName) -> dict[str, Any]:
    rows = [entry for entry in content.values() if entry["type"] == "row" and entry["table"] == name]
    fields = ("id", "when", "then", "because")
    ordered = sorted(rows, key=lambda row: (row["position"], row["id"]))
    return {"columns": COLUMNS[name], "rows": [{field: row[field] for field in fields} for row in ordered]}
