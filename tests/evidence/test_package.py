"""A package of evidence verifies offline, with the file and the public key alone; any change of it is found (R-24.2)."""

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from commands.approvals import decide
from commands.changes import revise_change
from commands.discussion import Remark, say
from commands.evidence import History, keep_history
from commands.rollbacks import roll_back_change
from domain.approval import Choice
from domain.errors import Invalid
from domain.evidence import ENVELOPE, HISTORY, archive, unpack
from store.evidence import open_package
from store.protection import expected_triggers
from store.signing import Key, public_key, public_pem, signer
from store.verification import CHECKS, verify_package
from tests.builders import FINANCE, PRICING, Business, proposal, set_price
from tests.databases import as_owner

Packing = Callable[[str], bytes]


@pytest.fixture
def released(business: Business) -> str:
    """A change that waited long enough for a reminder, was asked about, approved by two with a comment, and is live."""
    change = business.awaiting()
    say(business.gateway, business.call(FINANCE), change, Remark(kind="question", text="Does the margin hold?"))
    business.travel(30 * 3600)
    business.walk(change)
    ballot = business.ballot(change, comment="The margin holds: 12 € more.")
    decide(business.gateway, business.call(PRICING), change, ballot)
    business.decide(change, FINANCE)
    assert business.walk(change).state == "monitoring"
    return change


def test_it_holds_and_is_the_same_bytes_again(package: Packing, released: str, keys: list[Key]) -> None:
    data = package(released)
    found = verify_package(data, keys)
    assert found.findings == ()
    assert set(CHECKS) < set(found.checked)
    assert list(found.manifest.absent) == [HISTORY]
    assert package(released) == data


def test_it_holds_everything_that_was_known(package: Packing, released: str, keys: list[Key]) -> None:
    manifest, files = open_package(package(released), keys)
    controls = {path.split("-")[1] for path in files if path.startswith("evidence/")}
    assert {"plan", "impact", "simulation", "confirmation", "gate"} <= controls
    assert {"report.pdf", "README.txt", "revisions/1.json", "policy/approval-standard-1.json"} <= set(files)
    assert b"reminder" in files["timers.json"] and "12 € more".encode() in files["decisions.json"]
    assert files["report.pdf"].startswith(b"%PDF-")
    assert manifest.subject == released


def test_any_flipped_byte_is_found(package: Packing, released: str, keys: list[Key]) -> None:
    data = package(released)
    chance = random.Random(7)
    places = [0, len(data) - 1, *(chance.randrange(len(data)) for _ in range(150))]
    for place in places:
        broken = bytearray(data)
        broken[place] ^= 1 << chance.randrange(8)
        assert not holds(bytes(broken), keys), f"byte {place} of {len(data)}"


def holds(data: bytes, keys: list[Key]) -> bool:
    try:
        return not verify_package(data, keys).findings
    except Invalid:
        return False


def test_a_file_taken_out_or_put_in_is_named(package: Packing, released: str, keys: list[Key]) -> None:
    files = unpack(package(released))
    without = {path: data for path, data in files.items() if path != "decisions.json"}
    assert verify_package(archive(without), keys).findings[0].fault == "is missing"
    added = verify_package(archive({**files, "more.json": b"{}"}), keys).findings
    assert [(f.path, f.fault) for f in added] == [("more.json", "is not named by the manifest")]


def test_another_key_verifies_nothing(package: Packing, released: str, tmp_path: Path) -> None:
    signer(tmp_path / "other.pem")
    with pytest.raises(Invalid, match="not signed"):
        verify_package(package(released), [public_key(public_pem(tmp_path / "other.pem"))])


def test_a_package_without_signature_or_of_no_form_is_refused(package: Packing, released: str, keys: list[Key]) -> None:
    files = unpack(package(released))
    del files[ENVELOPE]
    for data in (archive(files), b"", b"PK\x03\x04", package(released)[:5000], package(released) + b"x"):
        with pytest.raises(Invalid):
            verify_package(data, keys)


def test_decisions_that_were_withdrawn_and_a_second_revision_stand_in_it(
    business: Business, package: Packing, keys: list[Key]
) -> None:
    change = business.awaiting()
    business.decide(change, PRICING)
    revise_change(business.gateway, business.call("mara.lindqvist"), change, proposal(set_price("45.90")), None)
    business.walk(change)
    business.decide(change, PRICING)
    business.decide(change, FINANCE, Choice.REJECT)
    assert business.at(change).state == "rejected"
    found = verify_package(package(change), keys)
    assert found.findings == ()
    assert {file.path for file in found.manifest.files} >= {"revisions/1.json", "revisions/2.json"}


def test_a_change_that_was_taken_back_holds_too(business: Business, package: Packing, keys: list[Key]) -> None:
    change = business.released()
    roll_back_change(business.gateway, business.call("mara.lindqvist"), change, "Wrong price.", None)
    assert business.walk(change).state == "rolled_back"
    assert verify_package(package(change), keys).findings == ()


