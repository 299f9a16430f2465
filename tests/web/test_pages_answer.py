"""Every page answers over plain HTTP: to those who are signed in, and to nobody else."""

import re

import httpx
import pytest

from tests.live.platform import Platform
from tests.live.story import Story
from tests.web.visitors import visitor

PAGES = (
    "/",
    "/changes",
    "/changes?state=completed&kind=pricing",
    "/changes/new",
    "/changes/new?q=fibre",
    "/changes/new?offering=FIBRE-500",
    "/changes/{change}",
    "/changes/{change}/quotes",
    "/changes/{change}/impact",
    "/changes/{change}/impact?show=orders&start=50",
    "/changes/{change}/evidence",
    "/changes/{change}/revisions",
    "/changes/{change}/revisions/1",
    "/audit",
    "/audit?subject={change}&outcome=refused&since=2026-01-01",
    "/questions",
    "/questions?question=who-approved&subject={change}",
    "/questions?question=why-price&subject=Q-1-0000001/1",
    "/changes/{change}/simulation",
    "/changes/{change}/simulation/progress",
    "/changes/{change}/simulation/today",
    "/artifacts/pricing/standard/versions/1/today",
    "/changes/{change}/progress?version=1&quiet=true",
    "/quotes/Q-1-0000001",
    "/artifacts",
    "/reconciliations",
    "/artifacts/pricing/standard",
    "/artifacts/pricing/standard?old=0&new=1&contains=FIBRE&version=1",
    "/artifacts/catalog/standard",
    "/artifacts/approval/standard",
    "/policies/approval/standard",
    "/policies/approval/standard?old=1&new=1&column=tier.quarter_close",
    "/ownership",
    "/notices",
    "/delegations",
    "/data-access",
    "/emergencies",
)


@pytest.fixture(scope="module")
def change(story: Story) -> str:
    """A change that waits for approval."""
    found = story.propose_price("FIBRE-250")
    story.until(found, "awaiting_approval")
    return found


@pytest.mark.parametrize("path", PAGES)
def test_answers_the_signed_in(platform: Platform, change: str, path: str) -> None:
    with visitor(platform, "helene.aubry") as client:
        answer = client.get(path.format(change=change))
    assert answer.status_code == 200, answer.text[-2000:]
    assert answer.headers["content-type"].startswith("text/html")
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_sends_everybody_else_to_sign_in_and_back(platform: Platform, change: str, path: str) -> None:
    wanted = path.format(change=change)
    with httpx.Client(base_url=platform.url, trust_env=False) as client:
        answer = client.get(wanted)
        assert answer.status_code == 303
        assert httpx.URL(answer.headers["location"]).path == "/sign-in"
        back = httpx.URL(answer.headers["location"]).params["next"]
        assert back == wanted
        signed_in = client.post("/sign-in/development", data={"account": "helene.aubry", "next": back})
        assert signed_in.headers["location"] == wanted


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/changes/CR-1999-0001", 404), ("/quotes/none", 404), ("/artifacts/pricing/none", 404),
     ("/changes/new?offering=NONE", 404), ("/artifacts/pricing/standard?old=0&new=99", 404),
     ("/changes?cursor=made-up", 422), ("/artifacts/pricing/standard?new=many", 422)],
)  # fmt: skip
def test_says_in_words_what_is_wrong(platform: Platform, path: str, status: int) -> None:
    with visitor(platform, "helene.aubry") as client:
        answer = client.get(path)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "This did not work" in answer.text


def test_the_api_still_answers_with_problem_documents(platform: Platform) -> None:
    for path in ("/api/me", "/api/nothing"):
        answer = httpx.get(platform.url + path, trust_env=False)
        assert answer.headers["content-type"] == "application/problem+json"


def test_pages_are_no_part_of_the_described_api(platform: Platform) -> None:
    paths = httpx.get(f"{platform.url}/openapi.json", trust_env=False).json()["paths"]
    assert all(path.startswith(("/api/", "/healthz", "/readyz", "/metrics")) for path in paths)


def test_the_sign_in_page_says_that_it_is_development(platform: Platform) -> None:
    page = httpx.get(f"{platform.url}/sign-in", trust_env=False).text
    assert "development mode" in page
    assert "Ines Castellano" in page and "delivery-pipeline" in page
    assert "system:worker" not in page


@pytest.mark.parametrize("headers", [{"X-Forwarded-For": "10.0.0.1"}, {"Host": "mandate.example"}])
def test_development_sign_in_stays_on_this_machine(platform: Platform, headers: dict[str, str]) -> None:
    answer = httpx.post(
        f"{platform.url}/sign-in/development", data={"account": "helene.aubry"}, headers=headers, trust_env=False
    )
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_quote_shows_its_lines_and_the_versions_that_priced_it(platform: Platform) -> None:
    quote = platform.read("/api/quotes", limit=1)["items"][0]
    with visitor(platform, "helene.aubry") as client:
        page = client.get(f"/quotes/{quote['id']}").text
    assert all(line["offering"] in page for line in quote["lines"])
    assert f"/artifacts/pricing/standard?version={quote['price_version']}" in page


def test_a_price_book_shows_what_is_live_and_what_a_change_moved(platform: Platform, story: Story) -> None:
    offering, channel = "TV-BASIC", "direct"
    change = story.monitored(offering, channel=channel)
    with visitor(platform, "helene.aubry") as client:
        page = client.get("/artifacts/pricing/standard").text
        found = client.get(f"/artifacts/pricing/standard?contains={offering}").text
    assert f'href="/changes/{change}"' in page
    assert "TV-BASIC, monthly, DE, direct: 9.90 EUR becomes 10.90 EUR" in page
    assert "10.90 EUR" in found and "FIBRE-500" not in found


def test_the_reference_of_the_api_has_every_route_and_loads_nothing_from_elsewhere(platform: Platform) -> None:
    answer = httpx.get(f"{platform.url}/docs", trust_env=False)
    assert answer.status_code == 200
    for path in platform.read("/openapi.json")["paths"]:
        assert f"<code>{path}</code>" in answer.text
    assert "set_price" in answer.text, "an example of a price change"
    assert not re.search(r'(src|href)="(https?:)?//', answer.text)
