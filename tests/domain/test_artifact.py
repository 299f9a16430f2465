"""Operations: applying, inverting and comparing content obey the laws that rebase and rollback rest on (D6)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.artifact import Operation, Part, apply, base_digest, conflicts, difference, entry_id, invert
from domain.errors import Conflict

KEYS = st.sampled_from(["a", "b", "c", "d"])
ENTRIES = st.fixed_dictionaries({"price": st.integers(0, 3)})
CONTENTS = st.dictionaries(KEYS, ENTRIES)


@given(CONTENTS, CONTENTS)
def test_the_difference_leads_from_one_to_the_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert apply(old, difference(old, new)) == new


@given(CONTENTS, CONTENTS)
def test_inverting_takes_back_exactly_what_was_done(old: dict[str, Any], new: dict[str, Any]) -> None:
    operations = difference(old, new)

    assert apply(apply(old, operations), invert(operations)) == old
    assert invert(invert(operations)) == operations


@given(CONTENTS)
def test_nothing_differs_from_itself(content: dict[str, Any]) -> None:
    assert difference(content, content) == ()
    assert apply(content, ()) == content


@given(CONTENTS, CONTENTS)
def test_the_difference_of_what_operations_did_is_the_operations(old: dict[str, Any], new: dict[str, Any]) -> None:
    operations = difference(old, new)

    assert difference(old, apply(old, operations)) == operations


@given(CONTENTS, CONTENTS, CONTENTS)
def test_operations_apply_only_where_every_entry_is_as_it_was(
    old: dict[str, Any], new: dict[str, Any], other: dict[str, Any]
) -> None:
    operations = difference(old, new)
    moved = tuple(sorted(op.entry for op in operations if other.get(op.entry) != old.get(op.entry)))

    assert conflicts(other, operations) == moved
    if not moved:
        assert difference(other, apply(other, operations)) == operations
        return
    with pytest.raises(Conflict) as caught:
        apply(other, operations)
    assert caught.value.code == "entries_moved"
    assert caught.value.facts["entries"] == list(moved)


@given(CONTENTS, CONTENTS, CONTENTS)
def test_edits_of_different_entries_commute_and_one_is_taken_back_without_the_other(
    old: dict[str, Any], mine: dict[str, Any], theirs: dict[str, Any]
) -> None:
    first = difference(old, mine)
    entries = {op.entry for op in first}
    second = tuple(op for op in difference(old, theirs) if op.entry not in entries)

    both = apply(apply(old, first), second)

    assert both == apply(apply(old, second), first)
    assert apply(both, invert(first)) == apply(old, second)


def test_applying_changes_neither_content_nor_operations() -> None:
    old = {"a": {"price": 1}}
    operations = (Operation(entry="a", before={"price": 1}, after=None),)

    assert apply(old, operations) == {}
    assert old == {"a": {"price": 1}}


@pytest.mark.parametrize(
    ("before", "after", "action"), [(None, {}, "add"), ({}, None, "remove"), ({"a": 1}, {"a": 2}, "change")]
)
def test_what_an_operation_does(before: dict[str, Any] | None, after: dict[str, Any] | None, action: str) -> None:
    assert Operation(entry="e", before=before, after=after).action == action


@given(st.lists(st.text(min_size=1), min_size=1), st.lists(st.text(min_size=1), min_size=1))
def test_entry_ids_are_ascii_and_never_run_together(one: list[str], other: list[str]) -> None:
    assert entry_id(*one).isascii()
    assert (entry_id(*one) == entry_id(*other)) == (one == other)


def test_the_base_is_the_touched_entries_and_not_the_rest() -> None:
    def part(before: int, base: int) -> Part:
        return Part(
            artifact="pricing/standard",
            base=base,
            operations=(Operation(entry="a", before={"price": before}, after=None),),
        )

    assert base_digest([part(1, base=1)]) == base_digest([part(1, base=9)])
    assert base_digest([part(1, base=1)]) != base_digest([part(2, base=1)])
