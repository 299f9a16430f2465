"""The SQL of a comparison, from a pair's declaration: a part of the evidence, so it is written to be read (D13a).

Types of keys and values are brought together here: numbers in text, case and blanks, zones, what missing stands for.
"""

from collections.abc import Callable, Iterable, Mapping

from domain.reconciliation import UNREADABLE, ComparedField, KeyPart, Kind, Pair, Severity, Side

SIDES = ("left", "right")
INTEGERS = frozenset({"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"})
LARGER = frozenset({"UBIGINT", "HUGEINT", "UHUGEINT"})
"""Whole numbers of which some do not fit: those cannot be read."""
READS_AS_INTEGER = r"[+-]?[0-9]+([.]0+)?"

Types = Mapping[str, str]
"""DuckDB's type of each column of a side's rows."""
Condition = Callable[[ComparedField], str]


def all_records(pair: Pair, side: Side, name: str, types: Types) -> str:
    """Every record of a side with readable keys and values, why it is excluded, and when its counterpart is due.

    Where no record of a side can be excluded or due, no row has to hold it.
    """
    columns = [f"{_key(part, types)} AS {part.name}" for part in pair.key]
    columns += [f"{_value(field, types)} AS {field.name}" for field in pair.fields]
    columns += ["record", f"{_readable(pair, side, types)} AS readable"]
    columns += [f"{_as_instant(f'({side.due})', '')} AS due_at"] if side.due else []
    columns += [f"{_exclusion(side)} AS excluded"] if side.excluded else []
    return f"CREATE TEMP TABLE {name}_read AS\nSELECT {_listed(columns)}\nFROM ({side.rows.strip()})"


def records_by_key(pair: Pair, side: Side, name: str) -> str:
    """One row a record that takes part; on a side that has many, one row a key with its values combined."""
    taking_part = f"FROM {name}_read WHERE {_excluded(side)} IS NULL AND readable"
    if not side.many:
        due = "" if side.due else f", {_due(side)} AS due_at"
        return f"CREATE TEMP VIEW {name}_one AS\nSELECT rowid AS id, *{due}, 1 AS records\n{taking_part}"
    columns = [part.name for part in pair.key]
    columns += [f"{_combined(field)} AS {field.name}" for field in pair.fields]
    columns += [
        "min(CAST(record AS VARCHAR))\n"
        "    || CASE WHEN count(*) > 1 THEN ' and ' || (count(*) - 1) || ' more' ELSE '' END AS record",
        f"max({_due(side)}) AS due_at",
        "count(*) AS records",
        f"{_bits(pair.fields, _torn)} AS torn",
        "min(rowid) AS id",
    ]
    return f"CREATE TEMP TABLE {name}_one AS\nSELECT {_listed(columns)}\n{taking_part} GROUP BY {_names(pair)}"


def crowding(pair: Pair) -> str:
    """Of each side: how many rows take part, how many records they are, and roughly how many keys they have."""
    counts = f"count(*), coalesce(sum(records), 0), approx_count_distinct(hash({_names(pair)}))"
    return "\nUNION ALL ".join(f"SELECT '{name}', {counts} FROM {name}_one" for name in SIDES)


def repeated_alone(pair: Pair) -> str:
    """How many keys stand several times on a side that may not have many, and not at all on the other."""
    each = [
        f"SELECT count(*) FROM (SELECT {_names(pair)} FROM verdict v JOIN {name}_one o ON o.id = v.{name}_id\n"
        f"WHERE v.{other}_id IS NULL GROUP BY {_names(pair)} HAVING count(*) > 1)"
        for name, other, side in zip(SIDES, reversed(SIDES), (pair.left, pair.right), strict=True)
        if not side.many
    ]
    return "\nUNION ALL ".join(["SELECT 0", *each])


