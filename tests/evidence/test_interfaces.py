"""Evidence through the API: packages, the public key, the records, verification and questions with their citations."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from commands.checkpoints import write_checkpoint
from commands.command import Call
from domain.party import SYSTEM
from store.settings import Settings
from store.signing import public_key
from store.verification import verify_package
from tests.api.conftest import Caller, caller
from tests.builders import ADMINISTRATOR, FINANCE, REQUESTER, Business

__all__ = ["caller"]


@pytest.fixture
def client(business: Business, tmp_path: Path, key_file: Path) -> Iterator[TestClient]:
    """The API with a key that signs evidence."""
    settings = Settings(
        mode="development",
        database_url=business.login.application,
        files_dir=tmp_path / "files",
        temporal_address="127.0.0.1:1",
        audit_key_file=key_file,
        checkpoint_dir=tmp_path / "checkpoints",
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        yield client


@pytest.fixture
def auditor(caller: Callable[[str], Caller]) -> Caller:
    """Somebody who reads."""
    return caller(FINANCE)


def test_a_package_and_its_key_are_downloaded_and_verify(business: Business, auditor: Caller) -> None:
    change = business.released()
    answer = auditor.get(f"/api/changes/{change}/evidence")
    key = auditor.get("/api/audit/key")
    assert answer.headers["content-type"] == "application/zip"
    assert f'filename="{change}.evidence.zip"' in answer.headers["content-disposition"]
    assert b"PRIVATE" not in key.content
    assert verify_package(answer.content, [public_key(key.content)]).findings == ()
    assert auditor.get("/api/changes/CR-2026-9999/evidence").json()["code"] == "unknown_change_request"


def test_refused_attempts_are_found_by_their_subject(business: Business, caller: Callable[[str], Caller]) -> None:
    change = business.awaiting()
    ballot = business.ballot(change).model_dump(mode="json")
    assert caller(REQUESTER).post(f"/api/changes/{change}/decisions", ballot).status_code == 403
    found = caller(FINANCE).get(f"/api/audit?subject={change}&outcome=refused").json()["items"]
    assert [(r["subject"], r["about"], r["details"]["code"]) for r in found] == [
        (f"actor/{REQUESTER}", change, "excluded")
    ]


def test_records_come_in_pages_without_gap_or_repetition(business: Business, auditor: Caller) -> None:
    business.released()
    whole = auditor.get("/api/audit?limit=200").json()["items"]
    pages, cursor = [], ""
    while cursor is not None:
        page = auditor.get(f"/api/audit?limit=3{cursor and f'&cursor={cursor}'}".replace("+", "%2B")).json()
        pages += page["items"]
        cursor = page["next"]
    assert pages == whole and len(whole) > 10
    assert auditor.get("/api/audit?cursor=nonsense").json()["code"] == "bad_cursor"


def test_verification_counts_and_uses_checkpoints(
    business: Business, auditor: Caller, key_file: Path, tmp_path: Path
) -> None:
    change = business.released()
    write_checkpoint(business.gateway, Call(SYSTEM, ""), key_file, tmp_path / "checkpoints")
    whole = auditor.get("/api/audit/verification").json()
    assert whole["faults"] == [] and whole["checkpoints"] == 1
    assert 0 < auditor.get(f"/api/audit/verification?subject={change}").json()["records"] < whole["records"]


def test_every_question_is_answered_with_citations(
    business: Business, auditor: Caller, caller: Callable[[str], Caller]
) -> None:
    seeds, keeper = "/api/development/seeds", caller(ADMINISTRATOR)
    for path, body in ((seeds, {"seed": 3, "count": 20}), (f"{seeds}/3/chunks", {"first": 0})):
        assert keeper.post(path, body).is_success
    assert keeper.post(f"{seeds}/3/publish").is_success
    change = business.released()
    subjects = {"change": change, "quote": "Q-3-0000001", "quote line": "Q-3-0000001/1"}
    for question in auditor.get("/api/questions").json():
        answer = auditor.get(f"/api/questions/{question['name']}?subject={subjects[question['about']]}")
        assert answer.status_code == 200, answer.text
        assert answer.json()["sentences"]
    price = auditor.get("/api/questions/why-price?subject=Q-3-0000001/1").json()
    assert any(sentence.startswith("list by price/") for sentence in price["sentences"])
    assert {c["record"] for c in price["citations"]} >= {"artifact version", "activation"}


def test_who_approved_names_people_and_cites_decisions(business: Business, auditor: Caller) -> None:
    change = business.released()
    answer = auditor.get(f"/api/questions/who-approved?subject={change}").json()
    assert "Ines Castellano said approve in the stage owner" in answer["sentences"][0]
    assert [c["record"] for c in answer["citations"]] == ["decision", "decision", "audit record", "audit record"]
    assert all(c["digest"].startswith("sha256:") for c in answer["citations"])


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("who-approved?subject=CR-2026-9999", "unknown_change_request"),
        ("why-price?subject=Q-3-1", "unknown_quote"),
        ("why-is-the-sky-blue?subject=x", "unknown_question"),
    ],
)
def test_bad_questions_get_a_clear_answer(auditor: Caller, path: str, code: str) -> None:
    answer = auditor.get(f"/api/questions/{path}")
    assert answer.status_code == 404 and answer.json()["code"] == code
