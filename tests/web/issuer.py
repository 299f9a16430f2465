"""`python -m tests.web.issuer PORT`: the OpenID provider of the tests. It does not know PKCE, so that is checked in front of it."""

import io
import sys
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import make_server

import oidc_provider_mock

Start = Callable[..., Any]


class ProofOfKey:
    """Remembers the challenge of each code that was given out, and refuses the code without its verifier (RFC 7636)."""

    def __init__(self, provider: Callable[[dict[str, Any], Start], Iterable[bytes]]) -> None:
        self._provider = provider
        self._challenges: dict[str, str] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        asked = parse_qs(environ.get("QUERY_STRING", ""))

        def remember(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            code = parse_qs(urlsplit(dict(headers).get("Location", "")).query).get("code")
            if code and "code_challenge" in asked:
                self._challenges[code[0]] = asked["code_challenge"][0]
            return start(status, headers, *more)

        if (
            environ["REQUEST_METHOD"] == "POST"
            and environ["PATH_INFO"].endswith("/token")
            and not self._proven(environ)
        ):
            start("400 Bad Request", [("Content-Type", "application/json")])
            return [b'{"error": "invalid_grant"}']
        return self._provider(environ, remember)

    def _proven(self, environ: dict[str, Any]) -> bool:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        sent = parse_qs(body.decode())
        digest = sha256(sent.get("code_verifier", [""])[0].encode()).digest()
        return self._challenges.get(sent.get("code", [""])[0]) == urlsafe_b64encode(digest).rstrip(b"=").decode()


if __name__ == "__main__":
    provider = oidc_provider_mock.app(require_nonce=True)
    make_server("127.0.0.1", int(sys.argv[1]), ProofOfKey(provider.wsgi_app)).serve_forever()
