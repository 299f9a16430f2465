"""The `mandate` command.

Exit codes: 0 done; 1 refused by the rules, failed, or an outcome other than the wanted one; 2 the command line was
wrong; 3 the API, the database or Temporal cannot be reached; 4 there is no such record; 5 not signed in; 6 not within
the time.
"""

import importlib
import sys

import typer

from cli.errors import exit_code, report
from domain.errors import MandateError

PARTS: dict[str, tuple[str, ...]] = {
    "cli.change": ("change",),
    "cli.simulating": ("simulate",),
    "cli.inbox": ("login", "whoami", "inbox"),
    "cli.artifacts": ("artifact", "price"),
    "cli.where_used": ("used",),
    "cli.platform_release": ("running",),
    "cli.policy_replay": ("policy",),
    "cli.freeze": ("freeze",),
    "cli.approval": ("approval",),
    "cli.quote": ("quote",),
    "cli.correction": ("correction",),
    "cli.delegation": ("delegation",),
    "cli.person": ("person",),
    "cli.data_access": ("data",),
    "cli.evidence": ("evidence", "audit", "ask"),
    "cli.ownership": ("ownership",),
    "cli.notices": ("notices", "queue"),
    "cli.emergency": ("emergency", "board", "standard", "accept-risk"),
    "cli.importing": ("import",),
    "cli.seeding": ("seed",),
    "cli.reconciling": ("reconcile",),
    "cli.travelling": ("travel",),
    "cli.ops": ("ops",),
    "cli.platform.commands": ("up", "doctor"),
    "cli.demo": ("demo",),
}
"""The modules and the commands that each brings."""

CODES = (
    "Exit codes: 0 done; 1 refused, failed or another outcome; 2 wrong command line; 3 not reachable; "
    "4 no such record; 5 not signed in; 6 not within the time."
)


def application(wanted: str | None = None) -> typer.Typer:
    """All commands; when one is wanted only its module is loaded, as the others cost a second of start-up."""
    app = typer.Typer(
        name="mandate",
        help="Governed change for CPQ and OMS platforms.",
        epilog=CODES,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    chosen = [module for module, names in PARTS.items() if wanted in names] or list(PARTS)
    for module in chosen:
        app.add_typer(importlib.import_module(module).app)
    # A lone command would otherwise become the program itself and its name an argument.
    app.callback()(_root)
    return app


def _root() -> None:
    """Governed change for CPQ and OMS platforms."""


def main() -> None:
    """Run the command line of this process and end with its exit code."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else None
    try:
        application(wanted)()
    except MandateError as failure:
        report(failure)
        sys.exit(exit_code(failure))


if __name__ == "__main__":
    main()
