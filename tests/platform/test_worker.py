"""What the worker does beside its queues goes on when a part of the installation fails."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from structlog.testing import capture_logs
from temporalio.service import RPCError, RPCStatusCode

from activities.housekeeping import checkpoint_forever
from activities.snapshot import refresh_forever
from activities.turns import take_turns
from commands.command import Gateway
from domain.errors import NotFound, Unavailable
from store.database import Database
from store.files import FileStore
from store.snapshots import SnapshotFiles

SOON = 0.01


async def told(helper: Coroutine[Any, Any, None], times: int = 2) -> list[str]:
    """Why a helper failed, so many times in a row; it is still at work then."""
    task = asyncio.create_task(helper)
    with capture_logs() as logs:
        while not task.done() and len(logs) < times:
            await asyncio.sleep(SOON)
    if task.done():
        await task
    task.cancel()
    return [entry["code"] for entry in logs]


def pem(private: Any, encryption: KeySerializationEncryption) -> bytes:
    found: bytes = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)
    return found


BAD_KEYS = {
    "no key": b"not a key",
    "empty": b"",
    "with a password": pem(Ed25519PrivateKey.generate(), BestAvailableEncryption(b"secret")),
    "of another kind": pem(generate_private_key(SECP256R1()), NoEncryption()),
}


@pytest.mark.parametrize("content", BAD_KEYS.values(), ids=BAD_KEYS)
async def test_a_damaged_audit_key_does_not_end_the_worker(gateway: Gateway, tmp_path: Path, content: bytes) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(content)
    assert set(await told(checkpoint_forever(gateway, key, tmp_path / "out", SOON))) == {"bad_audit_key"}
    assert key.read_bytes() == content


async def test_a_place_that_cannot_be_written_does_not_end_the_worker(gateway: Gateway, tmp_path: Path) -> None:
    nowhere = Path("/dev/null/nowhere")
    assert set(await told(checkpoint_forever(gateway, nowhere, tmp_path, SOON))) == {"bad_audit_key"}
    checkpoints = checkpoint_forever(gateway, tmp_path / "key.pem", nowhere, SOON)
    assert set(await told(checkpoints)) == {"checkpoints_unavailable"}


async def test_a_database_that_is_away_does_not_end_the_taking_of_snapshots(tmp_path: Path) -> None:
    away = Gateway(Database("postgresql+psycopg://mandate_app@127.0.0.1:9/mandate"))
    assert set(await told(refresh_forever(away, SnapshotFiles(str(tmp_path)), SOON))) == {"database_unavailable"}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (NotFound("unknown", "None."), "unknown"),
        (Unavailable("away", "Away."), "away"),
        (RPCError("away", RPCStatusCode.UNAVAILABLE, b""), "temporal_unavailable"),
    ],
)
async def test_what_cannot_be_done_now_is_told_and_tried_again(failure: Exception, code: str) -> None:
    async def turn() -> None:
        raise failure

    assert await told(take_turns("failed", SOON, turn), 3) == [code] * 3


async def test_a_fault_of_ours_is_not_hidden() -> None:
    async def turn() -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError):
        await told(take_turns("failed", SOON, turn))


def test_a_full_or_missing_folder_of_files_is_a_part_that_does_not_answer(tmp_path: Path) -> None:
    (tmp_path / "files").write_bytes(b"")
    files = FileStore(tmp_path / "files")
    with pytest.raises(Unavailable, match="cannot be read or written"):
        files.put(b"content")
    with pytest.raises(Unavailable, match="cannot be read or written"):
        files.get("sha256:" + "a" * 64)


def test_what_a_full_disk_took_half_of_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("store.files.os.fsync", full)
    with pytest.raises(Unavailable, match="No space left on device"):
        FileStore(tmp_path).put(b"content")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
