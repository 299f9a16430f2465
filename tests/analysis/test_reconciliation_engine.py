"""The engine agrees with the record-by-record reference on whatever hypothesis thinks of, and proves its populations."""

import json
import random
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from analysis import reconciliation_sql
from analysis.reconciliation import NotProven, compare
from domain.errors import Invalid
from domain.reconciliation import Pair, Reconciliation
from store.files import FileStore
from tests.analysis.plain_reconciliation import Record, reconcile
from tests.analysis.record_sets import CHECKED, listed, pair_of, record, run, side, write
from tests.examples import examples

AS_OF = datetime(2026, 6, 1, tzinfo=UTC)
QUICK = (Phase.explicit, Phase.generate)  # making a failing case smaller runs the engine hundreds of times
LATER, BEFORE = AS_OF + timedelta(hours=1), AS_OF - timedelta(hours=1)

records = st.fixed_dictionaries(
    {
        "name": st.sampled_from(["a", "A", " a ", "b", "c", "", None]),
        "line": st.sampled_from(["1", "01", "1.0", "2", "x", None, " 2"]),
        "code": st.sampled_from(["X", "x", None, ""]),
        "label": st.sampled_from(["Fibre", "FIBRE ", None, " ", "Air"]),
        "amount": st.sampled_from([100, 101, 102, 103, -5, None, 2**62]),
        "percent": st.sampled_from(["0", "5", None, "5.0", "five", "", "007"]),
        "starts": st.sampled_from(
            [
                "2026-01-01T01:00:00+01:00",
                "2026-01-01T00:00:00",
                "2026-01-01T00:01:00Z",
                "2026-01-01T00:01:01Z",
                None,
                "soon",
            ]
        ),
        "finished": st.sampled_from([True, False, None]),
        "excluded": st.sampled_from([None, None, None, "test_data", "cancelled"]),
        "due_at": st.sampled_from([None, None, BEFORE, AS_OF, LATER]),
    }
)
rows = st.lists(records, max_size=12)


def check(pair: Pair, left: Sequence[Record], right: Sequence[Record]) -> Reconciliation:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        result = run(folder, pair, left, right, AS_OF)
        wanted = reconcile(pair, left, right, AS_OF)
        for count, plain in ((result.left, wanted.left), (result.right, wanted.right)):
            assert count.proven
            assert {name: getattr(count, name) for name in CHECKED} == {name: plain.get(name, 0) for name in CHECKED}
            assert count.left_out == plain.get("excluded", 0)
        assert listed(folder, result) == wanted.differences
        return result


@settings(max_examples=examples(30), phases=QUICK)
@given(rows, rows, st.tuples(st.booleans(), st.booleans()))
def test_agrees_with_the_reference(left: list[Record], right: list[Record], many: tuple[bool, bool]) -> None:
    check(pair_of(many), left, right)


@settings(max_examples=examples(6), phases=QUICK)
@given(rows, rows)
def test_sides_may_be_exchanged(left: list[Record], right: list[Record]) -> None:
    pair = pair_of()
    one, other = check(pair, left, right), check(pair, right, left)
    assert (one.left.agreeing, one.left.differing, one.left.missing) == (
        other.right.agreeing,
        other.right.differing,
        other.right.missing,
    )
    assert one.breaks == other.breaks or one.left.repeated  # a key repeated on both sides is listed under one of them


@settings(max_examples=examples(6), phases=QUICK)
@given(rows, rows, st.randoms(use_true_random=False))
def test_the_order_of_records_does_not_matter(left: list[Record], right: list[Record], chance: Any) -> None:
    shuffled = [list(side) for side in (left, right)]
    for side_ in shuffled:
        chance.shuffle(side_)
    pair = pair_of((True, True))
    first, second = check(pair, left, right), check(pair, shuffled[0], shuffled[1])
    assert first.left == second.left and first.right == second.right and first.findings == second.findings