def repeated_keys(pair: Pair) -> str:
    """The keys that several records of one side have, where a side may not have many."""
    each = [
        f"SELECT {_names(pair)}, '{name}' AS side FROM {name}_one GROUP BY {_names(pair)} HAVING count(*) > 1"
        for name, side in zip(SIDES, (pair.left, pair.right), strict=True)
        if not side.many
    ]
    nothing = f"SELECT {_names(pair)}, '' AS side FROM left_one WHERE false"
    found = "\nUNION ALL ".join([nothing, *each])
    return (
        f"CREATE TEMP TABLE repeated AS\nSELECT {_names(pair)}, min(side) AS side FROM ({found})\n"
        f"GROUP BY {_names(pair)}"
    )


def compared(pair: Pair, as_of: str, any_repeated: bool) -> str:
    """One row for each key of either side: which records it has and, as bits, in which fields they differ.

    A side that may not have many has one record where it has any, so only sides with many carry their number.
    """
    sides = [f"(SELECT * FROM {name}_one ANTI JOIN repeated USING ({_names(pair)}))" for name in SIDES]
    left, right = sides if any_repeated else [f"{name}_one" for name in SIDES]
    same_key = " AND ".join(f"l.{part.name} = r.{part.name}" for part in pair.key)
    many = [alias for alias, side in zip("lr", (pair.left, pair.right), strict=True) if side.many]
    apart = " | ".join([_bits(pair.fields, _differs), *(f"{alias}.torn" for alias in many)])
    records = "".join(f"  {alias}.records AS {alias}_records,\n" for alias in many)
    early = f"  greatest(l.due_at, r.due_at) > TIMESTAMPTZ '{as_of}' AS early,\n" if _any_due(pair) else ""
    return (
        f"CREATE OR REPLACE TEMP TABLE compared AS\nSELECT l.id AS left_id, r.id AS right_id,\n{records}{early}"
        f"  CASE WHEN l.id IS NOT NULL AND r.id IS NOT NULL THEN {apart} END AS apart\n"
        f"FROM {left} l FULL JOIN {right} r ON {same_key}"
    )


def verdicts(pair: Pair) -> str:
    """The same with the verdict in a word, which follows from the rest."""
    early = f"WHEN early THEN '{Kind.NOT_DUE}' " if _any_due(pair) else ""
    kind = (
        f"CASE WHEN apart = 0 THEN 'agreeing' {early}"
        f"WHEN left_id IS NULL THEN '{Kind.MISSING_LEFT}' WHEN right_id IS NULL THEN '{Kind.MISSING_RIGHT}' "
        f"ELSE '{Kind.DIFFERING}' END"
    )
    return f"CREATE OR REPLACE TEMP VIEW verdict AS\nSELECT *, {kind} AS kind FROM compared"


def _any_due(pair: Pair) -> bool:
    return bool(pair.left.due or pair.right.due)


def counts(pair: Pair) -> str:
    """How many records of each side have which verdict."""
    sums = (
        f"sum({alias}_records)" if side.many else f"count({name}_id)"
        for name, alias, side in zip(SIDES, "lr", (pair.left, pair.right), strict=True)
    )
    return f"SELECT kind, {', '.join(sums)} FROM verdict GROUP BY kind"


def left_out(pair: Pair) -> str:
    """Records that take no part: side, the reason of their exclusion (NULL: they cannot be read), and how many."""
    each = [
        f"SELECT '{name}', {_excluded(side)} AS reason, count(*)\n"
        f"FROM {name}_read WHERE reason IS NOT NULL OR NOT readable GROUP BY reason"
        for name, side in zip(SIDES, (pair.left, pair.right), strict=True)
    ]
    return "\nUNION ALL ".join(each)


def repeated_records(pair: Pair, name: str) -> str:
    """How many records of a side have a repeated key."""
    return f"SELECT coalesce(sum(records), 0) FROM {name}_one SEMI JOIN repeated USING ({_names(pair)})"


