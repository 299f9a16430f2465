"""Import of content as a change of kind `migration`, without approval only into an empty store; audited (D5b)."""

from collections.abc import Iterable, Mapping
from typing import Any

from analysis.proposals import known_groups
from commands.changes import write_revision
from commands.command import Authority, Control, command
from commands.releases import delivered, owe
from domain.artifact import EVERYWHERE, Content, Part, content_document, difference
from domain.canonical import canonical, digest, digest_of
from domain.change import ChangeContent, ChangeState, Monitoring
from domain.errors import Invalid, Refused
from domain.kinds import kind_of, kind_of_artifact
from domain.model import Model
from domain.ownership import groups_of, ownership_of
from domain.party import WORKER
from policies.content import policy_of
from store import artifacts, changes
from store.freezes import freezes
from store.ownership import OWNERSHIP
from store.ownership import table as ownership_table
from store.tables.artifact import ArtifactRow, VersionRow
from store.tables.change import ChangeRow, EvidenceRow
from store.tables.release import PlannedActivationRow
from store.unit_of_work import Transaction

MAY_IMPORT = frozenset({"product", "administrators"})


class Import(Model):
    """Contents by artifact id, where they come from and the importer's report, which is kept as evidence."""

    source: str
    source_digest: str
    contents: dict[str, dict[str, dict[str, Any]]]
    report: dict[str, Any] = {}


class Imported(Model):
    """The change that carried the import and the versions that are live; `unchanged` when they were so before."""

    change: str
    versions: dict[str, int]
    unchanged: bool = False


@command(control=Control.EFFECT, authority=Authority.EXCLUSIVE)
def import_content(tx: Transaction, given: Import, targets: tuple[str, ...] = ()) -> Imported:
    """Publish imported contents as version 1 of their artifacts and make them live in every market, in one transaction.

    targets: the systems that have to hold what is live; while they are told, the change that carries the import is
    being released. The same content again changes nothing. Raises Invalid("nothing_to_import", "bad_entry",
    "wrong_key"), Invalid("invalid_content") naming every problem, Refused("store_not_empty") when an artifact has other
    content already, Refused("import_frozen") in a freeze (R-12.2), Refused("may_not_import") unless the caller belongs
    to those who import or is the installation; to a person also Refused("not_importable", "store_not_empty").
    """
    by_person = tx.actor.account != WORKER
    if by_person and not tx.actor.groups & MAY_IMPORT:
        raise Refused("may_not_import", f"Imports are run by {', '.join(sorted(MAY_IMPORT))}.")
    if not given.contents:
        raise Invalid("nothing_to_import", "The import names no artifact.")
    tx.lock_all(ArtifactRow, given.contents)
    contents = {
        artifact: kind_of_artifact(artifact).check_content(content) for artifact, content in given.contents.items()
    }
    if (same := _already(tx, contents)) is not None:
        tx.record("import.unchanged", same.change, "unchanged", source_digest=given.source_digest)
        return same
    if by_person:
        _may_begin(tx, contents)
    _refuse_frozen(tx, contents)
    parts = tuple(_part(tx, artifact, content) for artifact, content in sorted(contents.items()))
    _validate(tx, contents)
    owed = bool(targets) and any(map(delivered, contents))
    row, revision_digest = _change(tx, given, parts, owed)
    versions = {part.artifact: artifacts.publish(tx.session, part, row.id, tx.actor.account, tx.now) for part in parts}
    _make_live(tx, row, versions, targets)
    tx.record(
        "import.published",
        row.id,
        revision=1,
        digest=revision_digest,
        source_digest=given.source_digest,
        versions=versions,
        contents={artifact: artifacts.digest(tx.session, artifact, number) for artifact, number in versions.items()},
        entries={part.artifact: len(part.operations) for part in parts},
        without_approval="store was empty",
    )
    return Imported(change=row.id, versions=versions)


def _make_live(tx: Transaction, row: ChangeRow, versions: Mapping[str, int], targets: tuple[str, ...]) -> None:
    """Live in every market, and owed to the target systems, which the lifecycle of the change then brings them to."""
    for market in changes.zones(tx.session, ("*",)):
        live = PlannedActivationRow(change=row.id, revision=1, market=market, due_at=tx.now, activated_at=tx.now)
        tx.add(live)
        for artifact, number in versions.items():
            artifacts.activate(tx.session, artifact, number, market, row.id, None, tx.now)
            owe(tx, row.id, artifact, number, market, targets)
    if not row.closed:
        tx.wake(row.id, "deliver")


