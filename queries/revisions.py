"""Reading the revisions of a change: who wrote which, when, and what each changed against the one before (R-4.4)."""

from datetime import datetime

from sqlmodel import Session

from domain.change import ChangeContent
from domain.model import Model
from queries.changes import words
from store import changes
from store.directory import names


class RevisionSummary(Model):
    """A revision in the list: the digest of its exact bytes, and what it changed against the one before.

    moved: the fields of the content that differ. now, no_longer: what it came to do, and what it does no longer, in one
    business sentence an operation. Of the first revision everything is new.
    """

    number: int
    created_at: datetime
    author: str
    name: str
    digest: str
    moved: tuple[str, ...]
    now: tuple[str, ...]
    no_longer: tuple[str, ...]


class RevisionPage(Model):
    """A page of the revisions of a change, first to last; how many there are; the cursor of the next page, if any."""

    items: tuple[RevisionSummary, ...]
    total: int
    next: str | None


class RevisionView(Model):
    """A revision as it was written; words: what it does, one business sentence an operation."""

    change: str
    summary: RevisionSummary
    content: ChangeContent
    words: tuple[str, ...]


def revision_page(session: Session, change: str, after: int, limit: int) -> RevisionPage:
    """The revisions after this number. Raises NotFound("unknown_change_request")."""
    total = changes.change(session, change).revision
    last = min(after + limit, total)
    found = tuple(_summary(session, change, number) for number in range(after + 1, last + 1))
    return RevisionPage(items=found, total=total, next=str(last) if last < total else None)


def revision_view(session: Session, change: str, number: int) -> RevisionView:
    """A revision of a change. Raises NotFound("unknown_change_request", "unknown_revision")."""
    changes.change(session, change)
    content = changes.content(session, change, number)
    return RevisionView(change=change, summary=_summary(session, change, number), content=content, words=words(content))


def _summary(session: Session, change: str, number: int) -> RevisionSummary:
    row = changes.revision(session, change, number)
    content = changes.content_of(row.content)
    before = changes.content(session, change, number - 1) if number > 1 else None
    said, said_before = words(content), words(before) if before else ()
    return RevisionSummary(
        number=number,
        created_at=row.created_at,
        author=row.author,
        name=names(session, {row.author})[row.author],
        digest=row.digest,
        moved=_moved(before, content) if before else (),
        now=_without(said, said_before),
        no_longer=_without(said_before, said),
    )


def _moved(before: ChangeContent, after: ChangeContent) -> tuple[str, ...]:
    return tuple(name for name in ChangeContent.model_fields if getattr(before, name) != getattr(after, name))


def _without(sentences: tuple[str, ...], others: tuple[str, ...]) -> tuple[str, ...]:
    left = frozenset(others)
    return tuple(sentence for sentence in sentences if sentence not in left)
