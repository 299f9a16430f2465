"""The connector against the real simulator process, in each way that a target can misbehave."""

import socket
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from connectors.runtime_catalog import RuntimeCatalog
from connectors.target import DeliveryOrder, Target, settle
from domain.errors import Invalid, Unavailable
from simulators.running import RunningSimulator, running

TIMEOUT = 0.4


@pytest.fixture
def order(order: DeliveryOrder) -> DeliveryOrder:
    return order.model_copy(update={"artifact": f"pricing/{uuid.uuid4()}"})


@pytest.fixture
def key() -> str:
    return f"release/{uuid.uuid4()}/deliver"


@pytest.fixture
def http(simulator_process: RunningSimulator) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=simulator_process.address, trust_env=False) as client:
        yield client
        client.put("/faults", json={"mode": "none"})


@pytest.fixture
def target(simulator_process: RunningSimulator, http: httpx.Client) -> Iterator[RuntimeCatalog]:
    with RuntimeCatalog(simulator_process.address, timeout=TIMEOUT) as target:
        yield target


def fault(http: httpx.Client, **wanted: Any) -> None:
    http.put("/faults", json=wanted).raise_for_status()


def outcomes(http: httpx.Client, order: DeliveryOrder) -> list[str]:
    """What became of each request to warm, oldest first."""
    seen = http.get("/requests").json()
    return [r["outcome"] for r in seen if r["artifact"] == order.artifact and r["step"] == "warm"]


def wait_until_applied(http: httpx.Client, order: DeliveryOrder) -> None:
    deadline = time.monotonic() + 5
    while "applied" not in outcomes(http, order):
        assert time.monotonic() < deadline, "the slow request was never applied"
        time.sleep(0.02)


@contextmanager
def killed_once_warmed(simulator: RunningSimulator, order: DeliveryOrder) -> Iterator[None]:
    """Kill the simulator as soon as it has applied the order and before it answers."""

    def kill() -> None:
        with httpx.Client(base_url=simulator.address, trust_env=False) as client:
            wait_until_applied(client, order)
        simulator.process.kill()

    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill)
        yield
        killing.result()


def test_delivered_and_asked_back(target: RuntimeCatalog, order: DeliveryOrder, key: str) -> None:
    result = target.deliver(order, key)

    assert result.outcome == "confirmed"
    assert result.state is not None
    assert (result.state.version, result.state.digest, result.state.count) == (2, order.digest, 2)
    assert result.state.entries_digest == order.entries_digest
    assert target.ask(order.artifact, "DE") == result.state


def test_nothing_is_held_before_the_first_delivery(target: RuntimeCatalog, order: DeliveryOrder) -> None:
    state = target.ask(order.artifact, "DE")

    assert (state.version, state.entries_digest, state.warmed_at) == (0, "", None)


def test_markets_and_channels_are_held_apart(target: RuntimeCatalog, order: DeliveryOrder, key: str) -> None:
    partner = order.model_copy(update={"channel": "partner", "version": 7})
    swiss = order.model_copy(update={"market": "CH", "version": 8})
    everywhere = order.model_copy(update={"market": "*", "version": 9})
    for number, one in enumerate((order, partner, swiss, everywhere)):
        assert target.deliver(one, f"{key}/{number}").outcome == "confirmed"

    assert target.ask(order.artifact, "DE").version == 2
    assert target.ask(order.artifact, "DE", "partner").version == 7
    assert target.ask(order.artifact, "CH").version == 8
    assert target.ask(order.artifact, "*").version == 9


