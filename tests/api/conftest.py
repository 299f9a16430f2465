from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api.app import create_app
from store.settings import Settings
from tests.builders import Business, fresh_key
from web import pages


@dataclass
class Caller:
    """Somebody who calls the API."""

    client: TestClient
    token: str

    def get(self, path: str, **headers: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {self.token}", **headers})

    def post(self, path: str, body: object = None, **headers: str) -> Any:
        sent = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": fresh_key(), **headers}
        return self.client.post(path, json=body, headers=sent)


@pytest.fixture
def client(business: Business, tmp_path: Path) -> Iterator[TestClient]:
    """The API and the pages over the example business; no Temporal answers here, so wake-ups wait in the outbox."""
    settings = Settings(
        mode="development",
        database_url=business.login.application,
        files_dir=tmp_path / "files",
        temporal_address="127.0.0.1:1",
    )
    app = create_app(settings)
    pages.mount(app)
    with TestClient(app, base_url="http://127.0.0.1", client=("127.0.0.1", 5000)) as client:
        yield client


@pytest.fixture
def caller(client: TestClient) -> Callable[[str], Caller]:
    """Signs somebody in."""

    def sign_in(account: str) -> Caller:
        answer = client.post("/api/sessions/development", json={"account": account})
        assert answer.status_code == 201, answer.text
        return Caller(client, answer.json()["token"])

    return sign_in
