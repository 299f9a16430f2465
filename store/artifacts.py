"""The artifact store: versions as operations on their base, contents derived and checked, what is live (R-9.1, D6)."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from importlib.metadata import version as package_version

from sqlalchemy import Row, bindparam, desc, insert, or_, select, update
from sqlmodel import Session

from domain.artifact import EVERYWHERE, Content, Operation, Part, apply, content_document
from domain.canonical import canonical, canonical_again, digest_of, parse
from domain.errors import NotFound, Refused, Unavailable
from domain.kinds import kind_of_artifact
from domain.model import Model
from domain.party import WORKER
from domain.pricing import PriceBook, book_of
from store.kept import Kept
from store.tables.artifact import ActivationRow, ArtifactRow, VersionRow
from store.tables.change import ChangeRow
from store.tables.columns import table_of

WHOLE_EVERY = 50
"""Every so many versions the content is stored whole, so that deriving one never replays more."""
CACHED = 64
TZDATA = package_version("tzdata")

ARTIFACTS = table_of(ArtifactRow)
VERSIONS = table_of(VersionRow)
ACTIVATIONS = table_of(ActivationRow)
CHANGES = table_of(ChangeRow)


LATEST = select(ARTIFACTS.c.latest).where(ARTIFACTS.c.id == bindparam("artifact"))
NUMBERS = select(ARTIFACTS.c.id, ARTIFACTS.c.latest).order_by(ARTIFACTS.c.id)
NUMBERS_OF = NUMBERS.where(ARTIFACTS.c.id.in_(bindparam("wanted", expanding=True)))
HEADS = (
    select(ARTIFACTS.c.id, ARTIFACTS.c.kind, ARTIFACTS.c.latest, VERSIONS.c.digest)
    .outerjoin(VERSIONS, (VERSIONS.c.artifact == ARTIFACTS.c.id) & (VERSIONS.c.number == ARTIFACTS.c.latest))
    .order_by(ARTIFACTS.c.id)
)
HEADS_OF_KIND = HEADS.where(ARTIFACTS.c.kind == bindparam("kind"))
HEADS_OF = HEADS.where(ARTIFACTS.c.id.in_(bindparam("wanted", expanding=True)))
SET_LATEST = update(ARTIFACTS).where(ARTIFACTS.c.id == bindparam("artifact")).values(latest=bindparam("number"))
SINCE = (
    select(VERSIONS.c.operations)
    .where(VERSIONS.c.artifact == bindparam("artifact"), VERSIONS.c.number > bindparam("number"))
    .order_by(VERSIONS.c.number)
)
WRITE = insert(VERSIONS)
LIVE_NUMBER = (
    select(ACTIVATIONS.c.version)
    .where(
        ACTIVATIONS.c.artifact == bindparam("artifact"),
        ACTIVATIONS.c.market.in_((bindparam("market"), EVERYWHERE)),
    )
    .order_by(desc(ACTIVATIONS.c.from_at), desc(ACTIVATIONS.c.version))
    .limit(1)
)
DIGEST = select(VERSIONS.c.digest).where(
    VERSIONS.c.artifact == bindparam("artifact"), VERSIONS.c.number == bindparam("number")
)


class Latest(Model):
    """The latest version of an artifact; number 0 is none yet."""

    artifact: str
    kind: str
    number: int
    content: Content


class Live(Model):
    """What is live at a place and an instant, and the activation that says so."""

    artifact: str
    version: int
    digest: str
    activation: str
    since: datetime
    change: str


CONTENTS = Kept[Content](CACHED)
"""Contents of immutable versions, by digest."""


def latest(session: Session, artifact: str) -> int:
    """The number of the latest published version, 0 if there is none. Raises NotFound("unknown_artifact")."""
    number = session.execute(LATEST, {"artifact": artifact}).scalar()
    if number is None:
        raise NotFound("unknown_artifact", f"There is no artifact {artifact!r}.", artifact=artifact)
    return int(number)


def latest_numbers(session: Session, *wanted: str) -> dict[str, int]:
    """The number of the latest version of each artifact that there is; none wanted: of all."""
    found = session.execute(NUMBERS_OF, {"wanted": wanted}) if wanted else session.execute(NUMBERS)
    return {name: int(number) for name, number in found}


def first_of_people(session: Session) -> str | None:
    """A change that published a version and was asked for by an account other than the installation's own, if any."""
    asked = select(VERSIONS.c.change).join(CHANGES, CHANGES.c.id == VERSIONS.c.change)
    found: str | None = session.execute(asked.where(CHANGES.c.account != WORKER).limit(1)).scalar()
    return found


