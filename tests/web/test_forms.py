"""Forms are taken only from pages of the same session and site, and a double click acts once."""

from collections.abc import Iterator

import httpx
import pytest

from tests.live.platform import Platform
from tests.live.story import Story
from tests.web.visitors import forms, send, visitor

NEW = "/changes/new?offering=MOBILE-S"
ENTRY = "price/MOBILE-S/monthly/DE/partner/EUR"
TYPED = {
    "offering": "MOBILE-S",
    "entry": ENTRY,
    "unit_price": "13.00",
    "title": "Mobile S for partners",
    "objective": "Follow the cost of airtime.",
    "monitoring_days": "1",
    "monitoring": "The runtime catalog still holds the price.",
    "then": "draft",
}


@pytest.fixture
def mara(platform: Platform) -> Iterator[httpx.Client]:
    """A requester without scripts."""
    with visitor(platform, "mara.lindqvist") as client:
        yield client


def drafts(platform: Platform) -> int:
    """How many changes there are."""
    return len(platform.read("/api/changes", limit=200)["items"])


@pytest.mark.parametrize("csrf", [None, "", "guess", "é"])
def test_a_form_without_the_token_of_the_session_is_refused(
    platform: Platform, mara: httpx.Client, csrf: str | None
) -> None:
    before = drafts(platform)
    fields = {**forms(mara.get(NEW).text)["/changes/new"], **TYPED, "csrf": csrf}
    answer = mara.post("/changes/new", data={name: value for name, value in fields.items() if value is not None})
    assert answer.status_code == 403
    assert "bad_csrf_token" in answer.text
    assert drafts(platform) == before


def test_a_token_of_another_session_is_refused(platform: Platform, mara: httpx.Client) -> None:
    with visitor(platform, "helene.aubry") as other:
        stolen = forms(other.get("/").text)["/sign-out"]["csrf"]
    answer = send(mara, NEW, "/changes/new", {**TYPED, "csrf": stolen})
    assert (answer.status_code, "bad_csrf_token" in answer.text) == (403, True)


@pytest.mark.parametrize(
    "headers",
    [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://elsewhere.example"}, {"Origin": "null"}],
)  # fmt: skip
def test_a_form_of_another_site_is_refused(platform: Platform, mara: httpx.Client, headers: dict[str, str]) -> None:
    before = drafts(platform)
    answer = send(mara, NEW, "/changes/new", TYPED, **headers)
    assert (answer.status_code, "cross_site" in answer.text) == (403, True)
    assert drafts(platform) == before


def test_nobody_is_signed_in_from_another_site(platform: Platform) -> None:
    answer = httpx.post(
        f"{platform.url}/sign-in/development",
        data={"account": "mara.lindqvist"},
        headers={"Sec-Fetch-Site": "cross-site"},
        trust_env=False,
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_double_click_acts_once(platform: Platform, mara: httpx.Client) -> None:
    before = drafts(platform)
    hidden = forms(mara.get(NEW).text)["/changes/new"]
    answers = [mara.post("/changes/new", data={**hidden, **TYPED}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert drafts(platform) == before + 1


def test_a_form_without_a_key_is_refused(platform: Platform, mara: httpx.Client) -> None:
    answer = send(mara, NEW, "/changes/new", {**TYPED, "key": ""})
    assert answer.status_code == 422
    assert "idempotency_key_missing" in answer.text


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"unit_price": ""}, "Give at least one new price."),
        ({"unit_price": "a lot"}, "is not a decimal number"),
        ({"unit_price": "12.30"}, "change nothing"),
        ({"title": "x"}, "title"),
        ({"effective_date": "2020-01-01"}, "has passed"),
        ({"effective_date": "soon"}, "Give the date as a day"),
        ({"monitoring_days": "1000"}, "monitoring"),
        ({"entry": "price/OTHER"}, "has no price"),
    ],
)
@pytest.mark.parametrize("action", ["/changes/new", "/changes/try"])
def test_what_was_typed_is_kept_when_it_is_refused(
    platform: Platform, mara: httpx.Client, action: str, typed: dict[str, str], says: str
) -> None:
    before = drafts(platform)
    hidden = forms(mara.get(NEW).text)["/changes/new"]
    answer = mara.post(action, data={**hidden, **TYPED, **typed})
    assert answer.status_code == 422
    assert says in answer.text
    assert "Follow the cost of airtime." in answer.text
    assert drafts(platform) == before


def test_trying_out_shows_what_would_happen_and_creates_nothing(platform: Platform, mara: httpx.Client) -> None:
    before = drafts(platform)
    hidden = forms(mara.get(NEW).text)["/changes/new"]
    page = mara.post("/changes/try", data={**hidden, **TYPED}).text
    assert "Tier 2: a price update" in page
    assert "Daniel Koch, Helene Aubry" in page
    assert 'value="13.00"' in page
    assert drafts(platform) == before


def test_signing_out_ends_the_session_on_the_server(platform: Platform) -> None:
    with visitor(platform, "tom.okafor") as client:
        kept = dict(client.cookies)
        assert send(client, "/", "/sign-out", {}).status_code == 303
    answer = httpx.get(platform.url, cookies=kept, trust_env=False)
    assert answer.status_code == 303


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(platform: Platform) -> None:
    answer = httpx.post(f"{platform.url}/sign-in/development", data={"account": "tom.okafor"}, trust_env=False)
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie and "samesite=lax" in cookie and "path=/" in cookie


@pytest.mark.parametrize(
    "wanted", ["https://elsewhere.example", "//elsewhere.example", "/\\elsewhere.example", "\\/x", "/\t/x"]
)
def test_signing_in_leads_nowhere_else(platform: Platform, wanted: str) -> None:
    answer = httpx.post(
        f"{platform.url}/sign-in/development", data={"account": "tom.okafor", "next": wanted}, trust_env=False
    )
    assert answer.headers["location"] == "/"


def test_travelling_from_the_page_moves_business_time(platform: Platform, mara: httpx.Client) -> None:
    before = platform.now()
    assert send(mara, "/", "/development/travel", {"days": "2"}).headers["location"] == "/"
    assert (platform.now() - before).total_seconds() >= 2 * 86_400


def test_a_machine_reads_and_is_told_that_it_cannot_decide(platform: Platform, story: Story) -> None:
    change = story.propose_price(story.fresh_offering()[0])
    story.until(change, "awaiting_approval")
    with visitor(platform, "delivery-pipeline") as client:
        page = client.get(f"/changes/{change}").text
        assert "Machines read and propose, they never decide." in page
        assert f"/changes/{change}/decisions" not in forms(page)
