"""`mandate ops`: on the installation's own database."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from store import artifacts
from store.database import Database
from tests.cli.command_line import CommandLine


@pytest.fixture
def mandate(tmp_path: Path) -> CommandLine:
    """The command line beside a database that is not there yet; nothing listens anywhere."""
    settings = {
        "MANDATE_DATABASE_URL": f"sqlite:///{tmp_path / 'mandate.db'}",
        "MANDATE_MODE": "development",
        "MANDATE_TEMPORAL_ADDRESS": "127.0.0.1:1",
    }
    return CommandLine(tmp_path, "http://127.0.0.1:1", settings)


def test_a_database_is_migrated_set_up_and_its_evidence_checked(mandate: CommandLine) -> None:
    early = mandate.process("ops", "audit", "verify")
    assert early.code == 3 and early.err.startswith("error: ") and "Traceback" not in early.err
    first, second = mandate.process("ops", "migrate"), mandate.process("ops", "migrate")
    assert first.code == second.code == 0 and first.out == second.out and first.out.startswith("installation mandate-")
    assert "without content" in mandate.process("ops", "setup", "--without-content").out
    assert mandate.process("ops", "setup").code == mandate.process("ops", "setup").code == 0
    assert mandate.process("ops", "audit", "verify").out == "Every chain holds.\n"


def test_where_no_database_is_none_is_left_behind(mandate: CommandLine, tmp_path: Path) -> None:
    for command in ("setup", "snapshot"):
        early = mandate.process("ops", command)
        assert (early.code, early.out) == (3, "")
        assert "database_unavailable" in early.err and "`mandate ops migrate` makes one" in early.err
    assert not list(tmp_path.glob("*.db*"))


def test_a_database_without_tables_says_what_makes_them(mandate: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "mandate.db").touch()
    assert "error: not_migrated: " in mandate.process("ops", "setup").err


def test_the_first_administrator_is_let_in_once(tmp_path: Path) -> None:
    settings = {"MANDATE_DATABASE_URL": f"sqlite:///{tmp_path / 'mandate.db'}"}
    mandate = CommandLine(tmp_path, "http://127.0.0.1:1", settings)
    bind = ("ops", "bind-administrator")
    mandate.process("ops", "migrate")
    mandate.process("ops", "setup")
    assert "error: no_issuer: " in mandate.process(*bind, "sofia.marin", "s-1").err
    mandate.environment |= {"MANDATE_OIDC_ISSUER": "https://id.example", "MANDATE_OIDC_CLIENT_ID": "mandate"}
    assert "error: unknown_account: " in mandate.process(*bind, "nobody", "s-1").err
    assert "error: may_not_administer: " in mandate.process(*bind, "mara.lindqvist", "s-1").err
    assert mandate.process(*bind, "sofia.marin", "s-1").out == "sofia.marin signs in as s-1 of https://id.example.\n"
    assert "error: administrator_exists: " in mandate.process(*bind, "sofia.marin", "s-2").err


@pytest.mark.parametrize(("issuer", "asked"), [("https://id.example", 2), ("", None)], ids=["organisation", "none"])
def test_the_first_policy_asks_who_decides_where_people_sign_in_with_an_organisation(
    mandate: CommandLine, tmp_path: Path, issuer: str, asked: int | None
) -> None:
    if issuer:
        mandate.environment |= {"MANDATE_OIDC_ISSUER": issuer, "MANDATE_OIDC_CLIENT_ID": "mandate"}
    mandate.process("ops", "migrate")
    mandate.process("ops", "setup", "--without-content")
    database = Database(mandate.environment["MANDATE_DATABASE_URL"], development=True)
    with closing(database), database.reading() as session:
        assert artifacts.content(session, "approval/standard", 1)["policy"]["step_up_from_tier"] == asked


def test_a_changed_record_is_found_with_its_place(mandate: CommandLine, tmp_path: Path) -> None:
    mandate.process("ops", "migrate")
    mandate.process("ops", "setup")
    intrude(tmp_path / "mandate.db")
    answer = mandate.process("ops", "audit", "verify")
    assert answer.code == 1 and "installation, record 1: " in answer.out, answer
    faults = mandate.process("ops", "audit", "verify", "installation", "--json")
    assert faults.code == 1 and faults.json[0]["sequence"] == 1
    assert mandate.process("ops", "audit", "verify", "another", "--json").json == []


def intrude(file: Path) -> None:
    """Change a record as somebody with the database's files could, whom no trigger stops."""
    with sqlite3.connect(file) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f'DROP TRIGGER "{name}"')
        changed = connection.execute(
            "UPDATE audit_record SET outcome = 'other' WHERE subject = 'installation'"
        ).rowcount
    connection.close()
    assert changed > 0


def test_rebuilding_says_when_temporal_is_away(mandate: CommandLine) -> None:
    mandate.process("ops", "migrate")
    answer = mandate.process("ops", "rebuild")
    assert answer.code == 3 and "error: temporal_unreachable: " in answer.err
    assert "Traceback" not in answer.err
