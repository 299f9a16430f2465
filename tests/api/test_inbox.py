"""The inbox holds everything that waits, the most urgent first, whatever there is and however much (R-25.3)."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, select

import queries.inbox
from queries.inbox import inbox
from store.tables.columns import table_of
from store.tables.directory import PersonRow
from store.tables.notice import NoticeRow
from store.tables.request import RequestRow
from tests.api.conftest import Caller
from tests.builders import FINANCE, MACHINE, PRICING, SECOND_FINANCE, Business
from tests.commands.test_delegations import STAND_IN, lend
from tests.commands.test_midnights import left_between
from tests.commands.test_requests import ask, frozen
from tests.databases import as_owner

__all__ = ["frozen"]
MANY = 230
REQUESTS = table_of(RequestRow)


class EveryGroup(frozenset[str]):
    """As if somebody held all of them."""

    def isdisjoint(self, other: object) -> bool:
        return False


EVERY_GROUP = EveryGroup()


@pytest.fixture
def waiting(business: Business, frozen: str) -> list[str]:
    """Many requests that wait for finance, most urgent first, which is the order opposite to that of their creation.

    Beside them waits the one that they are copies of.
    """
    first = ask(business, frozen, business.scheduled())
    with as_owner(business.login) as owner:
        row = dict(owner.execute(select(REQUESTS).where(REQUESTS.c.id == first)).one()._mapping)
        copies = [
            {
                **row,
                "id": f"{first}-{n:03}",
                "opened_at": row["opened_at"] - days,
                "created_at": row["created_at"] + days,
            }
            for n in range(1, MANY)
            for days in [timedelta(days=MANY - n)]
        ]
        owner.execute(insert(REQUESTS), copies)
    return [str(one["id"]) for one in copies]


def test_the_most_urgent_comes_first_and_none_is_left_out(waiting: list[str], caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        more = f"&cursor={cursor.replace('+', '%2B')}" if cursor else ""
        page = helene.get(f"/api/me/inbox?limit=100{more}").json()
        assert page["total"] == MANY
        seen += [item["subject"] for item in page["items"]]
        cursor = page["next"]
    assert len(seen) == MANY
    assert [subject for subject in seen if subject in waiting] == waiting


def test_the_page_says_how_many_there_are_and_goes_on(waiting: list[str], caller: Callable[[str], Caller]) -> None:
    helene = caller(FINANCE)
    helene.client.cookies.set("mandate_session", helene.token)
    text = helene.client.get("/").text
    assert f"({MANY})" in text and waiting[0] in text and waiting[50] not in text
    following = text.partition('href="/?cursor=')[2].partition('"')[0]
    assert waiting[50] in helene.client.get(f"/?cursor={following}").text


def test_requests_and_notices_page_to_the_last_one(
    business: Business, waiting: list[str], caller: Callable[[str], Caller]
) -> None:
    """A hundred was all that anybody could read of either."""
    told = [{"id": f"notice-{n:03}", "subject": "CR-1", "person": "", "party_group": "finance"} for n in range(MANY)]
    with business.database.writing() as session:
        now = business.database.now(session)
        more = {"code": "informed", "message": "On its way.", "created_at": now}
        session.execute(insert(table_of(NoticeRow)), [{**one, **more} for one in told])
    helene = caller(FINANCE)
    for path, ids in (("/api/requests", waiting), ("/api/me/notices", [one["id"] for one in told][::-1])):
        seen, cursor = list[str](), None
        while cursor is not None or not seen:
            page = helene.client.get(
                path, params={"limit": 100, "cursor": cursor or ""}, headers={"Authorization": f"Bearer {helene.token}"}
            ).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
        assert len(seen) == len(set(seen)) >= MANY
        assert [one for one in seen if one in ids] == ids
        assert helene.get(f"{path}?cursor=x").json()["code"] == "bad_cursor"
    helene.client.cookies.set("mandate_session", helene.token)
    for page, shown in (("/notices", "On its way."), ("/delegations", waiting[120])):
        following = helene.client.get(page).text.partition(f'href="{page}?cursor=')[2].partition('"')[0]
        assert shown in helene.client.get(f"{page}?cursor={following}").text


def test_what_is_left_out_by_its_plan_alone_is_nobodys(
    business: Business, frozen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody's inbox, with one who stands in, is the same when each subject is looked at in full."""
    change = business.awaiting()
    ask(business, frozen, change)
    lend(business)
    with business.database.reading() as session:
        now = business.database.now(session)
        people = session.execute(select(PersonRow.id)).scalars().all()
        found = {person: inbox(session, person, now) for person in people}
        monkeypatch.setattr(queries.inbox, "could_speak_for", lambda session, person, now: EVERY_GROUP)
        assert {person: inbox(session, person, now) for person in people} == found
    assert {person for person, items in found.items() if items} >= {PRICING, FINANCE, STAND_IN}
    assert [person for person, items in found.items() if not items]


def test_a_machine_has_no_inbox_and_a_cursor_is_not_guessed(caller: Callable[[str], Caller]) -> None:
    assert caller(MACHINE).get("/api/me/inbox").json() == {"items": [], "total": 0, "next": None}
    for wrong in ("x", "2027-01-01T00:00:00|AR-1", "|", "never|AR-1"):
        answer = caller(FINANCE).get(f"/api/me/inbox?cursor={wrong}")
        assert (answer.status_code, answer.json()["code"]) == (422, "bad_cursor"), wrong


def test_who_can_replace_an_approver_between_two_markets_is_shown_and_asked(
    business: Business, client: TestClient, caller: Callable[[str], Caller]
) -> None:
    """Its page says who is missing and lets them decide; so does their inbox. Nobody else finds it there."""
    change = left_between(business)

    assert caller(FINANCE).get("/api/me/inbox").json()["total"] == 0
    (item,) = caller(SECOND_FINANCE).get("/api/me/inbox").json()["items"]
    assert (item["subject"], item["stage"]) == (change, "Finance")
    client.post("/sign-in/development", data={"account": SECOND_FINANCE})
    page = client.get(f"/changes/{change}").text
    assert "● waiting" in page and "Your decision" in page and "The approval is waiting." in page
    ballot = {"choice": "approve", "revision": 1, "seen": item["seen"]}
    assert caller(SECOND_FINANCE).post(f"/api/changes/{change}/decisions", ballot).status_code in (200, 201)
    assert caller(SECOND_FINANCE).get("/api/me/inbox").json()["total"] == 0
    assert "Your decision" not in client.get(f"/changes/{change}").text
