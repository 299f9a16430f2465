"""The arithmetic of a chain, without a database: whatever is changed in a record is found in its place (R-24.1)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from domain.audit import GENESIS, AuditRecord, Link, about, chain_faults, chained, link, link_fault
from domain.canonical import canonical, parse

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
MISSING, FOLLOW = "is missing", "does not follow the record before it"
MATCH, COLUMNS = "its content does not match its digest", "its columns do not match its content"


def chain(subject: str, *outcomes: str) -> list[Link]:
    links: list[Link] = []
    for sequence, outcome in enumerate(outcomes, 1):
        previous = links[-1].digest if links else GENESIS
        said = {"subject": subject, "action": "did", "actor": "ann", "outcome": outcome}
        details = {"subject": "CR-1", "n": sequence}
        body, digest = chained(AuditRecord(**said, person=None, request="r", details=details), AT, sequence, previous)
        links.append(
            Link(
                **said, sequence=sequence, at=AT.isoformat(), about=about(outcome, details), body=body.decode(),
                previous=previous, digest=digest,
            )
        )  # fmt: skip
    return links


def changed(links: list[Link], place: int, **values: Any) -> list[Link]:
    return [*links[:place], links[place].model_copy(update=values), *links[place + 1 :]]


def rewritten(found: Link, **values: Any) -> dict[str, str]:
    """Another content with its own digest: what somebody could write who owns the database."""
    body = canonical({**parse(found.body), **values})
    return {"body": body.decode(), "digest": link(found.previous, body)}


def faults(links: list[Link]) -> list[tuple[str, int, str]]:
    return [(found.subject, found.sequence, found.fault) for found in chain_faults(links)]


SOUND = [*chain("A", "done", "refused", "done"), *chain("B", "refused", "done")]
CHANGES = {
    "subject": ("C", COLUMNS), "sequence": (7, MISSING), "at": ("2026-03-02T09:00:01+00:00", COLUMNS), "action": ("x", COLUMNS),
    "actor": ("bob", COLUMNS), "outcome": ("x", COLUMNS), "about": ("CR-2", COLUMNS), "body": ("{}", MATCH),
    "previous": (GENESIS[:-1] + "1", FOLLOW), "digest": (GENESIS, MATCH),
}  # fmt: skip


def test_what_was_written_holds() -> None:
    assert faults(SOUND) == []
    assert [link_fault(found) for found in SOUND] == [None] * 5


def test_every_field_is_watched() -> None:
    assert list(CHANGES) == list(Link.model_fields)


@pytest.mark.parametrize("field", CHANGES)
@pytest.mark.parametrize("place", range(len(SOUND)))
def test_a_changed_field_is_found_in_its_place(place: int, field: str) -> None:
    value, fault = CHANGES[field]
    found = changed(SOUND, place, **{field: value})

    first = faults(found)[0]

    assert first[:2] == (found[place].subject, found[place].sequence)
    if field == "subject" and SOUND[place].sequence > 1:
        fault = "record 1 is missing"
    assert first[2].endswith(fault)


@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("said", ["subject", "sequence", "at", "action", "actor", "outcome"])
def test_a_content_that_says_something_else_is_found_although_its_digest_is_right(place: int, said: str) -> None:
    links = chain("A", "done", "refused")[: place + 1]
    other = 9 if said == "sequence" else "other"

    found = changed(links, place, **rewritten(links[place], **{said: other}))

    assert faults(found) == [("A", place + 1, COLUMNS)]
    assert link_fault(found[place]) == COLUMNS


@pytest.mark.parametrize("details", [{}, {"subject": "CR-2"}, {"subject": 1}])
def test_a_refusal_names_the_subject_that_it_was_about(details: dict[str, Any]) -> None:
    only = chain("A", "refused")

    assert faults(changed(only, 0, **rewritten(only[0], details=details))) == [("A", 1, COLUMNS)]


def test_what_is_about_nothing_names_no_subject() -> None:
    assert faults(changed(chain("A", "done"), 0, about="CR-1")) == [("A", 1, COLUMNS)]
    assert faults(changed(chain("A", "refused"), 0, about=None)) == [("A", 1, COLUMNS)]


def test_after_a_fault_the_chain_is_followed_from_what_was_found() -> None:
    long = chain("A", *["done"] * 5)

    assert faults([long[0], *long[2:]]) == [("A", 3, "record 2 is missing")]
    assert faults([long[0], long[2], long[1], *long[3:]]) == [
        ("A", 3, "record 2 is missing"), ("A", 2, "record 4 is missing"), ("A", 4, "record 3 is missing"),
    ]  # fmt: skip
    assert faults(changed(long, 1, **rewritten(long[1], details={}))) == [("A", 3, FOLLOW)]


def test_a_record_by_itself_is_told_without_its_chain() -> None:
    later = chain("A", "done", "done")[1]

    assert link_fault(later) is None
    assert link_fault(later.model_copy(update={"body": "{}"})) == MATCH
    assert link_fault(later.model_copy(update={"sequence": 3})) == COLUMNS
