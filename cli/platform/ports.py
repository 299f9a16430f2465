"""Ports on the loopback address: chosen once, remembered in the state folder, used again while they are free."""

import json
import secrets
import socket
from collections.abc import Iterable, Sequence
from pathlib import Path

from domain.errors import Unavailable

LOOPBACK = "127.0.0.1"
# Below the range from which the kernel takes the ports of outgoing connections, which would steal one now and then.
CANDIDATES = range(20_000, 32_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on `port` of the loopback address now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as attempt:
        # A port whose last connections are still winding down is free for a server.
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def fixed_ports(names: Sequence[str], base: int) -> dict[str, int]:
    """Consecutive ports from `base`. Raises Unavailable("port_taken") naming those that another program uses."""
    ports = {name: base + offset for offset, name in enumerate(names)}
    if taken := [port for port in ports.values() if not is_free(port)]:
        listed = ", ".join(map(str, taken))
        raise Unavailable(
            "port_taken", f"Another program listens on {listed}; choose another --port-base.", ports=taken
        )
    return ports


def remembered_ports(
    file: Path, names: Sequence[str], base: int | None = None, besides: Path | None = None
) -> dict[str, int]:
    """One port for each name: counted from `base`, else the one kept in `file` if it is free, else a new one.

    besides: the file of another program that starts with this one; its ports are never chosen, free as they are now.
    """
    before, others = _kept(file), set(_kept(besides).values())
    ports = fixed_ports(names, base) if base is not None else _free_ports(names, before, others)
    file.parent.mkdir(parents=True, exist_ok=True)
    # Whole or not at all: half a file would keep every later start from working.
    unfinished = file.with_suffix(".new")
    unfinished.write_text(json.dumps({**before, **ports}, indent=2) + "\n")
    unfinished.replace(file)
    return ports


def _kept(file: Path | None) -> dict[str, int]:
    found: dict[str, int] = json.loads(file.read_text()) if file is not None and file.exists() else {}
    return found


def _free_ports(names: Sequence[str], before: dict[str, int], others: set[int]) -> dict[str, int]:
    kept = {name: before[name] for name in names if name in before and _usable(before[name], others)}
    missing = [name for name in names if name not in kept]
    return kept | dict(zip(missing, _choose(len(missing), {*before.values(), *others}), strict=True))


def _usable(port: int, others: set[int]) -> bool:
    return port not in others and is_free(port)


def _choose(count: int, taken: Iterable[int]) -> list[int]:
    shuffled = secrets.SystemRandom().sample(CANDIDATES, len(CANDIDATES))
    avoided = set(taken)
    chosen: list[int] = []
    for port in shuffled:
        if len(chosen) == count:
            break
        if port not in avoided and is_free(port):
            chosen.append(port)
    return chosen
