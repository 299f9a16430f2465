"""A policy owner at the command line: export, edit, examine, compare, propose (chapter 8)."""

from pathlib import Path

import pytest

from cli.policy import document_in
from tests.cli.command_line import CommandLine

MARA = ("--as", "mara.lindqvist")


@pytest.fixture(scope="module")
def mandate(shop_with_content: CommandLine) -> CommandLine:
    return shop_with_content


@pytest.fixture
def exported(mandate: CommandLine, tmp_path: Path) -> Path:
    """The live policy in a file."""
    file = tmp_path / "policy.yaml"
    assert mandate("policy", "export", file, *MARA).code == 0
    return file


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def test_a_policy_is_listed_and_shown_with_what_is_found(mandate: CommandLine) -> None:
    assert mandate.ok("policy", "list", *MARA)[0]["artifact"] == "approval/standard"
    shown = mandate("policy", "show", *MARA)
    assert shown.code == 0
    assert "is the general rule behind" in shown.out
    assert "price-jump" in shown.out


def test_an_exported_policy_differs_in_nothing(mandate: CommandLine, exported: Path) -> None:
    for wanted in (("--file", exported), ("--shipped",)):
        answer = mandate("policy", "diff", *wanted, *MARA)
        assert (answer.code, answer.out.strip()) == (0, "Nothing differs."), answer


def test_an_edited_policy_is_examined_compared_and_proposed(mandate: CommandLine, exported: Path) -> None:
    edit(exported, "'> 25'", "'> 30'")

    examined = mandate("policy", "examine", exported, *MARA)
    compared = mandate("policy", "diff", "--file", exported, *MARA)
    proposed = mandate.ok(
        *("policy", "propose", exported, "--title", "Price jumps", "--objective", "Fewer questions.", "--submit"), *MARA
    )

    assert examined.code == 0 and "It can be proposed." in examined.out, examined
    assert "> 25" in compared.out and "> 30" in compared.out
    assert mandate.ok("change", "show", proposed["change"], *MARA)["summary"]["kind"] == "approval"


def test_a_faulty_policy_is_refused_with_place_and_example(mandate: CommandLine, exported: Path) -> None:
    edit(exported, "tier: <= 1", "tier: < 1")

    examined = mandate("policy", "examine", exported, *MARA)
    proposed = mandate("policy", "propose", exported, "--title", "Gap", "--objective", "Leave a gap.", *MARA)

    assert (examined.code, proposed.code) == (1, 1)
    assert "error: stages: No row decides" in examined.out and "Example: tier 1" in examined.out
    assert "No row decides" in proposed.err


def test_a_file_that_is_no_policy_is_refused_by_name(mandate: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "list.yaml"
    file.write_text("- no policy")
    for wanted in (file, tmp_path / "none.yaml"):
        answer = mandate("policy", "examine", wanted, *MARA)
        assert answer.code == 1 and wanted.name in answer.err


def test_versions_are_compared(mandate: CommandLine) -> None:
    assert mandate.ok("policy", "diff", 1, 1, *MARA) == []
    assert mandate("policy", "diff", 1, 9, *MARA).code == 4


def test_days_and_instants_of_a_file_are_sent_as_text(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(
        "retires_at: 2027-03-31T22:00:00Z\ntier: {rows: [{id: one, review_on: 2027-03-31}, {id: two, review_on: '2027-04-01'}]}\n"
    )
    rows = [{"id": "one", "review_on": "2027-03-31"}, {"id": "two", "review_on": "2027-04-01"}]

    assert document_in(file) == {"retires_at": "2027-03-31T22:00:00+00:00", "tier": {"rows": rows}}
