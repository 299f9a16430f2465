"""Platform releases go the way of every change: a pipeline proposes, people decide, activations say what runs (R-3.6)."""

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest

from commands.approvals import decide
from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change
from commands.installation import link_account
from commands.rollbacks import roll_back_change
from domain.errors import Invalid, MandateError
from queries.changes import change_view, list_changes
from queries.platform_release import RunningRelease, running_releases
from tests.builders import ADMINISTRATOR, DAY, FINANCE, MACHINE, REQUESTER, Business, proposal

RELEASES = "platform/standard"
OWNER, SECOND_OWNER, BUSINESS = "tilda.berg", "owen.price", "kofi.mensah"
EVERY_MARKET = ("CH", "DE", "GB")


def release(version: str = "2.14.0", **fields: Any) -> dict[str, Any]:
    """An edit that releases a version of the api; its artifact follows from the version."""
    entry = {
        "type": "release",
        "component": "api",
        "version": version,
        "commit": "a1" * 20,
        "digest": f"sha256:{version.encode().hex():0<64}",
        "build": f"https://ci.example.com/api/{version}",
        "contains": ["Lists of quotes are read page by page"],
        "authors": ["yara.haddad"],
        **fields,
    }
    return {"edit": "put", "entry": entry}


def proposed(*edits: dict[str, Any], **fields: Any) -> Any:
    return proposal(*(edits or (release(),)), kind="platform", artifact=RELEASES, title="Api 2.14.0", **fields)


def approved(business: Business, *edits: dict[str, Any], **fields: Any) -> str:
    """A release that the pipeline proposed and both stages have approved."""
    change = business.awaiting(proposed(*edits, **fields), MACHINE)
    business.decide(change, OWNER)
    assert business.decide(change, BUSINESS).change.state == "approved"
    return change


def live(business: Business, *edits: dict[str, Any]) -> str:
    change = approved(business, *edits)
    assert business.walk(change).state == "monitoring"
    return change


def running(business: Business, component: str = "") -> tuple[RunningRelease, ...]:
    with business.database.reading() as session:
        return running_releases(session, business.database.now(session), component)


def versions(business: Business) -> dict[str, str]:
    return {one.release.component: one.release.version for one in running(business)}


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def test_a_pipeline_proposes_and_people_decide(business: Business) -> None:
    change = business.awaiting(proposed(), MACHINE)
    with business.database.reading() as session:
        view = change_view(session, change, business.database.now(session))

    assert view.plan is not None
    assert (view.plan.tier, [stage.id for stage in view.plan.stages]) == (2, ["owner", "business"])
    assert (view.summary.owner_group, view.summary.authored) == ("reliability", "engineering")
    assert refused(lambda: business.decide(change, MACHINE)) == "machine_may_not"
    assert refused(lambda: business.decide(change, FINANCE)) == "not_eligible"
    assert versions(business) == {}
    business.decide(change, OWNER)
    assert business.decide(change, BUSINESS).change.state == "approved"
    assert business.walk(change).state == "monitoring"
    assert versions(business) == {"api": "2.14.0"}


def test_who_wrote_it_does_not_approve_it_through_any_account(business: Business) -> None:
    change = business.awaiting(proposed(release(authors=["yara.haddad", OWNER])), MACHINE)
    assert refused(lambda: business.decide(change, OWNER)) == "excluded"
    business.decide(change, SECOND_OWNER)

    link_account(business.gateway, business.call(ADMINISTRATOR), "yara.haddad", SECOND_OWNER)
    with business.database.reading() as session:
        standing = change_view(session, change, business.database.now(session)).standing
    assert list(standing.withdrawn.values()) == ["you wrote a part of this change"]
    assert standing.blocks == ("unsatisfiable:owner",)


def test_authors_of_a_later_revision_count_and_those_of_earlier_ones_no_more(business: Business) -> None:
    change = business.awaiting(proposed(release(authors=[OWNER])), MACHINE)
    again = proposed(release("2.14.1", authors=[SECOND_OWNER]))
    revise_change(business.gateway, business.call(MACHINE), change, again, None)
    business.walk(change)

    assert refused(lambda: business.decide(change, SECOND_OWNER)) == "excluded"
    assert business.decide(change, OWNER).stage == "owner"


def test_somebody_unknown_wrote_nothing(business: Business) -> None:
    with pytest.raises(Invalid) as caught:
        business.draft(proposed(release(authors=["yara.haddad", "somebody"])), MACHINE)
    assert (caught.value.code, caught.value.facts["accounts"]) == ("unknown_author", ["somebody"])


