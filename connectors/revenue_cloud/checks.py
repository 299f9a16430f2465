"""The kinds' own validators over the contents, with each fault led back to the source row that it comes from."""

from connectors.revenue_cloud.bundles import CHILD, GROUP, PARENT, Bundles
from connectors.revenue_cloud.ledger import BAD_ROW, BadCell, Ledger
from connectors.revenue_cloud.report import RowProblem, shown
from domain.artifact import Content, Problem
from domain.kinds import catalog as catalog_kind
from domain.kinds import pricing as pricing_kind


def check_kinds(catalog: Content, pricing: Content, bundles: Bundles, ledger: Ledger) -> None:
    """Note every problem that the catalog or pricing kind finds, at the row and column to be mended."""
    contents = {"catalog": catalog, "pricing": pricing}
    found = (*catalog_kind.KIND.validate(contents), *pricing_kind.KIND.validate(contents))
    looping = {problem.subject for problem in found if problem.code == "bundle_cycle"}
    for problem in found:
        match problem.code:
            case "bad_cardinality":
                _note_cardinality(problem, bundles, ledger)
            case "bundle_cycle":
                _note_loop(problem, bundles, looping, ledger)
            case _:
                ledger.problems.append(RowProblem(file="", value=shown(problem.subject), reason=problem.message))


def _note_cardinality(problem: Problem, bundles: Bundles, ledger: Ledger) -> None:
    """At the group's row, with its components that are left out; a bad component row is the fault itself."""
    components = bundles.components
    for key, group in bundles.groups.found.items():
        if f"{group.bundle}/{group.id}" != problem.subject:
            continue
        members = {name: row.line for name, row in components.rows.items() if row[GROUP] == key}
        lost = {line: components.lost[name] for name, line in members.items() if name in components.lost}
        if BAD_ROW in lost.values():
            continue
        reasons = ", ".join(f"line {line} ({reason})" for line, reason in lost.items())
        note = f" Left out of it: {reasons}." if reasons else ""
        ledger.fault(bundles.groups.rows[key], BadCell("MinBundleComponents", problem.message + note))


def _note_loop(problem: Problem, bundles: Bundles, looping: set[str], ledger: Ledger) -> None:
    """At the first component row of the bundle that leads on within the loop."""
    rows = bundles.components.rows.values()
    row = next(row for row in rows if row[PARENT] == problem.subject and row[CHILD] in looping)
    ledger.fault(row, BadCell(CHILD, problem.message))
