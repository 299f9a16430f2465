"""The client against a server that drops connections, which a real API does only by accident."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from cli.client import Api
from cli.tokens import TOKEN_VARIABLE
from domain.errors import Conflict, MandateError, Unavailable
from tests.cli.command_line import CommandLine


@dataclass
class Peer:
    """What the server does with the next requests, and which keys it saw."""

    url: str = ""
    drops: int = 0
    status: int = 201
    body: bytes = b'{"change": "CR-2026-0001"}'
    keys: list[str] = field(default_factory=list)
    refuses: dict[str, bytes] = field(default_factory=dict)


@contextmanager
def serving() -> Iterator[Peer]:
    peer = Peer()

    class Handler(BaseHTTPRequestHandler):
        timeout: ClassVar[int] = 5

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            peer.keys.append(self.headers["Idempotency-Key"])
            if self.path in peer.refuses:
                peer.status, peer.body = 422, peer.refuses[self.path]
            if peer.drops:
                peer.drops -= 1
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            self.send_response(peer.status)
            self.send_header("Content-Length", str(len(peer.body)))
            self.end_headers()
            self.wfile.write(peer.body)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        peer.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield peer
        finally:
            server.shutdown()
            thread.join()


def test_a_write_whose_connection_breaks_is_repeated_once_under_the_same_key() -> None:
    with serving() as peer:
        peer.drops = 1
        assert Api(peer.url).post("/api/changes", {"kind": "pricing"}) == {"change": "CR-2026-0001"}
        assert len(peer.keys) == 2 and peer.keys[0] == peer.keys[1]


def test_each_write_has_its_own_key_unless_one_is_given() -> None:
    with serving() as peer:
        api = Api(peer.url)
        for key in (None, None, "mine"):
            api.post("/api/changes", {}, key=key)
        assert len(set(peer.keys)) == 3 and peer.keys[2] == "mine"


def test_a_connection_that_keeps_breaking_is_said_to_be_unreachable() -> None:
    with serving() as peer:
        peer.drops = 5
        with pytest.raises(Unavailable, match="does not answer") as failed:
            Api(peer.url).post("/api/changes", {})
        assert failed.value.code == "not_reachable" and len(peer.keys) == 2


def test_problem_documents_become_errors_with_their_facts() -> None:
    with serving() as peer:
        peer.status, facts = 409, {"state": "completed"}
        problem = {"type": "urn:x", "title": "x", "status": 409, "code": "illegal_transition", "detail": "No."}
        peer.body = json.dumps({**problem, **facts}).encode()
        with pytest.raises(Conflict) as refused:
            Api(peer.url).post("/api/changes", {})
        assert (refused.value.code, refused.value.detail, dict(refused.value.facts)) == (
            "illegal_transition",
            "No.",
            facts,
        )


@pytest.mark.parametrize(("status", "body"), [(502, b"<html>bad gateway</html>"), (200, b"<html>hello</html>")])
def test_an_answer_that_is_not_ours_is_said_so(status: int, body: bytes) -> None:
    with serving() as peer:
        peer.status, peer.body = status, body
        with pytest.raises(MandateError) as failed:
            Api(peer.url).post("/api/changes", {})
        assert failed.value.code == "unexpected_answer"


def test_a_policy_that_is_saved_and_not_handed_in_is_said_to_be_saved(tmp_path: Path) -> None:
    problem = {"code": "effective_in_past", "detail": "The effective date has passed in DE."}
    file = tmp_path / "policy.yaml"
    file.write_text("{}")
    with serving() as peer:
        peer.refuses["/api/changes/CR-2026-0001/submit"] = json.dumps(problem).encode()
        mandate = CommandLine(tmp_path, peer.url, {TOKEN_VARIABLE: "a token"})
        words = ("--title", "Policy", "--objective", "Ask sooner.", "--submit")
        answer = mandate("policy", "propose", str(file), *words)
    told = "CR-2026-0001 is saved as a draft, but not handed in: The effective date has passed in DE."
    assert (answer.code, f"error: effective_in_past: {told}" in answer.err) == (1, True), answer
