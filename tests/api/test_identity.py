"""Bearer tokens of a real OpenID issuer lead to the account that an administrator has bound, and to nothing else."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from joserfc import jwt
from joserfc.jwk import RSAKey
from pydantic import ValidationError

from api.app import create_app
from store.settings import Settings
from tests.api.conftest import Caller
from tests.builders import Business, fresh_key

CLIENT = "mandate"


@pytest.fixture
def issuer() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    address = f"http://localhost:{port}"
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port)])
    try:
        for _ in range(200):
            with suppress(httpx.HTTPError):
                if httpx.get(f"{address}/.well-known/openid-configuration").is_success:
                    break
            time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def guarded(business: Business, tmp_path: Path, issuer: str) -> Iterator[TestClient]:
    settings = Settings(
        mode="development",
        database_url=business.login.application,
        files_dir=tmp_path / "files",
        temporal_address="127.0.0.1:1",
        oidc_issuer=issuer,
        oidc_audience=CLIENT,
    )
    with TestClient(create_app(settings), base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        yield client


def id_token(issuer: str, subject: str, client: str = CLIENT) -> str:
    """Sign somebody in at the issuer by its code flow and return the ID token that it gives for a client."""
    sent = {"client_id": client, "redirect_uri": "http://localhost/back", "response_type": "code", "scope": "openid"}
    back = httpx.post(f"{issuer}/oauth2/authorize", params=sent, data={"sub": subject})
    code = httpx.URL(back.headers["location"]).params["code"]
    answer = httpx.post(
        f"{issuer}/oauth2/token",
        data={"grant_type": "authorization_code", "code": code, "redirect_uri": "http://localhost/back"},
        auth=(client, "secret"),
    )
    token: str = answer.json()["id_token"]
    return token


def me(client: TestClient, token: str) -> Any:
    return client.get("/api/me", headers={"Authorization": f"Bearer {token}"})


def bind(client: TestClient, caller: Callable[[str], Caller], issuer: str, account: str, subject: str) -> None:
    sofia = caller("sofia.marin")
    headers = {"Authorization": f"Bearer {sofia.token}", "Idempotency-Key": fresh_key()}
    body = {"issuer": issuer, "subject": subject}
    answer = client.put(f"/api/accounts/{account}/identity", json=body, headers=headers)
    assert answer.status_code == 204, answer.text


@pytest.fixture
def client(guarded: TestClient) -> TestClient:
    return guarded


def test_a_bound_identity_is_its_account(client: TestClient, caller: Callable[[str], Caller], issuer: str) -> None:
    bind(client, caller, issuer, "helene.aubry", "subject-7")
    found = me(client, id_token(issuer, "subject-7"))
    assert (found.status_code, found.json()["person"]) == (200, "helene.aubry")


def test_an_unbound_identity_is_nobody_even_with_a_known_name(client: TestClient, issuer: str) -> None:
    answer = me(client, id_token(issuer, "helene.aubry"))
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_account")


def test_a_token_that_is_meant_for_another_client_is_refused(
    client: TestClient, caller: Callable[[str], Caller], issuer: str
) -> None:
    bind(client, caller, issuer, "helene.aubry", "subject-7")
    answer = me(client, id_token(issuer, "subject-7", "time-sheets"))
    assert (answer.status_code, answer.json()["code"]) == (401, "bad_token")


def test_without_an_audience_no_issuer_is_trusted() -> None:
    with pytest.raises(ValidationError, match="MANDATE_OIDC_AUDIENCE or MANDATE_OIDC_CLIENT_ID"):
        Settings(oidc_issuer="https://login.example.com")
    assert Settings(oidc_issuer="https://login.example.com", oidc_client_id=CLIENT).audience == CLIENT


def test_a_token_signed_by_somebody_else_is_refused(
    client: TestClient, caller: Callable[[str], Caller], issuer: str
) -> None:
    bind(client, caller, issuer, "helene.aubry", "subject-7")
    claims = {"iss": issuer, "sub": "subject-7", "aud": CLIENT, "exp": 4_000_000_000}
    forged = jwt.encode({"alg": "RS256"}, claims, RSAKey.generate_key(2048, private=True))
    assert me(client, forged).json()["code"] == "bad_token"
    unsigned = ".".join([*forged.split(".")[:2], ""])
    assert me(client, unsigned).json()["code"] == "bad_token"


def test_binding_is_for_administrators_and_an_identity_has_one_account(
    client: TestClient, caller: Callable[[str], Caller], issuer: str
) -> None:
    bind(client, caller, issuer, "helene.aubry", "subject-7")
    body = {"issuer": issuer, "subject": "subject-7"}
    for account, expected in (("mara.lindqvist", "may_not_administer"), ("sofia.marin", "identity_taken")):
        headers = {"Authorization": f"Bearer {caller(account).token}", "Idempotency-Key": fresh_key()}
        answer = client.put("/api/accounts/daniel.koch/identity", json=body, headers=headers)
        assert answer.json()["code"] == expected