def _already(tx: Transaction, contents: Mapping[str, Content]) -> Imported | None:
    """The import that made exactly this content live. Raises Refused("store_not_empty") for any other content."""
    versions, change = {}, ""
    for artifact, content in contents.items():
        latest = artifacts.latest(tx.session, artifact)
        if latest == 0:
            continue
        wanted = digest_of(canonical(content_document(kind_of_artifact(artifact).schema, content)))
        first = tx.session.get(VersionRow, (artifact, 1))
        if first is None or first.digest != wanted:
            raise Refused(
                "store_not_empty", f"{artifact} has versions already; propose a change instead.", artifact=artifact
            )
        versions[artifact], change = 1, first.change
    if versions and len(versions) != len(contents):
        raise Refused("store_not_empty", "Some of these artifacts have versions already; propose a change instead.")
    return Imported(change=change, versions=versions, unchanged=True) if versions else None


def _may_begin(tx: Transaction, contents: Iterable[str]) -> None:
    """What people bring in without approval is what is sold, and only while nothing was published since the set-up.

    Raises Refused("not_importable", "store_not_empty").
    """
    if never := sorted(artifact for artifact in contents if not kind_of_artifact(artifact).importable):
        raise Refused("not_importable", f"{never[0]} is not imported; propose a change instead.", artifacts=never)
    if (change := artifacts.first_of_people(tx.session)) is not None:
        raise Refused(
            "store_not_empty", f"{change} has published content already; propose a change instead.", change=change
        )


def _refuse_frozen(tx: Transaction, contents: Iterable[str]) -> None:
    """Raises Refused("import_frozen") while any market is frozen for what is imported, or for migrations (R-12.2)."""
    for kind in sorted({"migration", *(kind_of_artifact(artifact).name for artifact in contents)}):
        if held := freezes(tx.session, kind, (EVERYWHERE,), tx.now):
            raise Refused("import_frozen", f"{held[0].id} holds this import back.", freezes=[row.id for row in held])


def _part(tx: Transaction, artifact: str, content: Content) -> Part:
    return Part(artifact=artifact, base=artifacts.latest(tx.session, artifact), operations=difference({}, content))


def _validate(tx: Transaction, contents: Mapping[str, Content]) -> None:
    """Raises Invalid("invalid_content") naming every problem, or what keeps a policy from being evaluated."""
    latest = artifacts.latest_of(tx.session)
    by_kind = artifacts.by_kind((now.kind, contents.get(key) or now.content) for key, now in latest.items())
    names = {kind_of_artifact(artifact).name for artifact in contents}
    problems = [problem for name in sorted(names) for problem in kind_of(name).validate(by_kind)]
    if problems:
        raise Invalid(
            "invalid_content", problems[0].message, problems=[p.model_dump(mode="json") for p in problems[:200]]
        )
    if "security" in names:
        known_groups(tx.session, groups_of(by_kind["security"]))
    if "approval" in names:
        policy_of(by_kind["approval"])


def _owner(tx: Transaction, given: Import) -> str:
    """Who owns migrations, by the table in force or the one that comes along; at the very first the administrators."""
    table = given.contents.get(OWNERSHIP) or ownership_table(tx.session)
    return ownership_of(table, "migration").accountable if table else "administrators"


def _change(tx: Transaction, given: Import, parts: tuple[Part, ...], owed: bool) -> tuple[ChangeRow, str]:
    """The change request that carries the import; its revision names source and content, which the versions hold."""
    number = tx.number(f"change-{tx.now.year}")
    kind = kind_of("migration")
    row = ChangeRow(
        id=f"CR-{tx.now.year}-{number:04d}",
        kind=kind.name,
        title=f"Import of {given.source}",
        state=ChangeState.RELEASING if owed else ChangeState.COMPLETED,
        closed=not owed,
        seen_version=1,
        owner_group=_owner(tx, given),
        requester=tx.actor.party,
        account=tx.actor.account,
        state_since=tx.now,
        created_at=tx.now,
        tier=4,
    )
    tx.add(row)
    content = ChangeContent(
        kind=kind.name,
        title=row.title,
        objective=f"First content, imported from {given.source} into an empty store.",
        parts=tuple(part.model_copy(update={"operations": ()}) for part in parts),
        monitoring=Monitoring(seconds=0),
    )
    revision = write_revision(tx, row, content)
    body = canonical(
        {
            "source": given.source,
            "source_digest": given.source_digest,
            "report": given.report,
            "contents": {
                part.artifact: digest([op.model_dump(mode="json") for op in part.operations]) for part in parts
            },
        }
    )
    tx.add(
        EvidenceRow(
            id=f"{row.id}/1/import/1",
            change=row.id,
            revision=1,
            control="import",
            number=1,
            body=body,
            digest=digest_of(body),
            created_at=tx.now,
        )
    )
    return row, revision
