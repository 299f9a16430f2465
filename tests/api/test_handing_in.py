"""A form that saves and hands in tells the truth when only the first was done: saved, not handed in, why, and what then."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.api.conftest import Caller
from tests.builders import DAY, REQUESTER, Business
from tests.web.visitors import forms

TYPED: dict[str, Any] = {
    "offering": ["FIBRE-500"],
    "entry": ["price/FIBRE-500/monthly/DE/direct/EUR"],
    "unit_price": ["45.90"],
    "title": "Fibre 500 in Germany: 45.90",
    "objective": "Follow the cost of wholesale access.",
    "zone": "UTC",
}
PAST = "but not handed in: The effective date has passed in"
FOUR_DAYS = 4 * DAY


@pytest.fixture
def mara(caller: Callable[[str], Caller]) -> Caller:
    """A requester with a session of the pages."""
    found = caller(REQUESTER)
    found.client.cookies.set("mandate_session", found.token)
    return found


def saved_and_late(business: Business, mara: Caller, page: str, action: str) -> list[Any]:
    """A form that is only saved, then goes stale, and is sent again, twice, to be handed in, too."""
    with business.database.reading() as session:
        soon = business.database.now(session) + timedelta(days=2)
    form = {**forms(mara.client.get(page).text)[action], **TYPED, "effective_date": soon.date().isoformat()}
    saved = mara.client.post(action, data={**form, "then": "draft"}, follow_redirects=False)
    assert saved.status_code == 303, saved.text
    business.travel(FOUR_DAYS)
    return [mara.client.post(action, data={**form, "then": "submit"}, follow_redirects=False) for _ in range(2)]


def test_a_draft_that_cannot_be_handed_in_is_said_to_be_saved(business: Business, mara: Caller) -> None:
    answers = saved_and_late(business, mara, "/changes/new?offering=FIBRE-500", "/changes/new")

    [change] = [item["id"] for item in mara.get("/api/changes?kind=pricing").json()["items"]]
    assert business.at(change).state == "draft"
    for answer in answers:
        assert answer.status_code == 422
        assert f"Saved as a draft, {PAST}" in answer.text
        assert f'href="/changes/{change}/revise"' in answer.text and f'action="/changes/{change}/submit"' in answer.text
        assert "Nothing was written" not in answer.text and "Not done" not in answer.text


def test_a_revision_that_cannot_be_handed_in_is_said_to_be_saved(business: Business, mara: Caller) -> None:
    change = business.draft()
    page = f"/changes/{change}/revise"

    answers = saved_and_late(business, mara, page, page)

    assert [answer.status_code for answer in answers] == [422, 422]
    assert (business.at(change).state, business.at(change).revision) == ("draft", 2)
    assert f"Revision 2 is saved, {PAST}" in answers[0].text
    later = {**forms(mara.client.get(page).text)[page], **TYPED, "effective_date": "2099-01-01", "then": "submit"}
    done = mara.client.post(page, data=later, follow_redirects=False)
    assert (done.status_code, done.headers["location"]) == (303, f"/changes/{change}")
    assert (business.at(change).state, business.at(change).revision) == ("submitted", 3)


def test_what_is_wrong_itself_is_not_saved(mara: Caller) -> None:
    form = forms(mara.client.get("/changes/new?offering=FIBRE-500").text)["/changes/new"]
    wrong = mara.client.post("/changes/new", data={**form, **TYPED, "unit_price": ["cheap"], "then": "submit"})
    assert (wrong.status_code, "Nothing was written" in wrong.text) == (422, True)
    assert mara.get("/api/changes?kind=pricing").json()["items"] == []
