"""Ports are remembered, replaced when another program took one, and fixed when asked for."""

import json
import socket
from pathlib import Path

import pytest

from cli.platform.ports import LOOPBACK, fixed_ports, is_free, remembered_ports
from domain.errors import Unavailable

NAMES = ("api", "catalog", "pages")


def listen(port: int) -> socket.socket:
    return socket.create_server((LOOPBACK, port))


def test_ports_are_free_distinct_and_the_same_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "state" / "ports.json"
    first = remembered_ports(file, NAMES)
    assert len(set(first.values())) == len(NAMES)
    assert all(is_free(port) for port in first.values())
    assert remembered_ports(file, NAMES) == first


def test_only_the_port_that_was_taken_is_replaced(tmp_path: Path) -> None:
    first = remembered_ports(tmp_path / "ports.json", NAMES)
    with listen(first["catalog"]):
        second = remembered_ports(tmp_path / "ports.json", NAMES)
    assert second["catalog"] != first["catalog"]
    assert {**second, "catalog": None} == {**first, "catalog": None}


def test_a_port_of_another_program_that_starts_too_is_not_used_although_it_is_free(tmp_path: Path) -> None:
    file, other = tmp_path / "ports.json", tmp_path / "other.json"
    first = remembered_ports(file, NAMES)
    other.write_text(json.dumps({"frontend": first["api"]}))
    second = remembered_ports(file, NAMES, besides=other)
    assert second["api"] != first["api"]
    assert {**second, "api": None} == {**first, "api": None}


def test_fixed_ports_follow_each_other_and_name_what_is_taken(tmp_path: Path) -> None:
    base = remembered_ports(tmp_path / "ports.json", ["base"])["base"]
    with listen(base), pytest.raises(Unavailable) as refused:
        fixed_ports(NAMES, base)
    assert refused.value.facts["ports"][0] == base
    if all(is_free(port) for port in range(base, base + 3)):
        assert fixed_ports(NAMES, base) == {"api": base, "catalog": base + 1, "pages": base + 2}
