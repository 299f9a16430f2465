"""Reading who owns what: the answer for a kind of change, and the whole table as people look at it (R-2.3)."""

from sqlalchemy import select
from sqlmodel import Session, col

from domain.kinds import kind_of, kinds
from domain.kinds.kind import Kind
from domain.model import Model
from domain.ownership import Activity, Domain, Function, Ownership, ownership_of
from store import ownership
from store.artifacts import latest_of
from store.tables.directory import GroupRow


class OwnershipAnswer(Model):
    """Who owns a kind of change, who must be asked, who is told; and what the kind declares (R-3.1)."""

    ownership: Ownership
    risk: str
    plane: str
    questions: tuple[str, ...]
    packs: tuple[str, ...]
    controls: tuple[str, ...]
    strategy: str
    rollback: str


class OwnershipTable(Model):
    """The table in force: its version, domains, functions, RACI rows, the answer for each kind, groups by name."""

    version: int
    domains: tuple[Domain, ...]
    functions: tuple[Function, ...]
    activities: tuple[Activity, ...]
    kinds: tuple[OwnershipAnswer, ...]
    unowned: tuple[str, ...]
    """Kinds of which nobody is accountable; their changes are refused (R-2.2)."""
    groups: dict[str, str]


def ownership_answer(session: Session, kind: str) -> OwnershipAnswer:
    """Who owns a kind of change. Raises Invalid("unknown_kind"), Refused("no_accountable_group")."""
    return _answer(kind_of(kind), ownership.owner_of(session, kind))


def ownership_table(session: Session) -> OwnershipTable:
    """The whole table as it is in force."""
    latest = latest_of(session, ownership.OWNERSHIP)[ownership.OWNERSHIP]
    entries = list(latest.content.values())
    owned = {entry["kind"] for entry in entries if entry["type"] == "kind"}
    rows = session.execute(select(col(GroupRow.id), col(GroupRow.name)))
    return OwnershipTable(
        version=latest.number,
        domains=tuple(Domain.model_validate(entry) for entry in entries if entry["type"] == "domain"),
        functions=tuple(Function.model_validate(entry) for entry in entries if entry["type"] == "function"),
        activities=tuple(Activity.model_validate(entry) for entry in entries if entry["type"] == "activity"),
        kinds=tuple(
            _answer(kind, ownership_of(latest.content, name)) for name, kind in kinds().items() if name in owned
        ),
        unowned=tuple(name for name in kinds() if name not in owned),
        groups={row.id: row.name for row in rows},
    )


def _answer(kind: Kind, owner: Ownership) -> OwnershipAnswer:
    return OwnershipAnswer(
        ownership=owner,
        risk=kind.risk,
        plane=kind.plane,
        questions=kind.questions,
        packs=kind.packs,
        controls=kind.controls,
        strategy=kind.strategy,
        rollback=kind.rollback,
    )
