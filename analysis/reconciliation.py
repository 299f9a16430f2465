"""The reconciliation engine: any declared pair, set-based, in bounded memory; what it found with its evidence (R-18.3).

Every record of both sides gets a verdict; the classes have to add up to the records counted on their own (R-18.3), else
the run fails. One connection for each run, which another thread may interrupt.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb

from analysis import reconciliation_sql as sql
from analysis.engine import Limits, parquet, sql_digest, workspace
from domain.errors import Invalid, MandateError
from domain.reconciliation import Finding, Kind, Pair, Reconciliation, Severity, Side, SideCount
from policies.reconciliation import declaration_digest
from store.files import FileStore

Tell = Callable[[str], None]
ROW_GROUP = 20_000


class NotProven(MandateError):
    """The classes of a side do not add up to its population: the result would be wrong, so there is none."""


class Comparison:
    """One run of one pair on one connection, which another thread may interrupt."""

    def __init__(self, pair: Pair, connection: duckdb.DuckDBPyConnection, as_of: datetime, tell: Tell) -> None:
        self.pair = pair
        self.as_of = as_of.astimezone(UTC)
        self._connection = connection
        self._tell = tell
        self._said: list[str] = []
        self._found: dict[str, tuple[int, int]] = {}

    def result(self, files: FileStore, folder: Path) -> Reconciliation:
        """Compare, prove, keep the list of differences in the file store.

        Raises Invalid("bad_pair") when the declaration does not fit the tables, NotProven("population_not_proven").
        """
        populations = [self._take(name, side) for name, side in self._sides()]
        self._tell("comparing")
        repeated = self._judge()
        left, right = self._counts(populations, repeated)
        self._tell("listing differences")
        unreadable = [name for name, side in zip(sql.SIDES, (left, right), strict=True) if side.unreadable]
        self._run(sql.differences(self.pair, repeated, unreadable))
        return self._summary(left, right, files, folder / "differences.parquet")

    def _sides(self) -> tuple[tuple[str, Side], tuple[str, Side]]:
        return ("left", self.pair.left), ("right", self.pair.right)

    def _take(self, name: str, side: Side) -> int:
        """Read a side's records. Returns how many there are, counted apart from everything that follows."""
        self._tell(f"reading {side.name.lower()}")
        try:
            described = self._rows(f"DESCRIBE {side.rows}")
            types = {str(row[0]): str(row[1]) for row in described}
            population = self._number(f"SELECT count(*) FROM ({side.rows.strip()})")
            self._run(sql.all_records(self.pair, side, name, types))
        except (duckdb.CatalogException, duckdb.BinderException, duckdb.ParserException) as error:
            reason = str(error).partition("\n")[0]
            raise Invalid("bad_pair", f"{self.pair.id}, {side.name}: {reason}", pair=self.pair.id) from None
        self._run(sql.records_by_key(self.pair, side, name))
        return population

    def _judge(self) -> bool:
        """Give every record its verdict. Returns whether a key stands several times on a side that may not have many.

        A key on both sides that stands several times on one multiplies in the join, so the sums of both sides over all
        verdicts equal the records exactly when there is none; looking only then costs nothing in the usual case.
        """
        present = {name: counts for name, *counts in self._rows(sql.crowding(self.pair))}
        repeated = any(_crowded(rows, keys) for rows, _, keys in present.values())
        if not repeated:
            self._give_verdicts(False)
            repeated = self._multiplied([int(present[name][1]) for name in sql.SIDES])
        if repeated:
            self._run(sql.repeated_keys(self.pair))
            self._give_verdicts(True)
        return repeated

    def _give_verdicts(self, any_repeated: bool) -> None:
        self._run(sql.compared(self.pair, self.as_of.isoformat(), any_repeated))
        self._run(sql.verdicts(self.pair))
        found = self._rows(sql.counts(self.pair))
        self._found = {str(kind): (int(left or 0), int(right or 0)) for kind, left, right in found}

    def _multiplied(self, present: list[int]) -> bool:
        sums = [sum(records[place] for records in self._found.values()) for place in (0, 1)]
        return sums != present or any(row[0] for row in self._rows(sql.repeated_alone(self.pair)))

    def _counts(self, populations: list[int], repeated: bool) -> tuple[SideCount, SideCount]:
        """Both sides by class. Raises NotProven("population_not_proven")."""
        sides, left_out = [], self._rows(sql.left_out(self.pair))
        for place, (name, side) in enumerate(self._sides()):
            by_kind = {kind: records[place] for kind, records in self._found.items()}
            out = {reason: int(records) for of, reason, records in left_out if of == name}
            missing = Kind.MISSING_RIGHT if name == "left" else Kind.MISSING_LEFT
            count = SideCount(
                population=populations[place],
                agreeing=by_kind.get("agreeing", 0),
                differing=by_kind.get(Kind.DIFFERING, 0),
                missing=by_kind.get(missing, 0),
                repeated=self._number(sql.repeated_records(self.pair, name)) if repeated else 0,
                unreadable=out.pop(None, 0),
                not_due=by_kind.get(Kind.NOT_DUE, 0),
                excluded=dict(sorted(out.items())),
            )
            if not count.proven:
                detail = f"{side.name}: the classes add up to another number than the {count.population} records."
                raise NotProven("population_not_proven", detail, **count.model_dump())
            sides.append(count)
        return sides[0], sides[1]

    def _summary(self, left: SideCount, right: SideCount, files: FileStore, path: Path) -> Reconciliation:
        kinds, fields, severities = Counter[str](), Counter[str](), Counter[Severity]()
        for kind, severity, differing, records in self._rows(sql.LISTED):
            kinds[kind] += records
            severities.update({Severity(severity): records} if severity else {})
            fields.update(dict.fromkeys(differing.split(","), records) if kind == Kind.DIFFERING else {})
        listed = sum(kinds.values())
        logical = str(self._rows(sql.DIGEST)[0][0])
        self._run(f"COPY difference TO '{path}' (FORMAT parquet, ROW_GROUP_SIZE {ROW_GROUP})", kept=False)
        return Reconciliation(
            pair=self.pair.id,
            declaration=declaration_digest(self.pair),
            sql_digest=sql_digest(*self._said),
            as_of=self.as_of.isoformat(),
            left=left,
            right=right,
            findings=tuple(findings(self.pair, kinds, fields)),
            by_severity=dict(severities),
            differences=listed,
            breaks=listed - kinds.get(Kind.NOT_DUE, 0),
            differences_digest=f"sha256:{logical}",
            differences_file=files.put(path.read_bytes()),
        )

    def _run(self, statement: str, kept: bool = True) -> None:
        if kept:
            self._said.append(statement)
        self._connection.execute(statement)

    def _rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(statement).fetchall()

    def _number(self, statement: str) -> int:
        return int(self._rows(statement)[0][0])


