"""A bad setting stops a process at its start, with a sentence that names it and tells no secret."""

import os

import pytest

from domain.errors import Invalid
from store.settings import PREFIX, Settings, settings

SECONDS = ("SWEEP_INTERVAL", "DELIVERY_TIMEOUT", "CHECKPOINT_INTERVAL", "SNAPSHOT_INTERVAL", "RECONCILIATION_INTERVAL")
ADDRESSES = ("PUBLIC_URL", "TEMPORAL_UI_URL", "RUNTIME_CATALOG_URL", "OIDC_ISSUER")
DATABASES = ("DATABASE_URL", "OWNER_DATABASE_URL")
BAD = (
    *((name, text) for name in SECONDS for text in ("inf", "nan", "0", "-1", "soon")),
    *((name, text) for name in ADDRESSES for text in ("nonsense", "ftp://x", "http://", "http://a b", "http://x:y")),
    *((name, text) for name in DATABASES for text in ("foo", "mysql://me:hush@x/y", "postgresql://me:hush@x:y/z", "")),
    ("DATABASE_URL", "postgresql+nosuch://me:hush@x/y"),
    *(("TEMPORAL_ADDRESS", text) for text in ("no where", "127.0.0.1", ":7233", "x:0", "x:70000", "http://x:7233")),
    *(("DEPLOYMENT", text) for text in ("name", "name:", ":build", "a:b c")),
    *(("SNAPSHOT_URL", text) for text in ("nosuch://x", "")),
    ("NO_SUCH", "1"),
)
GOOD = {
    "TEMPORAL_ADDRESS": "[::1]:7233",
    "PUBLIC_URL": "https://mandate.example.com/at",
    "DEPLOYMENT": "mandate:2.14.0",
    "SNAPSHOT_URL": "s3://bucket/mandate",
    "DATABASE_URL": "postgresql+psycopg://mandate_app:hush@postgres:5432/mandate",
    "OWNER_DATABASE_URL": "sqlite:////var/lib/mandate.db",
    "SWEEP_INTERVAL": "0.5",
}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the surroundings counts."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        monkeypatch.delenv(name)


@pytest.mark.parametrize(("name", "text"), BAD)
def test_a_bad_setting_is_named(name: str, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(f"{PREFIX}{name}", text)
    with pytest.raises(Invalid) as caught:
        settings.__wrapped__()
    [problem] = [one for one in caught.value.facts["problems"] if name in one.partition(":")[0]]
    assert problem.startswith(f"{PREFIX}{name}: ")
    assert "hush" not in caught.value.detail


def test_good_settings_are_kept_as_written(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in GOOD.items():
        monkeypatch.setenv(f"{PREFIX}{name}", text)
    assert settings.__wrapped__() == Settings.model_validate({name.lower(): text for name, text in GOOD.items()})
