"""The file store: bytes by their digest, written once, checked when read."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from domain.canonical import digest_of
from domain.errors import NotFound, Unavailable
from store.files import FileStore


def only_file(folder: Path) -> Path:
    (found,) = [path for path in folder.rglob("*") if path.is_file()]
    return found


def test_what_was_put_is_got_and_kept_once(tmp_path: Path) -> None:
    files = FileStore(tmp_path / "files")

    name = files.put(b"content")

    assert name == digest_of(b"content") == files.put(b"content")
    assert files.get(name) == b"content"
    assert only_file(tmp_path).read_bytes() == b"content"


def test_many_at_once_keep_one_whole_file(tmp_path: Path) -> None:
    files, data = FileStore(tmp_path), b"x" * 100_000
    with ThreadPoolExecutor(8) as threads:
        names = set(threads.map(lambda _: files.put(data), range(32)))

    assert names == {digest_of(data)}
    assert only_file(tmp_path).read_bytes() == data


@pytest.mark.parametrize("damage", [b"", b"other", b"content "])
def test_a_damaged_file_is_not_handed_out(tmp_path: Path, damage: bytes) -> None:
    files = FileStore(tmp_path)
    name = files.put(b"content")
    only_file(tmp_path).write_bytes(damage)

    with pytest.raises(Unavailable) as caught:
        files.get(name)

    assert caught.value.code == "file_damaged"


@pytest.mark.parametrize(
    "name", [digest_of(b"never put"), "sha256:", "../../etc/passwd", "sha256:" + "../" * 21 + "a", ""]
)
def test_what_is_not_there_is_not_found(tmp_path: Path, name: str) -> None:
    with pytest.raises(NotFound) as caught:
        FileStore(tmp_path).get(name)

    assert caught.value.code == "file_missing"
