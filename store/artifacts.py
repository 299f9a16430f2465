"""The artifact store: versions as operations on their base, contents derived and checked, what is live (R-9.1, D6)."""

import secrets
import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from importlib.metadata import version as package_version

from sqlalchemy import bindparam, desc, insert, or_, select, update
from sqlmodel import Session, col

from domain.artifact import EVERYWHERE, Content, Operation, Part, apply, content_document
from domain.canonical import canonical, digest_of, parse
from domain.errors import NotFound, Unavailable
from domain.kinds import kind_of_artifact
from domain.model import Model
from domain.pricing import PriceBook
from store.tables.artifact import ActivationRow, ArtifactRow, VersionRow
from store.tables.columns import table_of

WHOLE_EVERY = 50
"""Every so many versions the content is stored whole, so that deriving one never replays more."""
CACHED = 64
TZDATA = package_version("tzdata")

VERSIONS = table_of(VersionRow)
ACTIVATIONS = table_of(ActivationRow)


DIGEST = select(VERSIONS.c.digest).where(
    VERSIONS.c.artifact == bindparam("artifact"), VERSIONS.c.number == bindparam("number")
)


class Live(Model):
    """What is live at a place and an instant, and the activation that says so."""

    artifact: str
    version: int
    digest: str
    activation: str
    since: datetime
    change: str


class _Contents:
    """Contents of immutable versions, by digest: what was read once never changes."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Content] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, digest: str) -> Content | None:
        with self._lock:
            if (found := self._kept.get(digest)) is not None:
                self._kept.move_to_end(digest)
            return found

    def put(self, digest: str, content: Content) -> None:
        with self._lock:
            self._kept[digest] = content
            while len(self._kept) > CACHED:
                self._kept.popitem(last=False)


CONTENTS = _Contents()


def latest(session: Session, artifact: str) -> int:
    """The number of the latest published version, 0 if there is none. Raises NotFound("unknown_artifact")."""
    row = session.get(ArtifactRow, artifact)
    if row is None:
        raise NotFound("unknown_artifact", f"There is no artifact {artifact!r}.", artifact=artifact)
    return row.latest


def content(session: Session, artifact: str, number: int) -> Content:
    """The content of a version; version 0 is empty.

    Raises NotFound("unknown_version"), Unavailable("content_damaged").
    """
    if number == 0:
        return {}
    digest = session.execute(DIGEST, {"artifact": artifact, "number": number}).scalar()
    if digest is None:
        raise NotFound("unknown_version", f"{artifact} has no version {number}.", artifact=artifact, version=number)
    if (found := CONTENTS.get(digest)) is None:
        found = _derive(session, artifact, number, digest)
        CONTENTS.put(digest, found)
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
    if digest_of(canonical(content_document(rows[0].schema_name, result))) != digest:
        raise Unavailable(
            "content_damaged", f"{artifact} version {number} does not match its digest.", artifact=artifact
        )
    return result


def price_book(session: Session, artifact: str, number: int) -> PriceBook:
    """The price book of a version, ready for look-ups."""
    return PriceBook(content(session, artifact, number))


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
    document = canonical(content_document(kind.schema, result))
    number, digest = base + 1, digest_of(document)
    session.execute(
        insert(VERSIONS).values(
            artifact=part.artifact,
            number=number,
            schema_name=kind.schema,
            digest=digest,
            operations=canonical([op.model_dump(mode="json") for op in part.operations]),
            content=document if number % WHOLE_EVERY == 1 else None,
            change=change,
            published_at=now,
            published_by=by,
        )
    )
    artifacts = table_of(ArtifactRow)
    session.execute(update(artifacts).where(artifacts.c.id == part.artifact).values(latest=number))
    CONTENTS.put(digest, result)
    return number


def activate(
    session: Session, artifact: str, number: int, market: str, change: str, planned: datetime | None, now: datetime
) -> ActivationRow:
    """Write that a version is live in a market from now on; an activation is never back-dated (D6a)."""
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


def proposed(session: Session, parts: Sequence[Part]) -> dict[str, Content]:
    """The content of every artifact by kind, as it would be after a change. Raises Conflict("entries_moved").

    An installation has one catalog, one price book and one approval policy until further artifacts are registered.
    """
    moved = {part.artifact: part for part in parts}
    result: dict[str, Content] = {}
    for row in session.execute(select(ArtifactRow).order_by(col(ArtifactRow.id))).scalars():
        now = content(session, row.id, row.latest)
        part = moved.get(row.id)
        result[row.kind] = apply(now, part.operations) if part else now
    return result