def digest(session: Session, artifact: str, number: int) -> str:
    """The digest of a version's content. Raises NotFound("unknown_version")."""
    found: str | None = session.execute(DIGEST, {"artifact": artifact, "number": number}).scalar()
    if found is None:
        raise NotFound("unknown_version", f"{artifact} has no version {number}.", artifact=artifact, version=number)
    return found


def operations_since(session: Session, artifact: str, number: int) -> tuple[Operation, ...]:
    """What was published to an artifact after a version, in order."""
    rows = session.execute(SINCE, {"artifact": artifact, "number": number}).scalars()
    return tuple(Operation.model_validate(op) for operations in rows for op in parse(operations))


def content(session: Session, artifact: str, number: int) -> Content:
    """The content of a version; version 0 is empty.

    Raises NotFound("unknown_version"), Unavailable("content_damaged").
    """
    if number == 0:
        return {}
    wanted = digest(session, artifact, number)
    if (found := CONTENTS.get(wanted)) is None:
        found = _derive(session, artifact, number, wanted)
        CONTENTS.put(wanted, found)
    return found


def _derive(session: Session, artifact: str, number: int, digest: str) -> Content:
    """Replay operations from the nearest version whose content is at hand, and check the digest of the result."""
    result: Content = {}
    pending: list[bytes] = []
    rows = session.execute(
        select(VERSIONS.c.digest, VERSIONS.c.operations, VERSIONS.c.content, VERSIONS.c.schema_name)
        .where(VERSIONS.c.artifact == artifact, VERSIONS.c.number <= number)
        .order_by(desc(VERSIONS.c.number))
        .limit(WHOLE_EVERY + 1)
    ).all()
    for row in rows:
        if (known := CONTENTS.get(row.digest)) is not None:
            result = known
            break
        if row.content is not None:
            result = parse(row.content)["entries"]
            break
        pending.append(row.operations)
    for operations in reversed(pending):
        result = apply(result, (Operation.model_validate(op) for op in parse(operations)))
    if digest_of(canonical_again(content_document(rows[0].schema_name, result))) != digest:
        raise Unavailable(
            "content_damaged", f"{artifact} version {number} does not match its digest.", artifact=artifact
        )
    return result


def digests(session: Session, numbers: Mapping[str, int]) -> dict[str, str]:
    """The digest of each of these versions, by artifact."""
    return {
        artifact: session.execute(DIGEST, {"artifact": artifact, "number": number}).scalar_one()
        for artifact, number in sorted(numbers.items())
    }


def latest_of(session: Session, *wanted: str) -> dict[str, Latest]:
    """The latest version of every artifact, or of those named, by artifact and in one statement.

    Raises NotFound("unknown_artifact") for a named one, Unavailable("content_damaged").
    """
    rows = session.execute(HEADS_OF, {"wanted": wanted}) if wanted else session.execute(HEADS)
    found = {row.id: _latest(session, row) for row in rows.all()}
    for artifact in wanted:
        if artifact not in found:
            raise NotFound("unknown_artifact", f"There is no artifact {artifact!r}.", artifact=artifact)
    return found


def _latest(session: Session, row: Row[tuple[str, str, int, str]]) -> Latest:
    known = CONTENTS.get(row.digest) if row.digest else {}
    entries = content(session, row.id, row.latest) if known is None else known
    return Latest.model_construct(artifact=row.id, kind=row.kind, number=row.latest, content=entries)


def by_kind(contents: Iterable[tuple[str, Content]]) -> dict[str, Content]:
    """Contents of artifacts, given as (kind, content), as kinds validate them: those of one kind together."""
    result: dict[str, Content] = {}
    for kind, entries in contents:
        result[kind] = {**result[kind], **entries} if result.get(kind) else entries
    return result


def operations(session: Session, version: VersionRow) -> tuple[Operation, ...]:
    """What led to a version from the one before."""
    return tuple(Operation.model_validate(op) for op in parse(version.operations))


