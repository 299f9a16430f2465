from collections.abc import Callable
from pathlib import Path

import pytest

from queries.evidence import change_package
from store.signing import Key, public_key, public_pem, signer
from tests.builders import Business


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    """The private key of the installation."""
    signer(tmp_path / "key.pem")
    return tmp_path / "key.pem"


@pytest.fixture
def keys(key_file: Path) -> list[Key]:
    """What an auditor has."""
    return [public_key(public_pem(key_file))]


@pytest.fixture
def package(business: Business, key_file: Path) -> Callable[[str], bytes]:
    """Makes the package of a change."""

    def made(change: str) -> bytes:
        with business.database.reading() as session:
            return change_package(session, business.files, change, business.database.now(session), signer(key_file))

    return made
