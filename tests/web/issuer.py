"""`python -m tests.web.issuer PORT`: the OpenID provider of the tests.

It knows neither PKCE nor `auth_time`, so both are added in front of it: whoever is sent here has been signed in since an
hour ago, unless the application asks for the credentials again (`prompt=login`).
"""

import io
import sys
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qs, urlsplit
from wsgiref.simple_server import make_server

import oidc_provider_mock
from oidc_provider_mock._storage import AuthorizationCode

Start = Callable[..., Any]
AN_HOUR = 3600


class ProofOfKey:
    """Remembers the challenge of each code that was given out, and refuses the code without its verifier (RFC 7636)."""

    def __init__(self, provider: Callable[[dict[str, Any], Start], Iterable[bytes]]) -> None:
        self._provider = provider
        self._challenges: dict[str, str] = {}
        self.signed_in: dict[str, int] = {}

    def __call__(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        asked = parse_qs(environ.get("QUERY_STRING", ""))

        def remember(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            code = parse_qs(urlsplit(dict(headers).get("Location", "")).query).get("code")
            if code:
                self.signed_in[code[0]] = int(time.time()) - (0 if asked.get("prompt") == ["login"] else AN_HOUR)
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
    guarded = ProofOfKey(provider.wsgi_app)
    AuthorizationCode.get_auth_time = lambda code: guarded.signed_in[code.code]  # type: ignore[method-assign]
    make_server("127.0.0.1", int(sys.argv[1]), guarded).serve_forever()