def test_the_same_key_is_applied_once(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    first, second = target.deliver(order, key), target.deliver(order, key)

    assert first == second
    assert outcomes(http, order) == ["applied", "replayed"]


def test_the_same_key_with_another_body_is_refused(target: RuntimeCatalog, order: DeliveryOrder, key: str) -> None:
    target.deliver(order, key)
    result = target.deliver(order.model_copy(update={"version": 3}), key)

    assert (result.outcome, result.retryable) == ("failed", False)
    assert "422" in result.detail and key in result.detail
    assert target.ask(order.artifact, "DE").version == 2


def test_failing_target_leaves_nothing_and_can_be_retried(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="failing", times=1)
    result = target.deliver(order, key)

    assert (result.outcome, result.retryable) == ("failed", True)
    assert "503" in result.detail
    assert target.ask(order.artifact, "DE").version == 0
    assert target.deliver(order, key).outcome == "confirmed"


def test_silent_target_is_unknown_and_settled_by_asking(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="silent", seconds=3, times=1)

    assert target.deliver(order, key).outcome == "unknown"
    assert settle(target, order).outcome == "confirmed"
    assert outcomes(http, order) == ["applied"]


def test_retry_after_silence_is_not_applied_twice(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="silent", seconds=3, times=1)
    target.deliver(order, key)

    assert target.deliver(order, key).outcome == "confirmed"
    assert outcomes(http, order) == ["applied", "replayed"]


def test_slow_target_that_works_late_counts_once(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="slow", seconds=1, times=1)

    assert target.deliver(order, key).outcome == "unknown"
    early = settle(target, order)
    assert (early.outcome, early.retryable) == ("failed", True)
    assert target.deliver(order, key).outcome == "confirmed"
    time.sleep(1)
    assert sorted(outcomes(http, order)) == ["applied", "replayed"]


def test_slow_target_within_the_timeout_is_confirmed(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="slow", seconds=0.1, times=1)

    assert target.deliver(order, key).outcome == "confirmed"


def test_late_arrival_is_found_by_asking_again(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="slow", seconds=0.8, times=1)
    target.deliver(order, key)
    wait_until_applied(http, order)

    assert settle(target, order).outcome == "confirmed"


def test_corrupt_target_differs_and_names_the_entry(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="corrupt", times=1)
    result = target.deliver(order, key)

    assert (result.outcome, result.retryable) == ("differs", False)
    assert [difference.field for difference in result.differences] == ["entries_digest"]
    assert result.differences[0].expected == order.entries_digest
    assert result.entries == ("price/FIBRE-500/monthly/DE/direct/EUR",)
    assert target.deliver(order, key + "/again").outcome == "confirmed"


def test_target_overwritten_meanwhile_does_not_settle_as_delivered(
    target: RuntimeCatalog, order: DeliveryOrder, key: str
) -> None:
    target.deliver(order, key)
    target.deliver(order.model_copy(update={"version": 3}), key + "/later")
    result = settle(target, order)

    assert result.outcome == "failed"
    assert [(d.field, d.expected, d.found) for d in result.differences] == [("version", "2", "3")]
    replay = target.deliver(order, key)
    assert (replay.outcome, replay.retryable) == ("differs", False)


def test_silence_when_asked_back_is_unknown(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    fault(http, mode="silent", seconds=3, times=1, on="ask")

    assert target.deliver(order, key).outcome == "unknown"
    assert settle(target, order).outcome == "confirmed"


@pytest.mark.parametrize(("mode", "code"), [("failing", "target_failing"), ("silent", "target_silent")])
def test_asking_a_target_that_does_not_say(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, mode: str, code: str
) -> None:
    fault(http, mode=mode, seconds=3, on="ask")
    with pytest.raises(Unavailable) as caught:
        settle(target, order)

    assert caught.value.code == code


def test_wrong_base_address_does_not_read_as_holding_nothing(
    simulator_process: RunningSimulator, order: DeliveryOrder, key: str
) -> None:
    with RuntimeCatalog(f"{simulator_process.address}/elsewhere", timeout=TIMEOUT) as target:
        with pytest.raises(Unavailable) as caught:
            target.ask(order.artifact, "DE")
        result = target.deliver(order, key)

    assert caught.value.code == "target_failing"
    assert (result.outcome, result.retryable) == ("failed", False)


def test_no_connection_is_unavailable(order: DeliveryOrder, key: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with RuntimeCatalog(f"http://127.0.0.1:{port}", timeout=TIMEOUT) as target:
        for call in (lambda: target.deliver(order, key), lambda: target.ask(order.artifact, "DE")):
            with pytest.raises(Unavailable) as caught:
                call()
            assert caught.value.code == "target_unreachable"


def test_target_killed_while_it_works_is_unknown(order: DeliveryOrder, key: str) -> None:
    with running("simulators.runtime_catalog") as simulator, RuntimeCatalog(simulator.address, timeout=10) as target:
        fault_set = httpx.put(
            f"{simulator.address}/faults", json={"mode": "silent", "seconds": 60}, timeout=5, trust_env=False
        )
        fault_set.raise_for_status()
        with killed_once_warmed(simulator, order):
            result = target.deliver(order, key)

    assert result.outcome == "unknown"


@contextmanager
def gateway(put: tuple[int, bytes], get: tuple[int, bytes]) -> Iterator[str]:
    """Something in between that gives every request to warm one answer, and every request to ask another."""

    class Answer(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*put)

        def do_GET(self) -> None:
            self.answer(*get)

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server, ThreadPoolExecutor(1) as pool:
        pool.submit(server.serve_forever, 0.05)
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "outcome", "retryable"),
    [
        (504, b"<h1>Gateway Time-out</h1>", "unknown", False),
        (502, b"", "unknown", False),
        (200, b"<h1>Welcome</h1>", "unknown", False),
        (200, b'{"version": "many"}', "unknown", False),
        (500, b"[1]", "unknown", False),
        (429, b'{"detail": "slow down"}', "failed", True),
        (302, b"", "failed", False),
    ],
)
def test_answers_that_do_not_come_from_the_target(
    order: DeliveryOrder, key: str, status: int, body: bytes, outcome: str, retryable: bool
) -> None:
    with gateway((status, body), (status, body)) as address, RuntimeCatalog(address, timeout=2) as target:
        result = target.deliver(order, key)
        with pytest.raises(Unavailable) as caught:
            settle(target, order)

    assert (result.outcome, result.retryable) == (outcome, retryable)
    assert caught.value.code == "target_failing"


@pytest.mark.parametrize(
    ("status", "outcome", "retryable"), [(500, "failed", True), (502, "unknown", False), (504, "unknown", False)]
)
def test_gateway_that_lost_the_target_leaves_the_outcome_unknown(
    order: DeliveryOrder, key: str, status: int, outcome: str, retryable: bool
) -> None:
    nothing = (404, b'{"code": "not_held"}')
    with gateway((status, b""), nothing) as address, RuntimeCatalog(address, timeout=2) as target:
        result = target.deliver(order, key)

    assert (result.outcome, result.retryable) == (outcome, retryable)


@pytest.mark.parametrize("bad", ["", "key\r\nX-Other: 1", "schlüssel", "k" * 201])
def test_keys_that_no_header_can_carry_are_refused(target: RuntimeCatalog, order: DeliveryOrder, bad: str) -> None:
    with pytest.raises(Invalid) as caught:
        target.deliver(order, bad)

    assert caught.value.code == "bad_key"


def test_entries_without_a_digest_are_refused_before_sending(
    target: RuntimeCatalog, http: httpx.Client, order: DeliveryOrder, key: str
) -> None:
    with pytest.raises(Invalid) as caught:
        target.deliver(order.model_copy(update={"entries": {"price/A": {"unit_price": 1.5}}}), key)

    assert caught.value.code == "not_canonical"
    assert outcomes(http, order) == []


@pytest.mark.parametrize("address", ["", "ftp://catalog", "127.0.0.1:80"])
def test_address_that_is_not_http_is_refused(address: str) -> None:
    with pytest.raises(Invalid) as caught:
        RuntimeCatalog(address, timeout=1)

    assert caught.value.code == "bad_target_url"


def test_the_connector_is_a_target(target: RuntimeCatalog) -> None:
    as_target: Target = target
    assert as_target.ask("pricing/unheard-of", "GB").version == 0
