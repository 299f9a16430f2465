"""Signed checkpoints outside the database find what the chains alone cannot: a tail that was cut (D5a)."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from commands.calendar import Freeze, declare_freeze
from commands.checkpoints import write_checkpoint
from commands.command import Call
from domain.errors import Invalid
from domain.party import SYSTEM
from store import checkpoints
from store.audit import verify
from store.checkpoints import missing_since
from store.signing import opened as opened_as
from store.signing import signer
from tests.builders import ADMINISTRATOR, Business, as_actor, fresh_key
from tests.databases import as_owner


def opened(envelope: bytes, keys: list[Any]) -> dict[str, Any]:
    return opened_as(envelope, checkpoints.PAYLOAD_TYPE, keys)


@pytest.fixture
def exported(business: Business, tmp_path: Path) -> bytes:
    name = write_checkpoint(business.gateway, Call(SYSTEM, ""), tmp_path / "key.pem", tmp_path / "out")
    return (tmp_path / "out" / name).read_bytes()


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    first = signer(tmp_path / "keys" / "audit.pem").public_key
    assert signer(tmp_path / "keys" / "audit.pem").public_key == first
    assert (tmp_path / "keys" / "audit.pem").stat().st_mode & 0o077 == 0


def test_chains_that_only_grew_hold_what_the_checkpoint_saw(
    business: Business, exported: bytes, tmp_path: Path
) -> None:
    business.draft()
    body = opened(exported, [signer(tmp_path / "key.pem").public_key])
    with business.gateway.database.reading() as session:
        assert missing_since(session, body) == ()


def test_a_cut_tail_is_found_by_the_checkpoint_alone(business: Business, tmp_path: Path) -> None:
    change = business.awaiting()
    name = write_checkpoint(business.gateway, Call(SYSTEM, ""), tmp_path / "key.pem", tmp_path / "out")
    body = opened((tmp_path / "out" / name).read_bytes(), [signer(tmp_path / "key.pem").public_key])
    last = body["heads"][change][0]
    with as_owner(business.login) as owner:
        if owner.dialect.name == "sqlite":
            owner.execute(text("DROP TRIGGER audit_record_no_delete"))
        owner.execute(text("DELETE FROM audit_record WHERE subject = :s AND sequence = :n"), {"s": change, "n": last})
    with business.gateway.database.reading() as session:
        assert verify(session, change) == ()
        assert [(f.subject, f.sequence, f.fault) for f in missing_since(session, body)] == [
            (change, last, "the tail was cut")
        ]


def test_a_checkpoint_signed_by_another_key_or_changed_is_refused(exported: bytes, tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="not signed"):
        opened(exported, [signer(tmp_path / "other.pem").public_key])
    own = signer(tmp_path / "key.pem").public_key
    with pytest.raises(Invalid, match="not signed"):
        opened(exported.replace(b'"payload":"', b'"payload":"AAAA', 1), [own])


def test_a_freeze_is_in_the_next_checkpoint(business: Business, exported: bytes, tmp_path: Path) -> None:
    with business.gateway.database.reading() as session:
        now = business.gateway.database.now(session)
    window = Freeze(reason="Quarter end", from_at=now, until_at=now.replace(year=now.year + 1))
    freeze = declare_freeze(business.gateway, Call(as_actor(business.gateway, ADMINISTRATOR), fresh_key()), window)
    name = write_checkpoint(business.gateway, Call(SYSTEM, ""), tmp_path / "key.pem", tmp_path / "out")
    own = [signer(tmp_path / "key.pem").public_key]
    later = opened((tmp_path / "out" / name).read_bytes(), own)
    assert freeze in later["heads"]
    assert freeze not in opened(exported, own)["heads"]
