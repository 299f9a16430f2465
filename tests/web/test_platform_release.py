"""Page, API and command line show what runs and who wrote which change; a pipeline proposes by the API (R-3.6)."""

from pathlib import Path
from typing import Any

import pytest

from tests.attacks.conftest import databases, world
from tests.attacks.world import World
from tests.builders import MACHINE, PRICING, fresh_key
from tests.cli.command_line import CommandLine
from tests.commands.test_platform_release import BUSINESS, OWNER, live, proposed, release
from tests.serving import served

__all__ = ["databases", "world"]


def called(world: World, method: str, path: str, body: object = None) -> Any:
    headers = {"Authorization": f"Bearer {world.token(MACHINE)}", "Idempotency-Key": fresh_key()}
    return world.client.request(method, f"/api{path}", json=body, headers=headers)


def test_the_four_calls_of_a_pipeline(world: World) -> None:
    made = called(world, "POST", "/changes", proposed().model_dump(mode="json"))
    change = made.json()["change"]
    assert made.status_code == 201
    assert called(world, "POST", f"/changes/{change}/submit").status_code == 200
    assert world.business.walk(change).state == "awaiting_approval"
    assert world.decide_api(MACHINE, change).code == "machine_may_not"
    assert called(world, "GET", "/platform-releases?component=api").json() == []

    for person in (OWNER, BUSINESS):
        assert world.decide_api(person, change).code == ""
    world.business.walk(change)

    assert called(world, "GET", f"/changes/{change}").json()["summary"]["state"] == "monitoring"
    (one,) = called(world, "GET", "/platform-releases?component=api").json()
    assert one["release"] == {**release()["entry"], "rolls_back_to": ""}
    assert (one["change"], one["markets"]) == (change, ["CH", "DE", "GB"])
    assert called(world, "GET", "/platform-releases?component=worker").json() == []


@pytest.mark.parametrize(
    ("fields", "code"),
    [({"commit": "main"}, "bad_edit"), ({"rolls_back_to": "1.0"}, "wrong_rollback"), ({"authors": ["x"]}, "unknown_author")],
)  # fmt: skip
def test_a_release_that_is_not_whole_is_refused(world: World, fields: dict[str, Any], code: str) -> None:
    answer = called(world, "POST", "/changes", proposed(release(**fields)).model_dump(mode="json"))
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_pages_show_what_runs_and_where_it_was_built(world: World) -> None:
    world.client.post("/sign-in/development", data={"account": PRICING})
    assert "No release of the platform has become live yet." in world.client.get("/platform-releases").text
    change = live(world.business)

    page = world.client.get("/platform-releases").text
    link = '<a href="https://ci.example.com/api/2.14.0" rel="noreferrer">'
    assert '<th scope="row">api</th><td>2.14.0</td>' in page
    assert f'<a href="/changes/{change}">' in page and link in page
    own = world.client.get(f"/changes/{change}").text
    assert f"{link}Build of api 2.14.0</a>" in own
    assert "it brings: Lists of quotes are read page by page (written by yara.haddad;" in own


def test_lists_hold_both_kinds_of_authors_and_filter_them(world: World, tmp_path: Path) -> None:
    ours, theirs = world.business.draft(), world.business.draft(proposed(), MACHINE)
    world.client.post("/sign-in/development", data={"account": PRICING})

    def page(query: str) -> list[str]:
        text = world.client.get(f"/changes{query}").text
        return [change for change in (ours, theirs) if f'href="/changes/{change}"' in text]

    assert page("") == [ours, theirs]
    assert page("?authored=business") == [ours]
    assert page("?authored=engineering") == [theirs]
    assert called(world, "GET", "/changes?authored=nobody").status_code == 422
    with served(world.client.app) as url:
        mandate = CommandLine(tmp_path, url)
        for authored, change in (("business", ours), ("engineering", theirs)):
            told = mandate("change", "list", "--authored", authored, "--as", PRICING).out
            assert [one for one in (ours, theirs) if one in told] == [change]
        assert "No release of it is live." in mandate("running", "--as", MACHINE).out
        live(world.business)
        assert "api" in (told := mandate("running", "api", "--as", MACHINE).out)
        assert release()["entry"]["digest"] in told