@settings(max_examples=examples(6), phases=QUICK)
@given(rows)
def test_a_side_agrees_with_itself_but_for_what_is_wrong_in_it(left: list[Record]) -> None:
    result = check(pair_of(), left, left)
    assert result.left == result.right
    assert result.left.missing == result.left.differing == 0


@pytest.mark.parametrize("many", [(False, False), (True, True)])
def test_agrees_with_the_reference_on_thousands_of_keys(many: tuple[bool, bool]) -> None:
    """Each key is a case of its own, so that one run of the engine is compared on all of them."""
    chance = random.Random(11)
    left, right = ([_drawn(chance) for _ in range(6_000)] for _ in range(2))
    result = check(pair_of(many), left, right)
    assert all(getattr(result.left, name) > 20 for name in CHECKED if name != "repeated" or not many[0])


def _drawn(chance: random.Random) -> Record:
    """A record that is mostly as its counterparts, of one of four thousand keys."""
    changed = {
        "label": chance.choice(["FIBRE ", None, "Air"]),
        "amount": chance.choice([101, 103, None, -5]),
        "percent": chance.choice([None, "0", "five", "5.0"]),
        "starts": chance.choice(["2026-01-01T00:01:00Z", "2026-01-01T00:01:01Z", "soon"]),
        "finished": False,
        "excluded": chance.choice([None, "cancelled", "test_data"]),
        "due_at": chance.choice([None, BEFORE, LATER, LATER]),
        "line": chance.choice(["1", "01", "x"]),
    }
    names = chance.sample(sorted(changed), chance.choice([0, 0, 0, 1, 2]))
    return record(f"key-{chance.randrange(4_000)}", **{name: changed[name] for name in names})


@pytest.mark.parametrize(
    ("values", "fields"),
    [
        ({"name": " A "}, ()),
        ({"line": "01"}, ()),
        ({"line": "1.0"}, ()),
        ({"code": "x"}, ("code",)),
        ({"code": None}, ("code",)),
        ({"label": "fibre "}, ()),
        ({"label": None}, ("label",)),
        ({"amount": 102}, ()),
        ({"amount": 103}, ("amount",)),
        ({"amount": None}, ("amount",)),
        ({"percent": "5.0"}, ()),
        ({"starts": "2026-01-01T00:00:00"}, ()),
        ({"starts": "2025-12-31T19:00:59-05:00"}, ()),
        ({"starts": "2025-12-31T19:01:01-05:00"}, ("starts",)),
        ({"finished": None}, ("finished",)),
    ],
    ids=str,
)
def test_what_is_the_same(tmp_path: Path, values: dict[str, Any], fields: tuple[str, ...]) -> None:
    result = run(tmp_path, pair_of(), [record()], [record(**values)], AS_OF)
    assert [found for _, _, found in listed(tmp_path, result)] == ([fields] if fields else [])


def test_missing_stands_for_what_is_declared(tmp_path: Path) -> None:
    result = run(tmp_path, pair_of(), [record(percent=None)], [record(percent="0")], AS_OF)
    assert result.clean


@pytest.mark.parametrize(("due", "breaks"), [(None, 1), (BEFORE, 1), (AS_OF, 1), (LATER, 0)])
def test_what_is_not_yet_due_is_no_break(tmp_path: Path, due: datetime | None, breaks: int) -> None:
    result = run(tmp_path, pair_of(), [record(due_at=due)], [], AS_OF)
    assert (result.breaks, result.differences) == (breaks, 1)
    assert (result.left.not_due, result.left.missing) == (1 - breaks, breaks)


def test_several_charges_are_one_amount(tmp_path: Path) -> None:
    right = [record(amount=60), record(amount=40), record(name="b", amount=100)]
    result = run(tmp_path, pair_of((False, True)), [record(), record(name="b")], right, AS_OF)
    assert result.clean
    assert (result.left.agreeing, result.right.agreeing) == (2, 3)


def test_many_repeated_keys_do_not_multiply(tmp_path: Path) -> None:
    """Joined, twenty thousand records of one key on both sides would be four hundred million rows."""
    crowd = [record()] * 20_000
    result = run(tmp_path, pair_of(), crowd, crowd, AS_OF)
    assert (result.left.repeated, result.right.repeated, result.breaks) == (20_000, 20_000, 1)


