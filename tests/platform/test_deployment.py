"""The services of docker-compose.yml as plain processes, with exactly the settings that the file names.

PostgreSQL has the three logins of the deployment's own script; Temporal keeps its workflows in it where it can.
"""

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import ProgrammingError

from cli.platform.ports import LOOPBACK, remembered_ports
from cli.platform.prepare import CHECKOUT
from cli.platform.temporal_service import TemporalService, answers
from domain.errors import Unavailable
from store.signing import public_key, public_pem
from store.verification import verify_package
from tests.api.test_identity import CLIENT, id_token
from tests.builders import fresh_key, proposal
from tests.live.conftest import temporal_address
from tests.live.processes import Processes, inherited
from tests.live.waiting import eventually
from tests.platform.postgresql import WHEEL, DeployedPostgres, complete
from tests.platform.test_compose import SERVICES, VARIABLE

__all__ = ["temporal_address"]

EXAMPLE = (CHECKOUT / "deploy" / "compose" / "example.env").read_text().splitlines()
PASSWORDS = {f"{login}_PASSWORD": f"{login.lower()}7" for login in ("POSTGRES", "OWNER", "APP", "TEMPORAL")}
SUBJECT = "subject-1"
TEMPORAL_LOGIN = f"postgresql://temporal:{PASSWORDS['TEMPORAL_PASSWORD']}@{LOOPBACK}"


