"""The deployment on one host: docker-compose.yml is sound in itself, and everything in it that is ours exists here."""

import importlib.util
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.platform.temporal_binaries import SOURCE
from store.settings import PREFIX, Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = ("migrate", "api", "worker")
ONE_SHOTS = ("temporal-schema", "migrate")
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
KEYS = {
    *("build", "command", "depends_on", "entrypoint", "environment", "healthcheck", "image", "networks", "ports"),
    *("restart", "stop_grace_period", "volumes"),
}
"""The keys of a service that are used here, all of them of the Compose Specification; a typo is not among them."""

VARIABLE = re.compile(r"\$\{(\w+):\?\}")


def everything_below(value: object) -> list[str]:
    if isinstance(value, Mapping):
        return [text for part in value.values() for text in everything_below(part)]
    if isinstance(value, list):
        return [text for part in value for text in everything_below(part)]
    return [str(value)]


def test_the_file_uses_only_known_keys() -> None:
    top = {key for key in COMPOSE if not key.startswith("x-")}
    assert top == {"name", "services", "networks", "volumes"}
    assert {key for service in SERVICES.values() for key in service} <= KEYS
    health = {key for service in SERVICES.values() for key in service.get("healthcheck", {})}
    assert health == {"test", "interval", "timeout", "retries"}


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_waits_for_what_it_needs(name: str) -> None:
    for needed, how in SERVICES[name].get("depends_on", {}).items():
        condition = how["condition"]
        assert condition in CONDITIONS
        assert (condition == "service_completed_successfully") == (needed in ONE_SHOTS)
        assert condition != "service_healthy" or "healthcheck" in SERVICES[needed]
        assert name not in before(needed), "a service that waits for itself never starts"


def before(name: str) -> set[str]:
    """Everything that must be there before a service starts."""
    needed = set(SERVICES[name].get("depends_on", {}))
    return needed.union(*(before(one) for one in needed))


def test_the_order_is_database_service_migration_then_the_rest() -> None:
    for name in ("api", "worker"):
        assert before(name) == {"postgres", "temporal-schema", "temporal", "migrate"}
    assert before("temporal") == {"postgres", "temporal-schema"}


@pytest.mark.parametrize("name", SERVICES)
def test_networks_volumes_and_mounted_files_exist(name: str) -> None:
    service = SERVICES[name]
    assert set(service["networks"]) <= set(COMPOSE["networks"])
    for mount in service.get("volumes", []):
        source = mount.split(":")[0]
        assert (ROOT / source).is_file() if source.startswith("./") else source in COMPOSE["volumes"]


@pytest.mark.parametrize("name", OURS)
def test_our_commands_exist(name: str) -> None:
    python, flag, module = SERVICES[name]["command"]
    assert (python, flag) == ("python", "-m")
    found = importlib.util.find_spec(module)
    assert found is not None
    assert found.submodule_search_locations is None or importlib.util.find_spec(f"{module}.__main__")


OF_THE_HOST = re.compile(r"^\$\{\w+:\?\}$")
"""A value that the host gives: addresses, and names that may look like one."""


@pytest.mark.parametrize("name", OURS)
def test_our_settings_are_known_and_valid(name: str) -> None:
    """An unknown setting stops a process at start, a bad value too; found here instead of on the host."""
    written = SERVICES[name]["environment"].items()
    given = {
        key.removeprefix(PREFIX).lower(): OF_THE_HOST.sub("https://mandate.example", value) for key, value in written
    }
    assert set(given) <= set(Settings.model_fields)
    Settings.model_validate(given)


HELD = {
    "migrate": {"MANDATE_AUDIT_KEY_FILE": ""},
    "api": {
        "MANDATE_FILES_DIR": "",
        "MANDATE_SNAPSHOT_URL": "",
        "MANDATE_AUDIT_KEY_FILE": "ro",
        "MANDATE_CHECKPOINT_DIR": "ro",
    },
    "worker": {
        "MANDATE_FILES_DIR": "",
        "MANDATE_SNAPSHOT_URL": "",
        "MANDATE_AUDIT_KEY_FILE": "ro",
        "MANDATE_CHECKPOINT_DIR": "",
    },
}
"""What each service keeps or reads on disk, and where it may only read: the key is made by the one-shot (D5a)."""