def differences(pair: Pair, any_repeated: bool, unreadable: Iterable[str]) -> str:
    """The list: one row a key that is not as it should be, both records side by side, ordered and numbered.

    unreadable: the sides with records that cannot be read.
    `safe` says that the repair could be automatic; whether it may is a question of how many there are (R-18.4).
    """
    repeated = [_repeated(pair)] if any_repeated else []
    parts = "\nUNION ALL ".join([_compared(pair), *repeated, *(_unreadable(pair, name) for name in unreadable)])
    rank = _case(((f"severity = '{severity}'", str(severity.rank)) for severity in Severity), quoted=False)
    allowed = ", ".join(f"'{name}'" for name, repair in sorted(pair.repairs.items()) if repair.safe) or "''"
    return (
        "CREATE TEMP TABLE difference AS\n"
        f"SELECT row_number() OVER (ORDER BY {ORDER}) AS number, *,\n  repair IN ({allowed}) AS safe\n"
        f"FROM (SELECT *, coalesce({rank}, -1) AS severity_rank FROM ({parts})) ORDER BY number"
    )


LOGICAL = ("kind", "severity", "key", "fields", "left_record", "right_record", "left_values", "right_values", "repair")
ORDER = ", ".join(["severity_rank DESC", "kind", "key", *LOGICAL[3:]])
"""By all that the digest is over: `record` need not be unique, and records lie in any order."""
DIGEST = (
    "SELECT sha256(coalesce(string_agg(CAST(to_json(["
    + ", ".join(LOGICAL)
    + "]) AS VARCHAR), chr(10) ORDER BY number), '')) FROM difference"
)
"""Over ordered logical rows: each a JSON list of texts, one a line. What is in the file besides follows from these."""

LISTED = "SELECT kind, severity, fields, count(*) FROM difference GROUP BY ALL"
"""How many of the list there are of each kind, severity and set of fields."""


def _compared(pair: Pair) -> str:
    """Verdicts that are no agreement, with the records behind them."""
    worst = sorted(enumerate(pair.fields), key=lambda item: -item[1].severity.rank)
    fields = " || ".join(
        f"CASE WHEN apart & {1 << place} <> 0 THEN ',{field.name}' ELSE '' END"
        for place, field in enumerate(pair.fields)
    )
    severity = _case([(f"apart & {1 << place} <> 0", field.severity) for place, field in worst])
    repair = _case([(f"apart & {1 << place} <> 0", field.repair) for place, field in worst])
    for kind in (Kind.MISSING_LEFT, Kind.MISSING_RIGHT):
        rule = pair.rule(kind)
        severity = f"CASE WHEN kind = '{kind}' THEN '{rule.severity}' ELSE {severity} END"
        repair = f"CASE WHEN kind = '{kind}' THEN '{rule.repair}' ELSE {repair} END"
    listed = {
        "kind": "kind",
        "severity": f"CASE WHEN kind <> '{Kind.NOT_DUE}' THEN {severity} END",
        "key": _key_text(pair, "coalesce(l.{0}, r.{0})"),
        "fields": f"coalesce(substr({fields}, 2), '')",
        "left_record": "CAST(l.record AS VARCHAR)",
        "right_record": "CAST(r.record AS VARCHAR)",
        "left_values": f"CASE WHEN l.id IS NOT NULL THEN {_values(pair, 'l')} END",
        "right_values": f"CASE WHEN r.id IS NOT NULL THEN {_values(pair, 'r')} END",
        "repair": f"CASE WHEN kind <> '{Kind.NOT_DUE}' THEN {repair} ELSE '' END",
        "due_at": "CAST(greatest(l.due_at, r.due_at) AS VARCHAR)",
    }
    return (
        f"SELECT {_listing(listed)} FROM (SELECT * FROM verdict WHERE apart IS DISTINCT FROM 0) v\n"
        "LEFT JOIN left_one l ON l.id = v.left_id LEFT JOIN right_one r ON r.id = v.right_id"
    )


