"""Every revision of a change can be read back: the list says what each changed, each stands as it was written (R-4.4)."""

from collections.abc import Callable

import pytest

from commands.changes import revise_change
from tests.api.conftest import Caller
from tests.builders import FINANCE, REQUESTER, Business, proposal, set_price

WAS, IS = "FIBRE-500, monthly, DE, direct: 41.90 EUR becomes", "Fibre 500 in Germany"


@pytest.fixture
def change(business: Business) -> str:
    """A change of three revisions: another price, then another title and date."""
    found = business.draft(proposal(set_price("44.90")))
    for price, title, more in (
        ("45.90", "Fibre 500 in Germany: 44.90", {}),
        ("45.90", IS, {"effective": {"date": "2027-06-01"}}),
    ):
        wanted = proposal(set_price(price), title=title, **more)
        revise_change(business.gateway, business.call(REQUESTER), found, wanted, None)
    return found


def test_the_list_says_what_each_changed(business: Business, change: str, caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    first = helene.get(f"/api/changes/{change}/revisions?limit=2").json()
    assert (len(first["items"]), first["total"], first["next"]) == (2, 3, "2")
    rest = helene.get(f"/api/changes/{change}/revisions?cursor={first['next']}").json()
    items = [*first["items"], *rest["items"]]
    assert (rest["next"], [item["number"] for item in items]) == (None, [1, 2, 3])
    assert {(item["author"], item["name"]) for item in items} == {(REQUESTER, "Mara Lindqvist")}
    assert [(item["moved"], item["now"], item["no_longer"]) for item in items] == [
        ([], [f"{WAS} 44.90 EUR"], []),
        (["parts"], [f"{WAS} 45.90 EUR"], [f"{WAS} 44.90 EUR"]),
        (["title", "effective"], [], []),
    ]
    told = [r.details["digest"] for r in business.timeline(change) if r.action in ("change.created", "change.revised")]
    assert [item["digest"] for item in items] == told


def test_each_is_read_as_it_was_written(change: str, caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    seen = [helene.get(f"/api/changes/{change}/revisions/{number}").json() for number in (1, 3)]
    assert [view["words"] for view in seen] == [[f"{WAS} 44.90 EUR"], [f"{WAS} 45.90 EUR"]]
    assert [view["content"]["effective"]["date"] for view in seen] == [None, "2027-06-01"]
    assert seen[1]["content"] == helene.get(f"/api/changes/{change}").json()["content"]


MISSING = (
    ("CR-1/revisions", 404, "unknown_change_request"),
    ("CR-1/revisions/1", 404, "unknown_change_request"),
    ("{change}/revisions/4", 404, "unknown_revision"),
    ("{change}/revisions/0", 422, "bad_request_body"),
    (f"{{change}}/revisions/{10**20}", 422, "bad_request_body"),
    (f"{{change}}/revisions?cursor={10**20}", 422, "bad_request_body"),
)


def test_what_is_not_there_is_said(change: str, caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    for path, status, code in MISSING:
        answer = helene.get(f"/api/changes/{path.format(change=change)}")
        assert (answer.status_code, answer.json()["code"]) == (status, code), path


def test_the_pages_show_them(change: str, caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    helene.client.cookies.set("mandate_session", helene.token)
    assert f'href="/changes/{change}/revisions"' in helene.client.get(f"/changes/{change}").text
    listed = helene.client.get(f"/changes/{change}/revisions").text
    assert "title, effective" in listed and f"{WAS} 44.90 EUR" in listed
    second = helene.client.get(f"/changes/{change}/revisions/2").text
    assert "revision 2 of 3" in second and "What it does no longer" in second and "/revisions/3" in second
    assert helene.client.get(f"/changes/{change}/revisions/4").status_code == 404
