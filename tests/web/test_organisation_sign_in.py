"""Signing in with the organisation, against a real OpenID provider on this machine."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from cli.platform.ports import LOOPBACK, remembered_ports
from tests.databases import EMPTY, SqliteDatabases
from tests.live.platform import Platform
from tests.live.waiting import eventually

CLIENT = "mandate-pages"


@pytest.fixture(scope="module")
def issuer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An OpenID provider in a process of its own."""
    folder = tmp_path_factory.mktemp("issuer")
    port = remembered_ports(folder / "ports.json", ("issuer",))["issuer"]
    command = [sys.executable, "-m", "tests.web.issuer", str(port)]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    url = f"http://{LOOPBACK}:{port}"
    eventually(lambda: answers(f"{url}/.well-known/openid-configuration"), what="the OpenID provider")
    yield url
    process.terminate()
    process.wait(10)


def answers(url: str) -> bool:
    try:
        return httpx.get(url, trust_env=False).is_success
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def organisation(temporal_address: str, issuer: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """An installation that signs people in with that provider, in which Helene's account is bound to an identity."""
    folder = tmp_path_factory.mktemp("platform")
    port = remembered_ports(folder / "ports.json", ("api", "catalog"))["api"]
    settings = {
        "MANDATE_MODE": "production",
        "MANDATE_PUBLIC_URL": f"http://{LOOPBACK}:{port}",
        "MANDATE_OIDC_ISSUER": issuer,
        "MANDATE_OIDC_CLIENT_ID": CLIENT,
        "MANDATE_OIDC_CLIENT_SECRET": "not checked by this provider",
    }
    login = SqliteDatabases(tmp_path_factory.mktemp("databases")).copy_of(EMPTY)
    with Platform(folder, login, temporal_address, environment=settings) as running:
        with sqlite3.connect(Path(login.application.removeprefix("sqlite:///"))) as database:
            database.execute("UPDATE account SET issuer = ?, subject = 'h-17' WHERE id = 'helene.aubry'", (issuer,))
        database.close()
        yield running


@pytest.fixture
def client(organisation: Platform) -> Iterator[httpx.Client]:
    """A browser without scripts that nobody has signed in with."""
    with httpx.Client(base_url=organisation.url, trust_env=False, timeout=30) as browser:
        yield browser


def come_back(client: httpx.Client, subject: str, wanted: str = "/") -> str:
    """Go to the provider, sign in there as a subject, and return where it sends the browser."""
    begin = client.get("/sign-in/openid", params={"next": wanted})
    assert begin.status_code == 303, begin.text
    url = begin.headers["location"]
    assert httpx.URL(url).params["code_challenge_method"] == "S256"
    answer = httpx.post(url, data={"sub": subject}, trust_env=False)
    assert answer.status_code == 302, answer.text[-500:]
    return str(answer.headers["location"])


def test_the_page_offers_it_and_nothing_of_development(client: httpx.Client) -> None:
    page = client.get("/sign-in").text
    assert "Sign in with your organisation" in page
    assert "Development" not in page
    assert client.post("/sign-in/development", data={"account": "helene.aubry"}).status_code == 403


def test_a_bound_identity_is_let_in_and_goes_on(client: httpx.Client) -> None:
    answer = client.get(come_back(client, "h-17", "/changes"))
    assert (answer.status_code, answer.headers["location"]) == (303, "/changes")
    assert "Helene Aubry" in client.get("/changes").text


def test_an_unknown_identity_is_refused_with_a_clear_page(client: httpx.Client) -> None:
    answer = client.get(come_back(client, "stranger"))
    assert answer.status_code == 403
    assert "nobody has bound your identity to an account here" in answer.text
    assert "mandate_session" not in client.cookies


def test_an_account_name_proves_nothing(client: httpx.Client) -> None:
    assert client.get(come_back(client, "helene.aubry")).status_code == 403


def test_an_answer_of_a_sign_in_begun_elsewhere_is_refused(organisation: Platform, client: httpx.Client) -> None:
    back = come_back(client, "h-17")
    with httpx.Client(base_url=organisation.url, trust_env=False) as victim:
        assert victim.get(back).status_code == 403
        victim.get("/sign-in/openid")
        assert victim.get(back).status_code == 403
        assert "mandate_session" not in victim.cookies


@pytest.mark.parametrize("field", ["verifier", "nonce"])
def test_a_code_without_its_proof_or_nonce_is_refused(client: httpx.Client, field: str) -> None:
    back = come_back(client, "h-17")
    cookie = next(c for c in client.cookies.jar if c.name == "mandate_sign_in")
    flow = json.loads(
        httpx.Cookies({"x": cookie.value or ""})["x"].strip('"').replace("\\054", ",").replace('\\"', '"')
    )
    cookie.value = json.dumps({**flow, field: "x" * 48}).replace(" ", "")
    answer = client.get(back)
    assert answer.status_code == 403, answer.text
    assert "mandate_session" not in client.cookies


def test_a_code_works_once(client: httpx.Client) -> None:
    back = come_back(client, "h-17")
    flow = {c.name: c.value or "" for c in client.cookies.jar}
    assert client.get(back).status_code == 303
    again = httpx.get(back, headers={"Cookie": "; ".join(f"{k}={v}" for k, v in flow.items())}, trust_env=False)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers


def test_a_refusal_of_the_provider_is_said(client: httpx.Client) -> None:
    back = httpx.URL(come_back(client, "h-17")).copy_remove_param("code").copy_set_param("error", "access_denied")
    answer = client.get(str(back))
    assert answer.status_code == 403
    assert "did not sign you in" in answer.text