@pytest.mark.parametrize("kind", ["platform", "*"])
def test_a_freeze_holds_a_release_back(business: Business, kind: str) -> None:
    change = approved(business)
    with business.database.reading() as session:
        now = business.database.now(session)
    window = Freeze(from_at=now, until_at=now + timedelta(days=1), reason="quarter close", kind=kind)
    freeze = declare_freeze(business.gateway, business.call(FINANCE), window)

    assert business.walk(change).state == "scheduled"
    assert [case.message for case in business.cases(change)] == [f"frozen:{freeze}"]
    assert versions(business) == {}
    business.travel(DAY)
    assert business.walk(change).state == "monitoring"
    assert versions(business) == {"api": "2.14.0"}


def test_nothing_is_live_in_a_market_before_its_instant(business: Business) -> None:
    with business.database.reading() as session:
        now = business.database.now(session)
    midnight = datetime.combine(now.date() + timedelta(days=3), time(), UTC)
    live(business, release("2.13.1"))
    later = release("2.14.0", rolls_back_to="2.13.1")
    change = approved(business, later, effective={"date": midnight.date(), "zone": "market"})
    assert business.walk(change).state == "scheduled"
    assert versions(business) == {"api": "2.13.1"}

    business.travel(int((midnight - now).total_seconds()) - 1800)
    business.walk(change)
    assert [(one.release.version, one.markets) for one in running(business)] == [
        ("2.13.1", ("GB",)),
        ("2.14.0", ("CH", "DE")),
    ]
    business.travel(3600)
    assert business.walk(change).state == "monitoring"
    assert versions(business) == {"api": "2.14.0"}


def test_a_component_keeps_its_own_record_of_what_runs_since_when(business: Business) -> None:
    first = live(business, release("2.13.1"))
    business.travel(DAY)
    second = live(business, release("7.0.0", component="worker"))

    found = {one.release.component: one for one in running(business)}
    assert {name: (one.change, one.version, one.markets) for name, one in found.items()} == {
        "api": (first, 1, EVERY_MARKET),
        "worker": (second, 2, EVERY_MARKET),
    }
    assert found["worker"].since - found["api"].since >= timedelta(seconds=DAY)
    assert [one.release.component for one in running(business, "worker")] == ["worker"]
    assert running(business, "billing") == ()


def test_two_releases_of_one_component_do_not_overtake_each_other(business: Business) -> None:
    late = business.awaiting(proposed(release("2.14.0")), MACHINE)
    live(business, release("2.14.1"))
    business.decide(late, OWNER)
    business.decide(late, BUSINESS)

    assert business.walk(late).state == "scheduled"
    assert [case.message for case in business.cases(late) if case.step == "release"] == [
        f"moved:{RELEASES}:release/api"
    ]
    assert versions(business) == {"api": "2.14.1"}


def test_a_rollback_is_asked_by_a_person_and_makes_the_earlier_release_live_again(business: Business) -> None:
    live(business, release("2.13.1"))
    change = live(business, release("2.14.0", rolls_back_to="2.13.1"))
    assert versions(business) == {"api": "2.14.0"}

    def ask(account: str) -> None:
        roll_back_change(business.gateway, business.call(account), change, "Exports are empty.", None)

    assert refused(lambda: ask(MACHINE)) == "machine_may_not"
    assert refused(lambda: ask(REQUESTER)) == "not_yours"
    ask(SECOND_OWNER)
    assert business.walk(change).state == "rolled_back"
    assert versions(business) == {"api": "2.13.1"}


def test_an_earlier_version_is_released_again_as_a_change_of_its_own(business: Business) -> None:
    live(business, release("2.13.1"))
    live(business, release("2.14.0", rolls_back_to="2.13.1"))
    live(business, release("2.13.1", rolls_back_to="2.14.0"))

    assert versions(business) == {"api": "2.13.1"}


def test_what_is_taken_out_of_service_runs_no_more(business: Business) -> None:
    live(business)
    live(business, {"edit": "remove", "entry_key": "release/api"})

    assert versions(business) == {}


def test_a_ballot_of_the_pipeline_is_refused_whatever_it_says(business: Business) -> None:
    change = business.awaiting(proposed(), MACHINE)
    ballot = business.ballot(change)
    assert refused(lambda: decide(business.gateway, business.call(MACHINE), change, ballot)) == "machine_may_not"
    assert business.timeline(f"actor/{MACHINE}")[-1].details["code"] == "machine_may_not"


def test_one_list_holds_what_business_and_what_engineering_wrote(business: Business) -> None:
    ours, theirs = business.draft(), business.draft(proposed(), MACHINE)

    def listed(**only: str | None) -> list[str]:
        with business.database.reading() as session:
            return [one.id for one in list_changes(session, None, 50, **only).items if one.id in (ours, theirs)]

    assert listed() == [theirs, ours]
    assert listed(authored="business") == [ours]
    assert listed(authored="engineering") == [theirs]
    assert listed(authored="engineering", kind="pricing") == []
