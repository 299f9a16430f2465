"""An import is live at once, and brought to the target systems like every release (D5b, R-15.3); who may run one (R-7.9)."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from commands.calendar import Freeze, declare_freeze
from commands.command import Gateway
from commands.example import publish, set_up_example
from commands.imports import Import, import_content
from commands.rollbacks import restore_change, roll_back_change
from connectors.runtime_catalog import RuntimeCatalog
from domain.errors import Conflict, Refused
from domain.kinds import kinds
from queries.changes import change_view
from simulators.running import running
from store.example_business import CATALOG, PRICING, load_example
from store.settings import RUNTIME_CATALOG
from tests.builders import ADMINISTRATOR, FINANCE, REQUESTER, Business, everything, fresh_key
from tests.databases import as_owner
from web.stepper import steps

TARGETS = (RUNTIME_CATALOG,)


@pytest.fixture
def installed(gateway: Gateway) -> Gateway:
    """An installation with people and rules, and nothing to sell."""
    set_up_example(gateway, with_content=False)
    return gateway


@pytest.fixture
def catalog() -> Iterator[RuntimeCatalog]:
    """A runtime catalog that holds nothing yet."""
    with running("simulators.runtime_catalog") as simulator, RuntimeCatalog(simulator.address, 10) as target:
        yield target


def contents() -> dict[str, dict[str, dict[str, Any]]]:
    return {key: {name: dict(entry) for name, entry in value.items()} for key, value in load_example().contents.items()}


def sold() -> dict[str, dict[str, dict[str, Any]]]:
    """What people may import of it."""
    return {artifact: contents()[artifact] for artifact in (CATALOG, PRICING)}


def imported_by_a_person(
    here: Business, given: dict[str, dict[str, dict[str, Any]]], targets: tuple[str, ...] = ()
) -> str:
    found = Import(source="elsewhere", source_digest="sha256:0", contents=given)
    return import_content(here.gateway, here.call(ADMINISTRATOR), found, targets).change


def imported(gateway: Gateway) -> str:
    return publish(gateway, "the first content", contents(), TARGETS).change


def test_target_systems_hold_what_was_imported(installed: Gateway, business: Business, catalog: RuntimeCatalog) -> None:
    here = Business(installed, business.files, business.login, targets={RUNTIME_CATALOG: catalog})
    change = imported(installed)
    assert (here.at(change).state, here.price()) == ("releasing", 41_900_000)

    assert here.walk(change).state == "completed"

    with installed.database.reading() as session:
        shown = change_view(session, change, installed.database.now(session), REQUESTER)
    assert shown.imported and {release.market for release in shown.releases} == {"DE", "GB", "CH"}
    assert [step.title for step in steps(shown)] == ["Import", "Release", "Monitoring", "Completed"]
    held = {
        (artifact, market): catalog.ask(artifact, market).version
        for artifact in (CATALOG, PRICING)
        for market in ("DE", "GB")
    }
    assert set(held.values()) == {1}
    assert [entry.action for entry in here.timeline(change)][-3:] == [
        "change.delivered", "change.monitoring", "change.completed"
    ]  # fmt: skip


def test_a_target_that_does_not_know_the_import_leaves_a_case(installed: Gateway, business: Business) -> None:
    here = Business(installed, business.files, business.login)
    change = imported(installed)

    assert here.walk(change).state == "releasing"

    assert [(case.step, case.code) for case in here.cases(change)] == [("delivery", "delivery_failed")]
    assert here.price() == 41_900_000


def test_without_targets_an_import_is_complete_at_once(business: Business) -> None:
    assert {row[0] for row in everything(business.database)["delivery"]} == set()
    assert business.at("CR-2026-0001").state == "completed"


def test_an_import_was_approved_by_nobody_so_it_is_not_taken_back(installed: Gateway, business: Business) -> None:
    here = Business(installed, business.files, business.login)
    change = imported_by_a_person(here, sold(), TARGETS)

    with pytest.raises(Conflict) as caught:
        roll_back_change(installed, here.call(ADMINISTRATOR), change, "start again", None)

    assert (caught.value.code, here.at(change).state) == ("never_released", "releasing")


def test_a_row_that_says_it_is_taken_back_does_not_take_an_import_back(business: Business) -> None:
    """Even a state that somebody wrote into the database opens nothing: the effect asks for the judgement itself."""
    change = "CR-2026-0001"
    with as_owner(business.login) as connection:
        connection.execute(text("UPDATE change_request SET state = 'rolling_back' WHERE id = :id"), {"id": change})

    report = restore_change(business.gateway, business.system(), change, 1, ())

    assert (report.activated, report.blocks) == ((), ("never_released",))


def test_only_those_may_import_who_may_and_the_attempt_is_recorded(business: Business) -> None:
    given = Import(source="elsewhere", source_digest="sha256:0", contents={"pricing/standard": {}})

    with pytest.raises(Refused) as caught:
        import_content(business.gateway, business.call(REQUESTER, fresh_key()), given)

    assert caught.value.code == "may_not_import"
    last = business.timeline(f"actor/{REQUESTER}")[-1]
    assert (last.outcome, last.details["code"]) == ("refused", "may_not_import")


def test_people_import_into_an_empty_store_once(installed: Gateway, business: Business) -> None:
    """The rules that came with the set-up are no content of anybody; what a person has brought in is."""
    here = Business(installed, business.files, business.login)
    first = imported_by_a_person(here, {CATALOG: sold()[CATALOG]})

    with pytest.raises(Refused) as caught:
        imported_by_a_person(here, {PRICING: sold()[PRICING]})

    assert (caught.value.code, caught.value.facts["change"]) == ("store_not_empty", first)
    assert here.latest(PRICING) == 0


@pytest.mark.parametrize("kind", ["*", "migration", "pricing"])
def test_nothing_is_imported_in_a_freeze(installed: Gateway, business: Business, kind: str) -> None:
    here = Business(installed, business.files, business.login)
    with installed.database.reading() as session:
        now = installed.database.now(session)
    closing = Freeze(kind=kind, market="DE", reason="quarter close", from_at=now, until_at=now + timedelta(days=5))
    freeze = declare_freeze(installed, here.call(FINANCE), closing)

    with pytest.raises(Refused) as caught:
        imported_by_a_person(here, sold())

    assert (caught.value.code, caught.value.facts["freezes"]) == ("import_frozen", [freeze])
    assert here.latest(PRICING) == 0


def test_nothing_that_gives_authority_is_imported_by_people() -> None:
    assert {name for name, kind in kinds().items() if kind.importable} == {"catalog", "pricing"}
