"""On the pages, without scripts: asking, handing on, taking back, lending a right, a board, and several at once."""

import re
from typing import Any

import httpx
import pytest

from tests.live.platform import Platform
from tests.live.story import FINANCE, OWNER, REQUESTER, Story
from tests.web.visitors import send, visitor

COLLEAGUE, DEPUTY = "jonas.weidmann", "felix.nygaard"


def sent(platform: Platform, account: str, page: str, action: str, **typed: Any) -> httpx.Response:
    """Somebody fills in a form of a page and sends it; the answer, or the page that it leads to."""
    with visitor(platform, account) as client:
        answer = send(client, page, action, typed)
        return client.get(answer.headers["location"]) if answer.status_code == 303 else answer


def waiting(story: Story, offering: str | None = None, **more: Any) -> str:
    change = story.propose_price(offering or story.fresh_offering()[0], **more)
    story.until(change, "awaiting_approval")
    return change


def test_a_question_is_asked_and_answered_on_the_page(platform: Platform, story: Story) -> None:
    change = waiting(story)
    page, action = f"/changes/{change}", f"/approvals/{change}/remarks"

    asked = sent(platform, OWNER, page, action, kind="question", text="Why so much?")
    answered = sent(platform, REQUESTER, page, action, text="Wholesale rose.")
    empty = sent(platform, REQUESTER, page, action, text=" ")

    assert "Why so much?" in asked.text
    assert "Wholesale rose." in answered.text
    assert (empty.status_code, "Not done:" in empty.text) == (422, True)
    assert [remark["kind"] for remark in story.view(change)["remarks"]] == ["question", "answer"]


def test_a_decision_is_handed_on_made_and_taken_back(platform: Platform, story: Story) -> None:
    change = waiting(story)
    page = f"/changes/{change}"

    stranger = sent(platform, OWNER, page, f"/approvals/{change}/hand-on", to=FINANCE, handing="Knows it better.")
    done = sent(platform, OWNER, page, f"/approvals/{change}/hand-on", to=COLLEAGUE, handing="Knows the partners.")
    assert (stranger.status_code, "This person could not make the decision." in stranger.text) == (403, True)
    assert "Knows it better." in stranger.text
    assert "You have passed this decision on to a colleague." in done.text

    assert story.decide(change, COLLEAGUE).is_success
    (decision,) = story.view(change)["decisions"]
    taken = sent(platform, COLLEAGUE, page, f"/approvals/{change}/recall", decision=decision["id"])
    assert "the person took it back" in taken.text
    assert f"/approvals/{change}/recall" not in taken.text


def test_who_declares_an_interest_does_not_decide(platform: Platform, story: Story) -> None:
    change = waiting(story)

    page = sent(
        platform, OWNER, f"/changes/{change}", f"/approvals/{change}/interests", person=OWNER, role="beneficiary"
    )

    assert "You may not decide here: you benefit from it." in page.text


def test_a_right_is_lent_and_the_loan_ended_on_the_page(platform: Platform) -> None:
    lend = {"delegate": DEPUTY, "days": "3", "max_tier": "2", "group": "pricing", "reason": "On leave."}

    lent = sent(platform, OWNER, "/delegations", "/delegations", **lend, amount="5000", currency="eur")
    assert re.search(r"Pricing; all kinds; up to tier 2; up to 5,000.00\sEUR", lent.text)
    twice = sent(platform, OWNER, "/delegations", "/delegations", **lend)
    assert (twice.status_code, "overlaps with this" in twice.text) == (409, True)
    (given,) = [one for one in platform.read("/api/delegations", OWNER) if one["standing"] == "in force"]

    ended = sent(platform, DEPUTY, "/delegations", f"/delegations/{given['id']}/revoke")
    assert "revoked" in ended.text and f"End {given['id']}" not in ended.text


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"days": "many"}, 422),
        ({"days": "31"}, 422),
        ({"max_tier": "5"}, 422),
        ({"amount": "5000", "currency": "XXY"}, 422),
        ({"delegate": OWNER}, 422),
        ({"delegate": "nobody"}, 404),
        ({"group": "finance"}, 403),
        ({"reason": ""}, 422),
    ],
    ids=lambda wrong: "-".join(wrong) if isinstance(wrong, dict) else str(wrong),
)
def test_a_bad_loan_is_refused_and_what_was_typed_is_kept(
    platform: Platform, wrong: dict[str, str], status: int
) -> None:
    typed = {"delegate": DEPUTY, "days": "3", "max_tier": "1", "reason": "On leave.", **wrong}

    answer = sent(platform, OWNER, "/delegations", "/delegations", **typed)

    assert (answer.status_code, "Not done:" in answer.text) == (status, True)
    assert f'value="{typed["delegate"]}"' in answer.text


def test_a_board_keeps_its_agenda_and_minutes_on_the_page(platform: Platform, story: Story) -> None:
    offering = "FIBRE-100"
    change = waiting(story, offering, rise=str(story.price(offering)))
    page, secretary, chair = f"/changes/{change}", "leon.brandt", "ruben.falk"
    meets_at = f"{story.day(2)}T09:00"

    put = sent(platform, secretary, page, f"{page}/agenda", board_text="Twice the price.", meets_at=meets_at)
    assert "Twice the price." in put.text
    alone = sent(platform, secretary, page, f"{page}/minutes", board_text="Agreed.", present=[secretary])
    assert (alone.status_code, "the quorum is 2" in alone.text) == (422, True)
    held = sent(platform, secretary, page, f"{page}/minutes", board_text="Agreed.", present=[secretary, chair])
    assert "2 members were there" in held.text
    with visitor(platform, OWNER) as client:
        assert f"{page}/minutes" not in client.get(page).text


def test_several_small_things_are_approved_at_once(platform: Platform, story: Story) -> None:
    small = [content_change(story, slot) for slot in ("teaser", "shelf-label")]
    with visitor(platform, "clara.nwosu") as client:
        inbox = client.get("/").text
        picks = re.findall(r'name="pick" value="([^"]+)"', inbox)
        mine = [pick for pick in picks if pick.partition("|")[0] in small]
        moved = mine[1].replace("|1|", "|2|")
        answer = send(client, "/", "/decisions", {"pick": [mine[0], moved]})
        nothing = send(client, "/", "/decisions", {})

    assert answer.status_code == 200
    assert "approved in the stage Owner" in answer.text
    assert "evidence_moved" in answer.text
    assert (nothing.status_code, "Tick what you want to approve first." in nothing.text) == (422, True)


def content_change(story: Story, slot: str) -> str:
    """A change of a text that customers read, which is of tier 1."""
    entry = {"type": "wording", "offering": "SPORT-PACK", "slot": slot, "text": "Every match, live."}
    change = story.propose(
        {
            "kind": "content",
            "title": f"A text for the {slot}",
            "objective": "Say what it is.",
            "parts": [{"artifact": "content/standard", "edits": [{"edit": "put", "entry": entry}]}],
        }
    )
    story.until(change, "awaiting_approval")
    return change
