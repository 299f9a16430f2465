"""The pages of reconciliations: run one without scripts, read its numbers and proof, narrow, drill down, export."""

from collections.abc import Iterator

import httpx
import pytest
from playwright.async_api import Browser

from tests.live.platform import CLOCKKEEPER, Platform
from tests.live.waiting import eventually
from tests.web.visitors import browsing, send, violations, visitor

ORDERS = {"seed": 77, "first": 0, "count": 200, "faults": ["wrong_charge", "duplicate_order"], "rate": 3_000}


@pytest.fixture(scope="module")
def run(platform: Platform) -> str:
    """A run of orders against billing with its result."""
    platform.write(CLOCKKEEPER, "/api/development/orders", ORDERS).raise_for_status()
    found = str(platform.write(CLOCKKEEPER, "/api/reconciliations", {"pair": "order-billing"}).json()["run"])
    eventually(lambda: platform.read(f"/api/reconciliations/{found}")["summary"]["state"] == "done")
    return found


@pytest.fixture
def client(platform: Platform) -> Iterator[httpx.Client]:
    with visitor(platform, "helene.aubry") as found:
        yield found


def test_the_numbers_their_proof_and_the_differences(platform: Platform, client: httpx.Client, run: str) -> None:
    page = client.get(f"/reconciliations/{run}").text
    result = platform.read(f"/api/reconciliations/{run}")["result"]
    left = result["left"]
    out, unmatched = sum(left["excluded"].values()), left["missing"] + left["repeated"] + left["not_due"]
    matched = left["agreeing"] + left["differing"]
    assert f"{result['breaks']} differences" in page
    assert f"{matched:,} matched + {unmatched:,} unmatched + {out:,} excluded = {left['population']:,} records" in page
    assert "Charged (minor units) differs" in page and "needs a decision" in page
    assert result["differences_digest"] in page
    narrowed = client.get(f"/reconciliations/{run}?field=amount_minor").text
    assert "only charged (minor units)" in narrowed
    first = client.get(f"/reconciliations/{run}/differences/1").text
    assert "Both records side by side" in first and "outcome-fail" in first
    export = client.get(f"/reconciliations/{run}/differences.csv")
    assert (
        export.headers["content-type"].startswith("text/csv") and export.text.count("\n") == result["differences"] + 1
    )


def test_a_run_is_asked_for_by_a_form_and_can_be_given_up(platform: Platform, client: httpx.Client) -> None:
    answer = send(client, "/reconciliations", "/reconciliations", {"pair": "catalog-runtime", "mode": "incident"})
    assert answer.status_code == 303
    path = answer.headers["location"]
    assert path in client.get("/reconciliations").text
    eventually(
        lambda: "Everything that is due agrees" in client.get(path).text or "differences" in client.get(path).text
    )
    assert client.get("/reconciliations/RC-1999-0001").status_code == 404
    assert client.get(f"{path}?kind=nonsense").status_code == 422


async def test_nothing_serious_for_assistive_tools(platform: Platform, browser: Browser, run: str) -> None:
    found = []
    for scheme, width in (("light", 1280), ("dark", 480)):
        look = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
        async with browsing(browser, platform, "helene.aubry", **look) as page:
            for path in ("/reconciliations", f"/reconciliations/{run}", f"/reconciliations/{run}/differences/1"):
                await page.goto(path)
                found += await violations(page)
    assert not found, "\n".join(found)
