"""The stand-in itself, as a process over HTTP."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from domain.canonical import digest
from domain.errors import Invalid, Unavailable
from simulators.cache_state import KEPT_REQUESTS, Cache
from simulators.faults import is_local
from simulators.running import running

MODULE = "simulators.runtime_catalog"
PLACE = "/caches/pricing/standard/markets/DE"
ENTRIES = {"price/A": {"unit_price_micros": 10}, "price/B": {"unit_price_micros": 20}}
BODY: dict[str, Any] = {"version": 1, "digest": "sha256:" + "a" * 64, "channel": "*", "entries": ENTRIES}


@pytest.fixture(scope="module")
def http() -> Iterator[httpx.Client]:
    with running(MODULE) as simulator, httpx.Client(base_url=simulator.address, trust_env=False) as client:
        yield client


def warm(client: httpx.Client, key: str, body: dict[str, Any] = BODY, place: str = PLACE) -> httpx.Response:
    return client.put(place, json=body, headers={"Idempotency-Key": key})


def test_what_it_holds_carries_a_digest_of_its_own(http: httpx.Client) -> None:
    answer = warm(http, "own-digest")

    assert answer.status_code == 200
    held = http.get(PLACE).json()
    assert held == answer.json()
    assert held["entries_digest"] == digest(ENTRIES)
    assert (held["version"], held["digest"], held["count"]) == (1, BODY["digest"], 2)
    assert http.get(f"{PLACE}/entries").json() == ENTRIES


def test_health(http: httpx.Client) -> None:
    assert http.get("/health").json() == {"status": "ok"}


def test_unheard_of_market_is_not_held(http: httpx.Client) -> None:
    answer = http.get("/caches/pricing/standard/markets/XX")

    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "not_held"


@pytest.mark.parametrize(
    "wrong",
    [
        {"version": 0},
        {"version": "1"},
        {"digest": "md5:1"},
        {"entries": []},
        {"entries": {"a": 1}},
        {"entries": {"a": {"price": 1.5}}},
        {"channel": ""},
        {"unheard": 1},
    ],
)
def test_bad_body_is_refused_and_changes_nothing(http: httpx.Client, wrong: dict[str, Any]) -> None:
    place = "/caches/pricing/refused/markets/DE"
    answer = warm(http, "bad-body", BODY | wrong, place)

    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert http.get(place).status_code == 404


def test_missing_key_is_refused(http: httpx.Client) -> None:
    answer = http.put(PLACE, json=BODY)

    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]


def test_key_is_bound_to_artifact_and_market_too(http: httpx.Client) -> None:
    warm(http, "bound")

    assert warm(http, "bound").status_code == 200
    elsewhere = warm(http, "bound", place="/caches/pricing/standard/markets/GB")
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (422, "idempotency_key_reused")


def test_replayed_key_does_not_bring_an_old_version_back(http: httpx.Client) -> None:
    place = "/caches/catalog/standard/markets/DE"
    warm(http, "old", place=place)
    warm(http, "new", BODY | {"version": 2}, place)

    assert warm(http, "old", place=place).json()["version"] == 1
    assert http.get(place).json()["version"] == 2


def test_times_bounds_how_many_requests_are_hit(http: httpx.Client) -> None:
    http.put("/faults", json={"mode": "failing", "times": 2})

    assert [warm(http, f"times/{n}").status_code for n in range(3)] == [503, 503, 200]
    assert http.get("/faults").json()["mode"] == "none"


def test_fault_stays_until_taken_back(http: httpx.Client) -> None:
    http.put("/faults", json={"mode": "failing", "on": "all"})
    hit = [warm(http, "stays").status_code, http.get(PLACE).status_code, warm(http, "stays").status_code]
    http.put("/faults", json={"mode": "none"})

    assert hit == [503, 503, 503]
    assert warm(http, "stays").status_code == 200


@pytest.mark.parametrize("headers", [{"Host": "catalog.example"}, {"X-Forwarded-For": "192.0.2.7"}])
def test_faults_are_refused_to_callers_from_elsewhere(http: httpx.Client, headers: dict[str, str]) -> None:
    answer = http.put("/faults", json={"mode": "failing"}, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (403, "not_on_loopback")
    assert http.get("/faults").json()["mode"] == "none"


@pytest.mark.parametrize(
    ("peer", "host", "local"),
    [
        ("127.0.0.1", "127.0.0.1:8790", True),
        ("127.0.0.1", "localhost", True),
        ("::1", "[::1]:8790", True),
        ("192.0.2.7", "127.0.0.1:8790", False),
        ("", "127.0.0.1", False),
        ("127.0.0.1", "", False),
    ],
)
def test_who_is_local(peer: str, host: str, local: bool) -> None:
    assert is_local(peer, {"host": host}) is local


def test_requests_tell_what_was_done_with_each_key(http: httpx.Client) -> None:
    place = "/caches/pricing/listed/markets/DE"
    http.put("/faults", json={"mode": "failing", "times": 1})
    warm(http, "listed", place=place)
    warm(http, "listed", place=place)
    warm(http, "listed", place=place)
    warm(http, "listed", BODY | {"version": 9}, place)
    seen = [r for r in http.get("/requests").json() if r["artifact"] == "pricing/listed"]

    assert [(r["key"], r["fault"], r["outcome"]) for r in seen] == [
        ("listed", "failing", "injected_failure"),
        ("listed", "none", "applied"),
        ("listed", "none", "replayed"),
        ("listed", "none", "idempotency_key_reused"),
    ]


def test_only_the_last_requests_are_kept() -> None:
    cache = Cache()
    for number in range(KEPT_REQUESTS + 5):
        with cache.noted("ask", "pricing/standard", str(number), "*"):
            pass

    assert [r.market for r in cache.requests] == [str(n) for n in range(5, KEPT_REQUESTS + 5)]


def test_state_survives_a_kill(tmp_path: Path) -> None:
    state = tmp_path / "cache.json"
    with running(MODULE, state=state) as simulator:
        with httpx.Client(base_url=simulator.address, trust_env=False) as client:
            before = warm(client, "kept").json()
            client.put("/faults", json={"mode": "failing"})
        simulator.process.kill()
        simulator.process.wait()
    with (
        running(MODULE, port=simulator.port, state=state) as again,
        httpx.Client(base_url=again.address, trust_env=False) as client,
    ):
        assert again.address == simulator.address
        assert client.get(PLACE).json() == before
        assert warm(client, "kept").json() == before
        assert client.get("/faults").json()["mode"] == "none"
        seen = client.get("/requests").json()

    assert [(r["number"], r["step"], r["outcome"]) for r in seen] == [
        (1, "warm", "applied"),
        (2, "ask", "answered"),
        (3, "warm", "replayed"),
    ]


def test_state_file_of_something_else_is_refused_and_kept(tmp_path: Path) -> None:
    state = tmp_path / "cache.json"
    state.write_text('{"slots": 3}')
    with pytest.raises(Invalid) as caught:
        Cache(state)

    assert caught.value.code == "bad_state_file"
    assert state.read_text() == '{"slots": 3}'


def test_simulator_that_cannot_serve_says_so() -> None:
    with running(MODULE) as first, pytest.raises(Unavailable) as caught, running(MODULE, port=first.port):
        pass

    assert caught.value.code == "simulator_ended"