def _crowded(rows: int, keys: int) -> bool:
    """Whether so many rows share keys, by an estimate, that a join of them could multiply without bound."""
    return keys * 4 < rows * 3


def findings(pair: Pair, kinds: Mapping[str, int], fields: Mapping[str, int]) -> Iterator[Finding]:
    """What was found, worst first: of each kind and of each field how many records, and what mends them."""
    found = [
        (Kind(kind), "", pair.rule(Kind(kind)).severity, records, pair.rule(Kind(kind)).repair)
        for kind, records in kinds.items()
        if kind not in (Kind.DIFFERING, Kind.NOT_DUE)
    ]
    found += [
        (Kind.DIFFERING, field.name, field.severity, fields[field.name], field.repair)
        for field in pair.fields
        if field.name in fields
    ]
    for kind, name, severity, records, repair in sorted(found, key=lambda item: (-item[2].rank, item[0], item[1])):
        automatic = pair.repairs[repair].safe and records <= pair.automatic_at_most
        yield Finding(kind=kind, field=name, severity=severity, records=records, repair=repair, automatic=automatic)


def compare(
    pair: Pair,
    tables: Mapping[str, Path],
    files: FileStore,
    as_of: datetime,
    limits: Limits = Limits(),
    tell: Tell = lambda phase: None,
) -> Reconciliation:
    """Reconcile a pair over Parquet files by table name, as of an instant. Raises as `Comparison.result` does."""
    with workspace(limits) as (connection, folder):
        return opened(pair, tables, connection, as_of, tell).result(files, folder)


def opened(
    pair: Pair, tables: Mapping[str, Path], connection: duckdb.DuckDBPyConnection, as_of: datetime, tell: Tell
) -> Comparison:
    """A comparison that is ready to run on a connection, over Parquet files by table name."""
    for name, path in tables.items():
        connection.execute(f"CREATE VIEW {name} AS SELECT * FROM {parquet([str(path)])}")
    return Comparison(pair, connection, as_of, tell)
