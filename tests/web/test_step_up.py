"""The page on which somebody confirms who they are before they decide, in an installation of this process (E2)."""

import re

from tests.attacks.conftest import world
from tests.attacks.presence_attacks import asked
from tests.attacks.world import World
from tests.builders import FINANCE, PRICING
from tests.web.visitors import forms

__all__ = ["world"]


def test_the_page_leads_to_the_confirmation_and_says_when_it_is_there(world: World) -> None:
    change = asked(world)
    world.client.post("/sign-in/development", data={"account": PRICING})
    found = re.search(r'href="(/step-up/[^"]+)" target="_blank"', world.client.get(f"/changes/{change}").text)
    assert found is not None
    hidden = forms(world.client.get(found[1]).text)[f"/step-up/{change}"]

    wrong = world.client.post(f"/step-up/{change}", data={**hidden, "account": FINANCE})
    assert (wrong.status_code, "not_confirmed" in wrong.text) == (403, True)
    right = world.client.post(f"/step-up/{change}", data={**hidden, "account": PRICING, "key": "another-key"})
    assert "You have confirmed who you are" in right.text
    page = world.client.get(f"/changes/{change}").text
    assert "✓ You have confirmed who you are" in page and "First confirm" not in page


def test_where_the_policy_asks_for_nothing_the_page_says_nothing(world: World) -> None:
    change = world.business.awaiting()
    world.client.post("/sign-in/development", data={"account": PRICING})
    page = world.client.get(f"/changes/{change}").text
    assert "Your decision" in page and "confirm" not in page.lower()