def test_the_same_records_give_the_same_digest_wherever(tmp_path: Path) -> None:
    left, right = [record(str(n)) for n in range(500)], [record(str(n), amount=n) for n in range(400)]
    one = run(tmp_path / "one", pair_of(), left, right, AS_OF)
    other = run(tmp_path / "other", pair_of(), left[::-1], right[::-1], AS_OF)
    assert one.differences_digest == other.differences_digest
    assert one.model_copy(update={"differences_file": ""}) == other.model_copy(update={"differences_file": ""})
    moved = run(tmp_path / "moved", pair_of(), left, [*right[:-1], record("399", amount=1)], AS_OF)
    assert moved.differences_digest != one.differences_digest


def test_records_that_only_their_values_tell_apart_are_listed_the_same_way_wherever_they_lie(tmp_path: Path) -> None:
    unreadable = [record(starts="soon", amount=amount) for amount in (100, 101)]
    without = [record("b", line=None, amount=amount) for amount in (100, 101)]
    left = [*unreadable, *without]
    one, other = (run(tmp_path, pair_of(), rows, [], AS_OF) for rows in (left, left[::-1]))
    assert one.differences_digest == other.differences_digest
    table = pq.read_table(pa.BufferReader(FileStore(tmp_path / "files").get(one.differences_file)))
    shown = [(row["left_record"], row["left_values"], row["right_values"]) for row in table.to_pylist()]
    assert [(name, json.loads(values)["amount"], right) for name, values, right in shown] == [
        ("a/1", 100, None),
        ("a/1", 101, None),
        (None, 100, None),
        (None, 101, None),
    ]


def test_worst_first_and_automatic_only_within_the_bound(tmp_path: Path) -> None:
    few = [record(str(n), label="Air") for n in range(2)]
    result = run(tmp_path, pair_of(), [record(str(n)) for n in range(5)], few, AS_OF)
    assert [(found.name, found.severity, found.records, found.automatic) for found in result.findings] == [
        ("missing_right", "high", 3, True),
        ("field:label", "low", 2, False),
    ]
    more = run(tmp_path, pair_of(), [record(str(n)) for n in range(6)], few, AS_OF)
    assert not more.findings[0].automatic, "four are more than the pair leaves to automatic repair"


def test_a_population_that_does_not_add_up_fails_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = reconciliation_sql.counts
    lost = "FROM verdict WHERE kind <> 'missing_right'"
    monkeypatch.setattr(reconciliation_sql, "counts", lambda pair: counts(pair).replace("FROM verdict", lost))
    with pytest.raises(NotProven) as caught:
        run(tmp_path, pair_of(), [record(), record("b")], [record()], AS_OF)
    assert caught.value.code == "population_not_proven"
    assert not (tmp_path / "files").exists(), "nothing is kept of a run that failed"


@pytest.mark.parametrize(
    "changed",
    [
        {"rows": "SELECT nothing FROM left_records"},
        {"rows": "SELECT"},
        {"due": "no_column"},
        {"excluded": {"x": "no_column"}},
    ],
    ids=str,
)
def test_a_declaration_that_does_not_fit_says_where(tmp_path: Path, changed: Mapping[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        run(tmp_path, pair_of(left=side("left", False, **changed)), [record()], [record()], AS_OF)
    assert caught.value.code == "bad_pair"
    assert caught.value.detail.startswith("test-pair, left: ")


def test_what_does_not_fit_into_memory_is_spilled_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    told: list[str] = []
    tables = {f"{name}_records": write(tmp_path, name, [record()]) for name in ("left", "right")}
    compare(pair_of(), tables, FileStore(tmp_path / "files"), AS_OF, tell=told.append)
    assert told == ["reading left", "reading right", "comparing", "listing differences"]
    assert {path.name for path in tmp_path.iterdir()} == {"left.parquet", "right.parquet", "files"}
