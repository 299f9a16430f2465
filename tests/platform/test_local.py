"""Commands of this machine find the installation of `mandate up`, and never one that the surroundings do not mean."""

import os
import stat
from pathlib import Path

import pytest

from cli.platform.local import adopt_settings, default_state_dir, keep_settings, only_one, running_urls
from cli.tokens import base_url, keep
from domain.errors import Conflict, NotFound

URL = "http://127.0.0.1:20001"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of this machine without settings."""
    for name in [name for name in os.environ if name.startswith(("MANDATE_", "MANDATECTL_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "states"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))


def installed(name: str = "default", url: str = URL) -> Path:
    folder = default_state_dir(name)
    folder.mkdir(parents=True)
    keep_settings(folder, {"MANDATE_PUBLIC_URL": url, "MANDATE_LOG_LEVEL": "ERROR", "PATH": "/somewhere"})
    return folder


def test_settings_are_kept_for_this_user_alone_and_nothing_else_is() -> None:
    kept = installed() / "settings.json"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert "somewhere" not in kept.read_text()


def test_without_settings_of_the_surroundings_those_of_the_usual_installation_hold(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert adopt_settings(None) is None
    folder = installed()
    monkeypatch.setenv("MANDATE_MODE", "production")
    assert adopt_settings(None) is None
    assert "MANDATE_PUBLIC_URL" not in os.environ
    monkeypatch.delenv("MANDATE_MODE")
    with monkeypatch.context() as within:
        within.setattr(os, "environ", dict(os.environ))
        assert adopt_settings(None) == folder
        assert os.environ["MANDATE_PUBLIC_URL"] == URL


def test_a_folder_that_is_named_holds_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = installed("other")
    monkeypatch.setattr(os, "environ", {**os.environ, "MANDATE_MODE": "production"})
    assert adopt_settings(folder) == folder
    assert "MANDATE_MODE" not in os.environ
    with pytest.raises(NotFound) as nowhere:
        adopt_settings(tmp_path / "nowhere")
    assert nowhere.value.code == "no_installation"


def test_the_address_is_that_of_what_runs_here_unless_the_last_login_was_elsewhere() -> None:
    folder, other = installed(), installed("demo", "http://127.0.0.1:20002")
    assert (running_urls(), base_url(None)) == ([], "http://127.0.0.1:8700")
    with only_one(other):
        assert base_url(None) == "http://127.0.0.1:20002"
        with only_one(folder):
            assert running_urls() == [URL, "http://127.0.0.1:20002"]
            assert base_url(None) == URL
            keep("http://127.0.0.1:20002", "token")
            assert base_url(None) == "http://127.0.0.1:20002"
    assert base_url("http://here/") == "http://here"
    keep("https://mandate.example", "token")
    with only_one(folder):
        assert base_url(None) == "https://mandate.example"


def test_two_do_not_hold_one_folder() -> None:
    folder = installed()
    with only_one(folder), pytest.raises(Conflict) as busy, only_one(folder):
        pass
    assert busy.value.code == "already_running"
