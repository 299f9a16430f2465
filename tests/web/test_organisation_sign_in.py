"""Signing in with the organisation, against a real OpenID provider on this machine."""

import json
import os
import secrets
import sqlite3
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.platform.ports import LOOPBACK, remembered_ports
from commands.command import Gateway
from commands.example import set_up_example
from store.migrate import upgrade
from tests.builders import proposal, set_price
from tests.databases import EMPTY, SqliteDatabases, with_database
from tests.live.platform import Platform
from tests.live.waiting import eventually
from tests.web.visitors import forms

CLIENT = "mandate-pages"
IDENTITIES = {"h-17": "helene.aubry", "i-3": "ines.castellano", "m-1": "mara.lindqvist"}
"""Identities at the provider, and the accounts that they are bound to."""


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
    """An installation that signs people in with that provider, and whose policy asks whoever decides who they are."""
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
    upgrade(login.owner)
    with_database(login, lambda database: set_up_example(Gateway(database), step_up_from_tier=2))
    with Platform(folder, login, temporal_address, environment=settings) as running:
        with sqlite3.connect(Path(login.application.removeprefix("sqlite:///"))) as database:
            for subject, account in IDENTITIES.items():
                database.execute("UPDATE account SET issuer = ?, subject = ? WHERE id = ?", (issuer, subject, account))
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


def at_the_provider(begin: httpx.Response, subject: str, without: str = "") -> str:
    """Sign in as a subject where a page sent the browser, perhaps without something that it asked for."""
    url = httpx.URL(begin.headers["location"]).copy_remove_param(without)
    return str(httpx.post(url, data={"sub": subject}, trust_env=False).headers["location"])


def bearer(issuer: str, subject: str, **asked: str) -> dict[str, str]:
    """The headers of a program that has signed a subject in at the provider by itself."""
    verifier, back = "v" * 48, "http://localhost/back"
    challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    sent = {"client_id": CLIENT, "redirect_uri": back, "response_type": "code", "scope": "openid", **asked}
    sent |= {"code_challenge": challenge, "code_challenge_method": "S256", "nonce": secrets.token_hex(8)}
    answer = httpx.post(f"{issuer}/oauth2/authorize", params=sent, data={"sub": subject}, trust_env=False)
    code = httpx.URL(answer.headers["location"]).params["code"]
    given = {"grant_type": "authorization_code", "code": code, "redirect_uri": back, "code_verifier": verifier}
    token = httpx.post(f"{issuer}/oauth2/token", data=given, auth=(CLIENT, "secret"), trust_env=False).json()
    return {"Authorization": f"Bearer {token['id_token']}", "Idempotency-Key": secrets.token_hex(8)}


def asked_about(organisation: Platform, issuer: str, offering: str) -> str:
    """A price change of Mara's that waits for its approvers."""

    def write(path: str, body: object = None) -> dict[str, Any]:
        headers = bearer(issuer, "m-1")
        answer = httpx.post(f"{organisation.url}/api/changes{path}", json=body, headers=headers, trust_env=False)
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    body = proposal(set_price("59.90", offering)).model_dump(mode="json")
    change: str = write("", body)["change"]
    write(f"/{change}/submit")
    eventually(lambda: state_of(organisation, issuer, change) == "awaiting_approval", what="the question")
    return change


def state_of(organisation: Platform, issuer: str, change: str) -> str:
    url = f"{organisation.url}/api/changes/{change}"
    return str(httpx.get(url, headers=bearer(issuer, "m-1"), trust_env=False).json()["summary"]["state"])


@pytest.fixture(scope="module")
def change(organisation: Platform, issuer: str) -> str:
    """A change in which the owner's stage is open; what is tested here only proves, and decides once."""
    return asked_about(organisation, issuer, "FIBRE-500")


def test_who_decides_signs_in_again_and_loses_nothing(client: httpx.Client, change: str) -> None:
    client.get(come_back(client, "i-3"))
    page = client.get(f"/changes/{change}").text
    assert "First confirm who you are" in page
    typed = {**forms(page)[f"/changes/{change}/decisions"], "choice": "approve", "comment": "The margin holds."}

    refused = client.post(f"/changes/{change}/decisions", data=typed)
    assert refused.status_code == 403
    assert "need a fresh proof of who you are" in refused.text and ">The margin holds.</textarea>" in refused.text

    again = client.get(client.get(f"/step-up/{change}?revision=1").headers["location"])
    asked = httpx.URL(again.headers["location"]).params
    assert (asked["prompt"], asked["max_age"]) == ("login", "0")
    assert "You have confirmed who you are" in client.get(at_the_provider(again, "i-3")).text
    kept = {**forms(refused.text)[f"/changes/{change}/decisions"], "choice": "approve", "comment": "The margin holds."}
    assert client.post(f"/changes/{change}/decisions", data=kept).status_code == 303
    assert "The margin holds." in client.get(f"/changes/{change}").text


@pytest.mark.parametrize(
    ("subject", "without", "told"),
    [
        ("h-17", "prompt", "more than five minutes old"),
        ("i-3", "", "does not prove that it is you"),
    ],
    ids=["a session of an hour ago", "somebody else"],
)
def test_what_does_not_prove_who_decides_gives_no_proof(
    client: httpx.Client, change: str, subject: str, without: str, told: str
) -> None:
    client.get(come_back(client, "h-17"))
    again = client.get(f"/sign-in/openid/again?subject={change}&revision=1")
    answer = client.get(at_the_provider(again, subject, without))
    assert (answer.status_code, told in answer.text) == (403, True), answer.text
    assert "Helene Aubry" in client.get("/changes").text


def test_a_program_proves_by_a_token_of_a_fresh_sign_in_once(organisation: Platform, issuer: str, change: str) -> None:
    def prove(headers: dict[str, str]) -> tuple[int, str]:
        url, body = f"{organisation.url}/api/approvals/{change}/step-up", {"revision": 1}
        answer = httpx.post(url, json=body, headers=headers, trust_env=False)
        return answer.status_code, str(answer.json().get("code", ""))

    assert prove(bearer(issuer, "h-17")) == (403, "authentication_not_recent")
    fresh = bearer(issuer, "h-17", prompt="login")
    assert prove(fresh) == (201, "")
    assert prove({**fresh, "Idempotency-Key": "another one"}) == (403, "authentication_used")


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
