"""The installation that is attacked, with every entrance in one process: command, API, page, database login."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

from fastapi.testclient import TestClient
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col

from domain.approval import Choice
from domain.errors import MandateError
from queries.changes import TimelineEntry
from store.tables.audit import AuditRow
from tests.builders import Business, fresh_key
from tests.cli.command_line import CommandLine
from tests.serving import served

WORKER_CHAIN = "actor/system:worker"


@dataclass(frozen=True)
class Outcome:
    """What an attempt met: the code of the refusal (empty: it went through), and on whose chain it must stand."""

    code: str
    chain: str = ""


@dataclass
class World:
    """One installation. Attempts go through an entrance and come back as an outcome."""

    EPOCH: ClassVar = datetime(2026, 3, 2, 9, tzinfo=UTC)
    business: Business
    client: TestClient
    tokens: dict[str, str] = field(default_factory=dict)

    def command(self, account: str, work: Callable[[], object]) -> Outcome:
        """Call a command as an account would."""
        try:
            work()
        except MandateError as refusal:
            return Outcome(refusal.code, f"actor/{account}")
        return Outcome("")

    def api(
        self, account: str, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Outcome:
        """Call a route with the account's token."""
        sent = {"Authorization": f"Bearer {self.token(account)}", "Idempotency-Key": fresh_key(), **(headers or {})}
        answer = self.client.request(method, f"/api{path}", json=body, headers=sent)
        return Outcome("" if answer.is_success else str(answer.json()["code"]), f"actor/{account}")

    def token(self, account: str) -> str:
        if account not in self.tokens:
            opened = self.client.post("/api/sessions/development", json={"account": account})
            self.tokens[account] = opened.raise_for_status().json()["token"]
        return self.tokens[account]

    def decide_api(self, account: str, change: str, choice: str = "approve", **more: Any) -> Outcome:
        """Decide on what is asked now, by the API."""
        ballot = self.business.ballot(change, Choice(choice)).model_dump(mode="json")
        return self.api(account, "POST", f"/changes/{change}/decisions", {**ballot, **more})

    def decide_page(self, account: str, change: str) -> Outcome:
        """Decide by the form of the page, sent as a browser would; the code is read from the audit record."""
        ballot = self.business.ballot(change)
        typed = {"choice": "approve", "revision": str(ballot.revision), "seen": ballot.seen}
        return self.send_page(account, "/changes", f"/changes/{change}/decisions", typed)

    def send_page(self, account: str, page: str, action: str, typed: Mapping[str, str]) -> Outcome:
        """Send a form of a page as a browser would; the code is read from the audit record."""
        self.client.cookies.clear()
        self.client.post("/sign-in/development", data={"account": account})
        csrf = re.findall(r'name="csrf" value="([^"]+)"', self.client.get(page).text)[0]
        form = {"csrf": csrf, "key": fresh_key() + "-page", **typed}
        answer = self.client.post(action, data=form, follow_redirects=False)
        self.client.cookies.clear()
        return Outcome("" if answer.status_code < 400 else self.last_refusal(account), f"actor/{account}")

    def decide_bulk(self, account: str, *changes: str) -> list[Outcome]:
        """Decide on several changes in one list, by the API."""
        items = [
            {"subject": change, "ballot": self.business.ballot(change).model_dump(mode="json")} for change in changes
        ]
        sent = {"Authorization": f"Bearer {self.token(account)}", "Idempotency-Key": fresh_key()}
        answer = self.client.post("/api/decisions", json=items, headers=sent).raise_for_status()
        return [Outcome(one["code"], f"actor/{account}") for one in answer.json()]

    def cli(self, account: str, *arguments: str) -> Outcome:
        """Call the command line as an account, over HTTP; the code is read from the audit record."""
        with served(self.client.app) as url:
            answer = CommandLine(Path(str(self.business.files.folder)), url)(*arguments, "--as", account)
        return Outcome("" if answer.code == 0 else self.last_refusal(account), f"actor/{account}")

    def anonymous(self, method: str, path: str, headers: Mapping[str, str]) -> Outcome:
        """Call a route without a token, with these headers; the body is a good one."""
        change = path.split("/")[2]
        body = self.business.ballot(change).model_dump(mode="json")
        answer = self.client.request(
            method, f"/api{path}", json=body, headers={"Idempotency-Key": fresh_key(), **headers}
        )
        return Outcome("" if answer.is_success else str(answer.json()["code"]))

    def decisions_of(self, change: str) -> str:
        return f"/changes/{change}/decisions"

    def page_after_signing_out(self, account: str) -> Outcome:
        """Look at a page with the cookie of a session that was ended, as a copied cookie would."""
        self.client.cookies.clear()
        self.client.post("/sign-in/development", data={"account": account})
        kept = dict(self.client.cookies)
        csrf = re.findall(r'name="csrf" value="([^"]+)"', self.client.get("/changes").text)[0]
        self.client.post("/sign-out", data={"csrf": csrf, "key": fresh_key() + "-leave"})
        self.client.cookies.update(kept)
        answer = self.client.get("/changes", follow_redirects=False)
        self.client.cookies.clear()
        return Outcome("no_session" if answer.headers.get("location", "").startswith("/sign-in") else "")

    def everything_recorded(self) -> list[TimelineEntry]:
        """Every audit record."""
        with self.business.database.reading() as session:
            chains = session.execute(select(col(AuditRow.subject)).distinct()).scalars().all()
        return [record for chain in chains for record in self.business.timeline(chain)]

    def last_refusal(self, account: str) -> str:
        refused = [r for r in self.business.timeline(f"actor/{account}") if r.outcome == "refused"]
        return str(refused[-1].details["code"]) if refused else "not_audited"

    def database(self, statement: str, **values: Any) -> Outcome:
        """Run a statement with the login of the application itself, around every command."""
        engine = create_engine(self.business.login.application)
        try:
            with engine.begin() as connection:
                connection.execute(text(statement), values)
        except DBAPIError as refusal:
            known = ("is immutable", "permission denied")
            return Outcome("immutable" if any(words in str(refusal.orig) for words in known) else str(refusal.orig))
        finally:
            engine.dispose()
        return Outcome("")