def price_book(session: Session, artifact: str, number: int | None) -> PriceBook:
    """The price book of a version with the promotions as they are now; None: a record names none that can be read.

    A quote pins no version of the promotions: the day on which it was made says which of them it has. Raises
    NotFound("unknown_version"), Unavailable("content_damaged").
    """
    if number is None:
        raise NotFound("unknown_version", f"No version of {artifact} can be read.", artifact=artifact)
    rows = session.execute(HEADS_OF_KIND, {"kind": "promotion"}).all()
    return book_of(content(session, artifact, number), {row.id: _latest(session, row).content for row in rows})


def live(
    session: Session, artifact: str, market: str, channel: str, at: datetime, segment: str = EVERYWHERE
) -> Live | None:
    """What is live for a market, channel and segment at an instant: the latest activation that covers them (R-9.1)."""
    row = session.execute(
        select(ACTIVATIONS, VERSIONS.c.digest)
        .join(VERSIONS, (VERSIONS.c.artifact == ACTIVATIONS.c.artifact) & (VERSIONS.c.number == ACTIVATIONS.c.version))
        .where(
            ACTIVATIONS.c.artifact == artifact,
            or_(ACTIVATIONS.c.market == market, ACTIVATIONS.c.market == EVERYWHERE),
            or_(ACTIVATIONS.c.channel == channel, ACTIVATIONS.c.channel == EVERYWHERE),
            or_(ACTIVATIONS.c.segment == segment, ACTIVATIONS.c.segment == EVERYWHERE),
            ACTIVATIONS.c.from_at <= at,
        )
        .order_by(desc(ACTIVATIONS.c.from_at), desc(ACTIVATIONS.c.version))
        .limit(1)
    ).first()
    if row is None:
        return None
    return Live(
        artifact=artifact,
        version=row.version,
        digest=row.digest,
        activation=row.id,
        since=row.from_at,
        change=row.change,
    )


def publish(session: Session, part: Part, change: str, by: str, now: datetime) -> int:
    """Write the next version of an artifact: the part's operations applied to the latest one (D6).

    The caller holds the artifact's row. Returns the new version's number. Raises Conflict("entries_moved").
    """
    kind = kind_of_artifact(part.artifact)
    base = latest(session, part.artifact)
    result = apply(content(session, part.artifact, base), part.operations)
    operations = canonical([op.model_dump(mode="json") for op in part.operations])
    document = canonical_again(content_document(kind.schema, result))
    number, digest = base + 1, digest_of(document)
    session.execute(
        WRITE,
        {
            "artifact": part.artifact,
            "number": number,
            "schema_name": kind.schema,
            "digest": digest,
            "operations": operations,
            "content": document if number % WHOLE_EVERY == 1 else None,
            "change": change,
            "published_at": now,
            "published_by": by,
        },
    )
    session.execute(SET_LATEST, {"artifact": part.artifact, "number": number})
    CONTENTS.put(digest, result)
    return number


def live_number(session: Session, artifact: str, market: str) -> int:
    """The version that became live last in a market, 0 if none did."""
    return int(session.execute(LIVE_NUMBER, {"artifact": artifact, "market": market}).scalar() or 0)


def activate(
    session: Session, artifact: str, number: int, market: str, change: str, planned: datetime | None, now: datetime
) -> ActivationRow:
    """Write that a version is live in a market from now on; an activation is never back-dated (D6a).

    Raises Refused("lower_version"): what a later version there has taken back would come back.
    """
    if number < (there := live_number(session, artifact, market)):
        raise Refused(
            "lower_version",
            f"Version {there} of {artifact} is live in {market} already; version {number} is an earlier one.",
            artifact=artifact,
            market=market,
            live=there,
        )
    row = ActivationRow(
        id=f"activation-{secrets.token_hex(8)}",
        artifact=artifact,
        version=number,
        market=market,
        channel=EVERYWHERE,
        segment=EVERYWHERE,
        from_at=now,
        planned_at=planned,
        tzdata=TZDATA,
        change=change,
    )
    values = {name: value for name, value in row.model_dump().items() if value is not None}
    session.execute(insert(ACTIVATIONS), values)
    return row


def proposed(session: Session, parts: Sequence[Part], latest: Mapping[str, Latest] | None = None) -> dict[str, Content]:
    """The content of every artifact by kind, as it would be after a change. Raises Conflict("entries_moved").

    latest: what `latest_of` has read already.
    """
    moved = {part.artifact: part.operations for part in parts}
    return by_kind(
        (now.kind, apply(now.content, moved[now.artifact]) if now.artifact in moved else now.content)
        for now in (latest or latest_of(session)).values()
    )
