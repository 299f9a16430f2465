"""What is kept in memory never says more than the database: bounded, only of committed rows, checked by digest (D5)."""

import gc

import pytest
from sqlalchemy import insert

from domain.canonical import digest_of
from domain.errors import NotFound, Unavailable
from domain.impact import Impact
from store import changes
from store.kept import Kept, settle
from store.tables.change import EvidenceRow, RevisionRow
from store.tables.columns import table_of
from tests.builders import Business


def test_what_was_not_used_for_longest_is_forgotten() -> None:
    kept = Kept[int](2)
    kept.put("a", 1)
    kept.put("b", 2)
    assert kept.get("a") == 1
    kept.put("c", 3)
    assert (kept.get("a"), kept.get("b"), kept.get("c")) == (1, None, 3)


def test_a_value_is_made_once_and_a_failure_is_not_kept() -> None:
    kept = Kept[int](2)
    made: list[int] = []

    def make() -> int:
        made.append(1)
        if len(made) == 1:
            raise ValueError("not yet")
        return 7

    with pytest.raises(ValueError, match="not yet"):
        kept.of("a", make)
    assert [kept.of("a", make), kept.of("a", make)] == [7, 7]
    assert len(made) == 2


def test_a_revision_that_was_rolled_back_is_not_remembered(business: Business) -> None:
    change = business.draft()
    with business.database.reading() as session:
        first = changes.revision(session, change, 1)
    with pytest.raises(RuntimeError, match="taken back"), business.database.writing() as session:
        row = first._replace(number=2)._asdict()
        session.execute(insert(table_of(RevisionRow)), row)
        assert changes.revision(session, change, 2).content == first.content
        raise RuntimeError("taken back")
    with business.database.reading() as session, pytest.raises(NotFound):
        changes.revision(session, change, 2)


def test_a_revision_is_read_once_and_the_same_for_a_writer(business: Business) -> None:
    change = business.draft()
    with business.database.reading() as session:
        first = changes.revision(session, change, 1)
    with business.database.reading() as session:
        assert changes.revision(session, change, 1) is first
    with business.database.writing() as session:
        assert changes.revision(session, change, 1) is first


def test_evidence_that_does_not_match_its_digest_is_refused(business: Business) -> None:
    change = business.awaiting()
    with business.database.reading() as session:
        sound = changes.evidence(session, change, 1, changes.IMPACT)
        assert sound is not None
        assert changes.Evidences(session, change, 1).of(changes.IMPACT, Impact) == changes.evidence_model(sound, Impact)
    other = {"id": f"{change}/1/impact/99", "number": 99, "digest": digest_of(b"something else")}
    with business.database.writing() as session:
        session.execute(insert(table_of(EvidenceRow)), sound._replace(**other)._asdict())
    with business.database.reading() as session, pytest.raises(Unavailable, match="digest"):
        changes.Evidences(session, change, 1).of(changes.IMPACT, Impact)


def test_what_a_process_has_loaded_is_not_looked_at_again() -> None:
    try:
        settle()
        loaded = gc.get_freeze_count()
        assert loaded > 10_000 and len(gc.get_objects()) < loaded // 10
    finally:
        gc.unfreeze()