def _repeated(pair: Pair) -> str:
    """Keys that a side has several times, with how often and the first record."""
    rule = pair.rule(Kind.REPEATED_LEFT)
    each = [
        f"LEFT JOIN (SELECT {_names(pair)}, min(CAST(record AS VARCHAR)) AS record, sum(records) AS records\n"
        f"  FROM {name}_one SEMI JOIN repeated USING ({_names(pair)}) GROUP BY {_names(pair)}) {alias}\n"
        f"  USING ({_names(pair)})"
        for name, alias in zip(SIDES, "lr", strict=True)
    ]
    listed = {
        "kind": f"CASE WHEN side = 'left' THEN '{Kind.REPEATED_LEFT}' ELSE '{Kind.REPEATED_RIGHT}' END",
        "severity": f"'{rule.severity}'",
        "key": _key_text(pair, "{0}"),
        "fields": "''",
        "left_record": "l.record",
        "right_record": "r.record",
        "left_values": "CASE WHEN l.records IS NOT NULL THEN CAST(to_json({'records': l.records}) AS VARCHAR) END",
        "right_values": "CASE WHEN r.records IS NOT NULL THEN CAST(to_json({'records': r.records}) AS VARCHAR) END",
        "repair": f"'{rule.repair}'",
        "due_at": "CAST(NULL AS VARCHAR)",
    }
    return f"SELECT {_listing(listed)} FROM repeated {' '.join(each)}"


def _unreadable(pair: Pair, name: str) -> str:
    """Records whose key or values cannot be read as what they should be."""
    kind, side = Kind(f"unreadable_{name}"), pair.left if name == "left" else pair.right
    rule = pair.rule(kind)
    own = {f"{one}_record": "CAST(record AS VARCHAR)" if one == name else "NULL" for one in SIDES}
    values = {f"{one}_values": _values(pair, "u") if one == name else "NULL" for one in SIDES}
    listed = {
        "kind": f"'{kind}'",
        "severity": f"'{rule.severity}'",
        "key": _key_text(pair, "{0}"),
        "fields": "''",
        **own,
        **values,
        "repair": f"'{rule.repair}'",
        "due_at": f"CAST({_due(side)} AS VARCHAR)",
    }
    return f"SELECT {_listing(listed)} FROM {name}_read u WHERE {_excluded(side)} IS NULL AND NOT readable"


def _listing(columns: Mapping[str, str]) -> str:
    return _listed(f"{expression} AS {name}" for name, expression in columns.items())


def _names(pair: Pair) -> str:
    return ", ".join(part.name for part in pair.key)


def _key_text(pair: Pair, pattern: str) -> str:
    parts = [f"coalesce(CAST({pattern.format(part.name)} AS VARCHAR), '?')" for part in pair.key]
    return " || ' / ' || ".join(parts)


def _values(pair: Pair, alias: str) -> str:
    pairs = ", ".join(f"'{field.name}': {alias}.{field.name}" for field in pair.fields)
    return f"CAST(to_json({{{pairs}}}) AS VARCHAR)"


def _case(cases: Iterable[tuple[str, str]], quoted: bool = True) -> str:
    whens = " ".join(f"WHEN {condition} THEN " + (f"'{value}'" if quoted else value) for condition, value in cases)
    return f"CASE {whens} END"


def _listed(columns: Iterable[str]) -> str:
    return ",\n  ".join(columns)


def _excluded(side: Side) -> str:
    """Why a record that was read is excluded, NULL where it is not."""
    return "excluded" if side.excluded else "CAST(NULL AS VARCHAR)"


def _due(side: Side) -> str:
    """When the counterpart of a record that was read is due, NULL for at once."""
    return "due_at" if side.due else "CAST(NULL AS TIMESTAMPTZ)"


def _exclusion(side: Side) -> str:
    return _case((f"coalesce({condition}, false)", reason) for reason, condition in side.excluded.items())


def _key(part: KeyPart, types: Types) -> str:
    if part.type == "integer":
        return _as_integer(part.name, types.get(part.name, ""))
    return f"nullif(upper(trim(CAST({part.name} AS VARCHAR))), '')"


