"""Pages that state money: what moved since approvers saw it, and margins that move where no price does."""

import re

from cli.change_view import together
from queries.simulation import stored
from tests.attacks.conftest import databases, world
from tests.attacks.world import World
from tests.builders import FINANCE, proposal, set_price
from tests.commands.test_colliding import confirmation, promoted
from tests.commands.test_combined import only, promoting
from web.present import money, signed_money

__all__ = ["databases", "world"]


def test_what_moved_since_approvers_saw_it_is_told_figure_by_figure(world: World) -> None:
    world.business.seed(7, 300)
    change = world.business.approved(proposal(set_price("44.00")))
    promoted(world.business)
    world.business.seed(8, 100)
    world.business.walk(change)
    world.client.post("/sign-in/development", data={"account": FINANCE})
    page = world.client.get(f"/changes/{change}/impact").text
    told = page[page.index("Found again before the release") :]

    moved = {one.figure: one for one in confirmation(world.business, change).movements}
    value = moved["value in EUR"]
    assert {"quotes", "lines", "promotions", "quotes in DE"} <= moved.keys()
    row = re.findall(r"<tr><th scope=\"row\">Value in EUR</th>.*</tr>", told)[0]
    assert money(value.seen, "EUR") in row and money(value.now, "EUR") in row and "withdrawn" in row
    (promotions,) = re.findall(r"<tr><th scope=\"row\">Promotions</th>.*</tr>", told)
    assert ">1</td>" in promotions and ">2</td>" in promotions and "✓ nothing" in promotions


def test_a_change_of_costs_alone_shows_whose_margin_moves(world: World) -> None:
    world.business.seed(7, 300)
    cost = {"edit": "set_cost", "offering": "FIBRE-500", "currency": "EUR", "unit_cost": "30.00"}
    change = world.business.awaiting(proposal(cost))
    world.client.post("/sign-in/development", data={"account": FINANCE})
    page = world.client.get(f"/changes/{change}/simulation").text
    with world.business.database.reading() as session:
        found = stored(session, change)

    assert "The quotes with the largest difference" not in page
    table = page[page.index("The quotes whose margin moves most") :]
    first = found.largest_margins[0]
    assert first.quote in table and money(first.new_margin_minor or 0, "EUR") in table
    assert (
        f"{abs(found.margin_delta['EUR']) / 100:,.2f} EUR" in page[page.index("Margin, in all") : page.index("</dl>")]
    )


def test_a_change_shows_what_it_does_together_with_one_that_it_collides_with(world: World) -> None:
    world.business.seed(7, 300)
    price = world.business.awaiting(proposal(set_price("30.00")))
    promotion = world.business.awaiting(promoting(world.business, 2000))
    found = only(world.business, price)
    world.client.post("/sign-in/development", data={"account": FINANCE})
    page = world.client.get(f"/changes/{price}").text
    (row,) = re.findall(
        rf"<tr><th scope=\"row\"><a href=\"/changes/{promotion}\">{promotion}</a>, revision 1.*?</tr>", page, re.S
    )

    assert "✗ failed" in row and "Only together:</strong> No line falls under the margin floor of 10 percent" in row
    assert all(signed_money(found.delta[code], code) in row for code in found.delta)
    assert signed_money(found.beyond["EUR"], "EUR") in row
    first, *others = together([found.model_dump(mode="json")])
    assert first == f"Together with {promotion}: FAILS"
    assert any(line.startswith("  only together: No line falls under the margin floor") for line in others)
    assert any("EUR beyond the sum of both" in line for line in others if line.startswith("  price: "))
