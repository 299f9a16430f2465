import shutil
from pathlib import Path

import pytest

from tests.importing.shop import SHOP


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A copy of the small export, to be spoilt."""
    return Path(shutil.copytree(SHOP, tmp_path / "shop"))