def test_a_draft_has_a_package_that_says_what_is_absent(business: Business, package: Packing, keys: list[Key]) -> None:
    found = verify_package(package(business.draft()), keys)
    assert found.findings == () and HISTORY in found.manifest.absent


def test_the_history_is_kept_with_it_or_its_loss_is_said(business: Business, package: Packing, keys: list[Key]) -> None:
    changes = []
    for runs in (("run-1",), ()):
        change = business.awaiting(proposal(set_price(f"4{5 + len(runs)}.50")))
        business.decide(change, PRICING, Choice.REJECT)
        file = business.files.put(b'[{"run":"run-1"}]') if runs else None
        keep_history(business.gateway, business.system(), change, History(runs=runs, events=3 * len(runs), file=file))
        changes.append(verify_package(package(change), keys))
    kept, lost = changes
    assert kept.findings == () and kept.manifest.absent == {} and HISTORY in {f.path for f in kept.manifest.files}
    assert lost.findings == () and "no longer had it" in lost.manifest.absent[HISTORY]


Forge = Callable[[Connection, str], object]


def forged_root(owner: Connection, decision: str) -> object:
    return owner.execute(
        text("UPDATE decision SET root = :r WHERE id = :d"), {"r": "sha256:" + "1" * 64, "d": decision}
    )


def forged_inputs(owner: Connection, decision: str) -> object:
    return owner.execute(text("UPDATE decision SET inputs = :i WHERE id = :d"), {"i": b"{}", "d": decision})


def deleted_decision(owner: Connection, decision: str) -> object:
    owner.execute(text("DELETE FROM decision_comment WHERE decision = :d"), {"d": decision})
    return owner.execute(text("DELETE FROM decision WHERE id = :d"), {"d": decision})


def other_comment(owner: Connection, decision: str) -> object:
    return owner.execute(text("UPDATE decision_comment SET text = 'As you like.' WHERE decision = :d"), {"d": decision})


def other_question(owner: Connection, decision: str) -> object:
    return owner.execute(text("UPDATE remark_text SET text = 'May I?'"))


def other_salted_question(owner: Connection, decision: str) -> object:
    digest = "sha256:" + hashlib.sha256(b"saltMay I?").hexdigest()
    owner.execute(text("UPDATE remark SET text_digest = :d"), {"d": digest})
    return owner.execute(text("UPDATE remark_text SET salt = 'salt', text = 'May I?'"))


def deleted_question(owner: Connection, decision: str) -> object:
    owner.execute(text("DELETE FROM remark_text"))
    return owner.execute(text("DELETE FROM remark"))


def rewritten(owner: Connection, table: str, column: str, where: str, old: bytes, new: bytes) -> object:
    stored = bytes(owner.execute(text(f"SELECT {column} FROM {table} WHERE {where}")).scalar_one())
    assert old in stored
    return owner.execute(text(f"UPDATE {table} SET {column} = :c WHERE {where}"), {"c": stored.replace(old, new)})


def rewritten_revision(owner: Connection, decision: str) -> object:
    return rewritten(
        owner, "change_revision", "content", "change IN (SELECT subject FROM decision)", b"44900000", b"14900000"
    )


def forged_version(owner: Connection, decision: str) -> object:
    where = "artifact = 'pricing/standard' AND number = 2"
    return rewritten(owner, "artifact_version", "operations", where, b"44900000", b"14900000")


def forged_gate(owner: Connection, decision: str) -> object:
    return rewritten(owner, "evidence", "body", "control = 'gate'", b'"stages":[', b'"stages" :[')


@pytest.mark.parametrize(
    ("forge", "fault"),
    [
        (forged_root, "is not what the chain recorded"),
        (forged_inputs, "is not what the chain recorded"),
        (deleted_decision, "stands only in the chain"),
        (other_comment, "its comment is not the one that was recorded"),
        (other_question, "is not what the chain recorded"),
        (other_salted_question, "is not what the chain recorded"),
        (deleted_question, "stands only in the chain"),
        (rewritten_revision, "is not the revision that the chain names"),
        (forged_version, "holds operations that nobody approved"),
        (forged_gate, "a release has no verdict of the gate"),
    ],
)
def test_what_the_owner_of_the_database_forged_is_found_in_the_package(
    business: Business, package: Packing, released: str, keys: list[Key], forge: Forge, fault: str
) -> None:
    decision = next(r.details["decision"] for r in business.timeline(released) if r.action == "change.decided")
    with as_owner(business.login) as owner:
        if owner.dialect.name == "sqlite":
            for name in expected_triggers(owner):
                owner.exec_driver_sql(f"DROP TRIGGER {name}")
        forge(owner, decision)
    faults = " / ".join(finding.fault for finding in verify_package(package(released), keys).findings)
    assert fault in faults