class Deployment:
    """The addresses of this machine in the place of the file's host names; nothing else is replaced."""

    def __init__(self, folder: Path, postgres: DeployedPostgres, temporal: str, issuer: str) -> None:
        self.folder = folder
        self.port = remembered_ports(folder / "ports.json", ("api",))["api"]
        self.url = f"http://{LOOPBACK}:{self.port}"
        self._values = {
            **PASSWORDS,
            **dict(line.split("=", 1) for line in EXAMPLE if line.endswith("=mandate")),
            "PUBLIC_URL": self.url,
            "TEMPORAL_UI_URL": "http://127.0.0.1:1",
            "RUNTIME_CATALOG_URL": "http://127.0.0.1:1",
            "OIDC_ISSUER": issuer,
            "OIDC_CLIENT_SECRET": "secret",
        }
        self._places = {
            "postgres:5432": f"{LOOPBACK}:{postgres.port}",
            "temporal:7233": temporal,
            "/var/lib/mandate": str(folder / "kept"),
            "8700": str(self.port),
        }

    def here(self, text: str) -> str:
        """A text of the file with the values of the environment file and the places of this machine."""
        filled = VARIABLE.sub(lambda found: self._values[found[1]], text)
        return re.sub("|".join(map(re.escape, self._places)), lambda found: self._places[found[0]], filled)

    def environment(self, service: str) -> dict[str, str]:
        """The settings of a service, by the names of the file."""
        return {name: self.here(value) for name, value in SERVICES[service]["environment"].items()}

    def command(self, command: list[str]) -> list[str]:
        """Arguments for this interpreter, of a command that is `python` and arguments."""
        assert command[0] == "python"
        return [self.here(part) for part in command[1:]]

    def run(self, command: list[str], environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run something to its end, as a one-shot of the file runs."""
        surroundings = {**inherited(), **environment}
        return subprocess.run(
            [sys.executable, *command], cwd=CHECKOUT, env=surroundings, capture_output=True, text=True, check=False
        )

    def one_shot(self, service: str) -> str:
        """What a service that ends by itself said; it has to end well."""
        done = self.run(self.command(SERVICES[service]["command"]), self.environment(service))
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, service: str) -> Processes:
        """Start a service that stays."""
        command = self.command(SERVICES[service]["command"])
        processes = Processes(self.folder, {service: command}, self.environment(service))
        processes.start(service)
        return processes

    def healthy(self, service: str) -> bool:
        """What the health check of the file says."""
        _, *check = SERVICES[service]["healthcheck"]["test"]
        return self.run(self.command(check), self.environment(service)).returncode == 0


@pytest.fixture(scope="module")
def postgres() -> Iterator[DeployedPostgres]:
    """The database server of the deployment."""
    server = DeployedPostgres(complete() or WHEEL, PASSWORDS)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def temporal(
    request: pytest.FixtureRequest, postgres: DeployedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Temporal in that database under its own login; where the machine has no complete server, that of other tests."""
    if complete() is None:
        yield request.getfixturevalue("temporal_address")
        return
    service = TemporalService(
        tmp_path_factory.mktemp("temporal"), database_url=f"{TEMPORAL_LOGIN}:{postgres.port}/", time_skipping=True
    )
    service.start()
    yield service.address
    service.stop()


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The organisation's OpenID provider."""
    folder = tmp_path_factory.mktemp("issuer")
    port = remembered_ports(folder / "ports.json", ("issuer",))["issuer"]
    command = {"issuer": ("-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port))}
    processes = Processes(folder, command, {})
    processes.start("issuer")
    url = f"http://localhost:{port}"
    eventually(lambda: answers(f"{url}/.well-known/openid-configuration"), what="the OpenID provider")
    yield url
    processes.stop_all()


@pytest.fixture(scope="module")
def deployment(
    postgres: DeployedPostgres, temporal: str, issuer: str, tmp_path_factory: pytest.TempPathFactory
) -> Deployment:
    """The file, on this machine."""
    return Deployment(tmp_path_factory.mktemp("deployment"), postgres, temporal, issuer)


@pytest.mark.timeout(300)
def test_the_services_of_the_file_come_up_and_take_a_change_to_its_approvers(
    deployment: Deployment, issuer: str
) -> None:
    installation = deployment.one_shot("migrate")
    assert installation.startswith("installation mandate-")
    assert deployment.one_shot("migrate") == installation, "a one-shot can run again"

    first_steps(deployment)
    running = [deployment.start("api")]
    try:
        eventually(lambda: deployment.healthy("api"), seconds=120, what="the health check of the file")
        assert not deployment.healthy("worker")
        running.append(deployment.start("worker"))
        eventually(lambda: deployment.healthy("worker"), seconds=120, what="the health check of the worker")
        with httpx.Client(base_url=deployment.url, trust_env=False, timeout=60) as person:
            person.headers["Authorization"] = f"Bearer {id_token(issuer, SUBJECT)}"
            change = submitted(person)
            eventually(lambda: state(person, change), lambda found: found == "awaiting_approval", seconds=120)
            assert_evidence_is_signed(deployment, person, change)
    finally:
        for processes in running:
            processes.stop_all()


def assert_evidence_is_signed(deployment: Deployment, person: httpx.Client, change: str) -> None:
    """By the key that the one-shot has made; and checkpoints are exported to where the API reads them."""
    key = public_pem(Path(deployment.environment("api")["MANDATE_AUDIT_KEY_FILE"]))
    done = deployment.run(["-m", "cli.main", "ops", "audit", "checkpoint"], deployment.environment("worker"))
    assert done.returncode == 0, done.stderr
    package = person.get(f"/api/changes/{change}/evidence").raise_for_status().content
    assert verify_package(package, [public_key(key)]).findings == ()
    checked = person.get("/api/audit/verification", params={"subject": change}).raise_for_status().json()
    assert (checked["checkpoints"], checked["faults"]) == (1, [])


def first_steps(deployment: Deployment) -> None:
    """What the README says to do once: content, and the first administrator."""
    operating = ["-m", "cli.main", "ops"]
    for step in (["setup"], ["bind-administrator", "sofia.marin", SUBJECT]):
        done = deployment.run([*operating, *step], deployment.environment("api"))
        assert done.returncode == 0, done.stderr


def submitted(person: httpx.Client) -> str:
    """A change of the person who is signed in, handed in."""
    body: dict[str, Any] = proposal().model_dump(mode="json", exclude_none=True)
    created = person.post("/api/changes", json=body, headers={"Idempotency-Key": fresh_key()})
    assert created.status_code == 201, created.text
    change = str(created.json()["change"])
    answer = person.post(f"/api/changes/{change}/submit", headers={"Idempotency-Key": fresh_key()})
    assert answer.is_success, answer.text
    return change


def state(person: httpx.Client, change: str) -> str:
    """Where a change stands."""
    return str(person.get(f"/api/changes/{change}").raise_for_status().json()["summary"]["state"])


def test_the_audience_of_the_example_is_the_one_of_the_tokens() -> None:
    assert f"OIDC_AUDIENCE={CLIENT}" in EXAMPLE


@pytest.mark.parametrize(
    "statement", ["CREATE TABLE mine (id int)", "DROP TABLE decision", "UPDATE decision SET choice = 'approve'"]
)
def test_the_application_cannot_change_what_the_owner_made(deployment: Deployment, statement: str) -> None:
    deployment.one_shot("migrate")
    engine = create_engine(deployment.environment("api")["MANDATE_DATABASE_URL"])
    with engine.connect() as connection, pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_a_server_without_what_temporal_needs_is_named(tmp_path: Path) -> None:
    """The wheel that the other tests use: everything of ours runs on it, Temporal's visibility does not."""
    server = DeployedPostgres(WHEEL, PASSWORDS)
    try:
        with pytest.raises(Unavailable, match="btree_gin") as refused:
            TemporalService(tmp_path, database_url=f"{TEMPORAL_LOGIN}:{server.port}/").start()
        assert refused.value.code == "temporal_schema_failed"
    finally:
        server.stop()