@pytest.mark.parametrize("name", OURS)
def test_each_service_has_the_folders_that_its_settings_name(name: str) -> None:
    mounts = dict(mount.split(":", 1)[1].partition(":")[::2] for mount in SERVICES[name]["volumes"])
    for setting, how in HELD[name].items():
        path = Path(SERVICES[name]["environment"][setting])
        (mounted,) = [folder for folder in mounts if path.is_relative_to(folder)]
        assert mounts[mounted] == how, setting


def test_each_folder_is_made_in_the_image_for_the_login_of_the_services() -> None:
    text = (ROOT / "deploy/docker/Dockerfile").read_text()
    made = set(re.findall(r"/var/lib/mandate/\w+", text[text.index("useradd") : text.index("COPY --from")]))
    assert made == {mount.split(":")[1] for name in OURS for mount in SERVICES[name]["volumes"]}


def test_every_service_that_stays_has_a_health_check() -> None:
    assert {name for name in SERVICES if "healthcheck" not in SERVICES[name]} == set(ONE_SHOTS)
    module = SERVICES["worker"]["healthcheck"]["test"][3]
    assert importlib.util.find_spec(module)


def test_only_the_migration_logs_in_as_the_owner() -> None:
    for name, service in SERVICES.items():
        text = " ".join(everything_below(service.get("environment", {})))
        assert ("OWNER_PASSWORD" in text) == (name in ("postgres", "migrate"))
    for name in OURS:
        assert "//mandate_app:" in SERVICES[name]["environment"]["MANDATE_DATABASE_URL"]


def test_temporal_is_not_published_and_its_pages_cannot_write() -> None:
    assert SERVICES["temporal-ui"]["environment"]["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"
    assert {name for name, service in SERVICES.items() if "ports" in service} == {"api", "temporal-ui"}
    for service in SERVICES.values():
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_temporal_has_the_versions_that_are_built_for_one_machine() -> None:
    pinned = dict(re.findall(r"^\t(\S+) v(\S+)", (SOURCE / "go.mod").read_text(), re.MULTILINE))
    server, web_ui = pinned["go.temporal.io/server"], pinned["github.com/temporalio/ui-server/v2"]
    assert SERVICES["temporal"]["image"] == f"temporalio/server:{server}"
    assert SERVICES["temporal-schema"]["image"] == f"temporalio/admin-tools:{server}"
    assert SERVICES["temporal-ui"]["image"] == f"temporalio/ui:{web_ui}"


def test_the_example_names_every_variable() -> None:
    used = set(VARIABLE.findall((ROOT / "docker-compose.yml").read_text()))
    lines = (ROOT / "deploy/compose/example.env").read_text().splitlines()
    assert {line.split("=")[0] for line in lines if line and not line.startswith("#")} == used


def test_the_image_is_made_of_files_that_exist() -> None:
    build = SERVICES["api"]["build"]
    dockerfile = ROOT / build["context"] / build["dockerfile"]
    copied = re.findall(r"^COPY (?!--from)(\S+) ", dockerfile.read_text(), re.MULTILINE)
    assert copied == ["requirements.lock", "."]
    allowed = re.findall(r"^!(\S+)$", dockerfile.with_name("Dockerfile.dockerignore").read_text(), re.MULTILINE)
    assert [name for name in allowed if not (ROOT / name).exists()] == []
    assert {SERVICES[name]["command"][2].split(".")[0] for name in OURS} <= {name.split(".")[0] for name in allowed}


def test_it_follows_the_compose_specification() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec"]
    good = subprocess.run([*command, ROOT / "docker-compose.yml"], capture_output=True, text=True)
    assert good.returncode == 0, good.stdout


def test_the_specification_refuses_a_mistake(tmp_path: Path) -> None:
    broken = tmp_path / "docker-compose.yml"
    broken.write_text((ROOT / "docker-compose.yml").read_text().replace("healthcheck:", "healthchek:", 1))
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", broken]
    assert subprocess.run(command, capture_output=True).returncode == 1
