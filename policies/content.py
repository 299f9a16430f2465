"""An approval policy as governed content, and back: entries of an approval artifact <-> the policy evaluated (D6b)."""

from collections.abc import Mapping
from functools import cache, lru_cache
from itertools import count
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from domain.artifact import Content
from domain.canonical import canonical_again, parse
from domain.certification import OWN
from domain.errors import Invalid
from domain.kinds.approval import HEAD, KIND, PolicyHead, PolicyRow, TableName
from domain.kinds.kind import first_error
from policies.documents import parsed
from policies.facts import columns_of
from policies.plan import check_policy
from policies.requests import check_requests
from policies.table import ApprovalPolicy, Row, StageRule

SEED = Path(__file__).parent / "tables" / "approval.yaml"
STEP = 10
"""Between the positions of rows, so that a row fits in without moving the others."""
TABLES: tuple[TableName, ...] = ("tier", "stages", "quote", "request")
LEFT_OUT = ("quote", "request")
"""Tables that a policy need not have."""


SEEDED = "approval/standard"
"""The policy that the shipped file seeds."""


@cache
def seed_policy() -> ApprovalPolicy:
    """The policy of the shipped file, which seeds version 1 only. Raises Invalid when it cannot be evaluated."""
    return policy_in(parsed(SEED.read_text(encoding="utf-8")))


def policy_in(document: Any) -> ApprovalPolicy:
    """The policy of a document as people write it. Raises Invalid when it cannot be evaluated.

    A table's columns are the declared facts, so that the document need not list them.
    """
    if not isinstance(document, Mapping):
        raise Invalid("bad_policy", "A policy is a mapping of its fields and tables.")
    tables = {name: _with_columns(name, document.get(name)) for name in TABLES}
    try:
        policy = ApprovalPolicy.model_validate({**document, **tables})
    except ValidationError as error:
        raise Invalid("bad_policy", first_error(error)) from None
    check_policy(policy)
    check_requests(policy)
    return policy


def _with_columns(name: TableName, table: Any) -> Any:
    return {**table, "columns": columns_of(name)} if isinstance(table, dict) else table


def content_of(policy: ApprovalPolicy) -> Content:
    """The entries of a policy."""
    rows = [
        PolicyRow(table=name, position=position, **row.model_dump(mode="json"))
        for name in TABLES
        for position, row in zip(count(STEP, STEP), policy.rows(name), strict=False)
    ]
    head = policy.model_dump(mode="json", include=set(PolicyHead.model_fields))
    return {HEAD: head, **{row.key: row.model_dump(mode="json") for row in rows}}


def document_of(policy: ApprovalPolicy) -> dict[str, Any]:
    """A policy as the document that people write, without what is left out anyway; `policy_in` reads it back."""
    head = policy.model_dump(mode="json", include=set(PolicyHead.model_fields) - {"type"})
    tables: dict[str, Any] = {
        name: {"rows": [_written(row) for row in policy.rows(name)]} for name in TABLES if policy.rows(name)
    }
    return {**{key: value for key, value in head.items() if value not in (None, [])}, **tables}


def _written(row: Row) -> dict[str, Any]:
    found = row.model_dump(mode="json")
    if "stages" in found["then"]:
        found["then"] = {**found["then"], "stages": [_in_order(stage) for stage in found["then"]["stages"]]}
    return {**found, "when": {column: cell for column, cell in found["when"].items() if cell.strip()}}


def _in_order(stage: dict[str, Any]) -> dict[str, Any]:
    """The fields of a stage in the order in which people write them."""
    return {name: stage[name] for name in StageRule.model_fields if name in stage}


def edits_between(live: Content, policy: ApprovalPolicy) -> list[dict[str, Any]]:
    """The edits that make the live entries those of a policy, and no others; none when nothing differs."""
    now = {key: _normal(entry) for key, entry in live.items()}
    wanted = {key: dict(entry) for key, entry in content_of(policy).items()}
    _keep_positions(now, wanted)
    edits: list[dict[str, Any]] = [
        {"edit": "remove_row", "table": entry["table"], "id": entry["id"]}
        for key, entry in now.items()
        if key not in wanted
    ]
    for key, entry in wanted.items():
        if now.get(key) != entry:
            edits.append({"edit": "set_policy", "policy": entry} if key == HEAD else {"edit": "put_row", "row": entry})
    return edits


def _normal(entry: Mapping[str, Any]) -> dict[str, Any]:
    """An entry with the defaults of fields that are younger than it."""
    return dict(KIND.check_entry(entry))


def _keep_positions(live: Mapping[str, Mapping[str, Any]], wanted: Mapping[str, dict[str, Any]]) -> None:
    """Give rows the positions that they have, where their order allows, so that an insertion is one edit."""
    for name in TABLES:
        last = 0
        for key, entry in wanted.items():
            if key != HEAD and entry["table"] == name:
                known = live.get(key, {}).get("position", 0)
                last = known if known > last else last + 1
                entry["position"] = last


def policy_of(content: Content) -> ApprovalPolicy:
    """The policy of entries, rows by position. Raises Invalid when it cannot be evaluated, so that it fails closed.

    Reading one checks all of its cells, which costs more than most that is done with it: those used last are kept by
    their bytes.
    """
    return _policy_of(canonical_again(dict(content)))


@lru_cache(maxsize=16)
def _policy_of(stored: bytes) -> ApprovalPolicy:
    content: Content = parse(stored)
    head = {key: value for key, value in content.get(HEAD, {}).items() if key != "type"}
    return policy_in({**head, **{name: _table(content, name) for name in TABLES}})


def _table(content: Content, name: TableName) -> dict[str, Any] | None:
    rows = [entry for entry in content.values() if entry["type"] == "row" and entry["table"] == name]
    fields = ("id", "when", "then", "because", *OWN)
    ordered = sorted(rows, key=lambda row: (row["position"], row["id"]))
    if not rows and name in LEFT_OUT:
        return None
    return {"rows": [{field: row[field] for field in fields if field in row} for row in ordered]}
