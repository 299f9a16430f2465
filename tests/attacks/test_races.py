"""The short form of the races; `make prove` runs ten thousand of each (A9, F4)."""

import pytest

from tests.attacks.races import Race, decision_against_transfer, quorum_against_revision, race
from tests.databases import PostgresDatabases, PostgresServer

COUNT = 24


def raced(server: PostgresServer, kind: Race) -> None:
    found = race(PostgresDatabases(server), kind, COUNT)
    assert found.total() == COUNT


@pytest.mark.timeout(300)
def test_an_edit_in_the_moment_of_the_last_signature_never_publishes_what_nobody_signed(
    postgres_server: PostgresServer,
) -> None:
    raced(postgres_server, quorum_against_revision)


@pytest.mark.timeout(300)
def test_a_right_is_not_kept_by_deciding_in_the_moment_of_its_transfer(postgres_server: PostgresServer) -> None:
    raced(postgres_server, decision_against_transfer)