def _value(field: ComparedField, types: Types) -> str:
    read = _read(field, types.get(field.name, ""))
    if field.absent is None:
        return read
    literal = f"'{field.absent}'" if isinstance(field.absent, str) else str(field.absent).upper()
    return f"coalesce({read}, {literal})"


def _read(field: ComparedField, found: str) -> str:
    match field.type:
        case "integer":
            return _as_integer(field.name, found)
        case "instant":
            return _as_instant(field.name, found)
        case "boolean":
            return f"TRY_CAST({field.name} AS BOOLEAN)"
        case "text":
            return f"nullif(lower(trim(CAST({field.name} AS VARCHAR))), '')"
        case _:
            return f"CAST({field.name} AS VARCHAR)"


def _as_integer(name: str, found: str) -> str:
    if found in INTEGERS:
        return f"nullif(CAST({name} AS BIGINT), {UNREADABLE})"
    if found in LARGER:
        return f"nullif(TRY_CAST({name} AS BIGINT), {UNREADABLE})"
    text = f"trim(CAST({name} AS VARCHAR))"
    return f"CASE WHEN regexp_full_match({text}, '{READS_AS_INTEGER}') THEN TRY_CAST({text} AS BIGINT) END"


def _as_instant(expression: str, found: str) -> str:
    """An instant of the calendar in UTC; without a zone it is UTC already, which is the connection's time zone."""
    instant = expression if found == "TIMESTAMP WITH TIME ZONE" else f"TRY_CAST({expression} AS TIMESTAMPTZ)"
    return f"CASE WHEN isfinite({instant}) THEN {instant} END"


def _readable(pair: Pair, side: Side, types: Types) -> str:
    """Whether the key is complete and every value that is there could be read, also when the other side is due."""
    wanted = [f"({_key(part, types)}) IS NOT NULL" for part in pair.key]
    typed = [field for field in pair.fields if field.type in ("integer", "instant", "boolean")]
    wanted += [
        f"(({_read(field, types.get(field.name, ''))}) IS NOT NULL OR {_missing(field.name, types)})" for field in typed
    ]
    wanted += [f"(({side.due}) IS NULL OR ({_as_instant(f'({side.due})', '')}) IS NOT NULL)"] if side.due else []
    return " AND ".join(wanted)


def _missing(name: str, types: Types) -> str:
    """Whether there is no value; in texts blanks are none."""
    is_text = types.get(name, "") in ("", "VARCHAR", "JSON")
    return f"coalesce(trim(CAST({name} AS VARCHAR)), '') = ''" if is_text else f"{name} IS NULL"


def _combined(field: ComparedField) -> str:
    match field.combine:
        case "all":
            return f"bool_and(coalesce({field.name}, false))"
        case "any":
            return f"bool_or(coalesce({field.name}, false))"
        case "same":
            return f"min({field.name})"
        case _:
            return f"{field.combine}({field.name})"


def _torn(field: ComparedField) -> str:
    """Whether the records of one key disagree among themselves in a field that has to be the same."""
    if field.combine != "same":
        return "false"
    some_missing = f"count({field.name}) NOT IN (0, count(*))"
    return f"min({field.name}) IS DISTINCT FROM max({field.name}) OR {some_missing}"


def _differs(field: ComparedField) -> str:
    left, right = f"l.{field.name}", f"r.{field.name}"
    distinct = f"{left} IS DISTINCT FROM {right}"
    if not field.tolerance:
        return distinct
    if field.type == "instant":
        apart = f"abs(epoch_us({left}) - epoch_us({right})) > {field.tolerance * 1_000_000}"
    else:
        apart = f"abs(CAST({left} AS HUGEINT) - {right}) > {field.tolerance}"
    return f"CASE WHEN {left} IS NULL OR {right} IS NULL THEN {distinct} ELSE {apart} END"


def _bits(fields: Iterable[ComparedField], condition: Condition) -> str:
    terms = [f"CASE WHEN {condition(field)} THEN {1 << place} ELSE 0 END" for place, field in enumerate(fields)]
    return f"CAST({' + '.join(terms)} AS BIGINT)"
