"""Table E, case 5: a large sum approved without reading it; beyond a limit the total effect is typed again."""

import re
from typing import Any

from domain.total_effect import TotalEffect
from store import changes
from tests.attacks.presence_defects import effects_are_not_typed
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import PRICING, fresh_key
from tests.commands.test_policies import released


def large(world: World) -> str:
    """A price change that moves more than the policy lets anybody approve without typing it."""
    limits = [{"currency": "EUR", "amount": 1}]
    released(world.business, lambda document: document.update(retype_above=limits))
    world.business.seed(1, 200)
    return world.business.awaiting()


def effect(world: World, change: str) -> TotalEffect:
    with world.business.database.reading() as session:
        found = changes.effect(session, changes.change(session, change))
    assert found is not None and found.retype == ("EUR",) and found.delta["EUR"] > 100
    return found


def exactly(world: World, change: str) -> str:
    """The amount as it is typed: `1,234.50`, from what the page shows."""
    world.client.cookies.clear()
    world.client.post("/sign-in/development", data={"account": PRICING})
    page = world.client.get(f"/changes/{change}").text
    world.client.cookies.clear()
    shown = re.search(r"Total effect: .*?pending orders.*?>([^<]+ EUR)<", page)
    assert shown is not None
    return shown[1]


def typed_by_api(world: World) -> None:
    """The twin of every attempt by programs: the amount as it stands on the page."""
    change = large(world)
    typed = {"EUR": exactly(world, change), "XXX": "a text of somebody"}
    assert world.decide_api(PRICING, change, total_effect=typed).code == ""
    recorded = world.business.timeline(change)[-1].details["total_effect"]
    assert recorded == {"EUR": effect(world, change).delta["EUR"]}


def typed_by_cli(world: World) -> None:
    change = large(world)
    amount = f"EUR={effect(world, change).delta['EUR'] / 100:.2f}"
    assert world.cli(PRICING, "change", "decide", change, "--approve", "--total-effect", amount).code == ""


def typed_on_the_page(world: World) -> None:
    change = large(world)
    assert by_form(world, change, exactly(world, change)).code == ""


def by_form(world: World, change: str, amount: str) -> Outcome:
    """Fill in the form that the page shows."""
    world.client.post("/sign-in/development", data={"account": PRICING})
    page = world.client.get(f"/changes/{change}").text
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.split('id="decide"')[1].split("</form>")[0])
    )
    form: dict[str, Any] = {**hidden, "key": fresh_key() + "-page", "choice": "approve", "effect_amount": amount}
    answer = world.client.post(f"/changes/{change}/decisions", data=form, follow_redirects=False)
    world.client.cookies.clear()
    return Outcome("" if answer.status_code == 303 else world.last_refusal(PRICING), f"actor/{PRICING}")


@attack("E5", "api", "effect_not_retyped", typed_by_api, effects_are_not_typed)
def large_effect_approved_without_typing_it(world: World) -> Outcome:
    return world.decide_api(PRICING, large(world))


@attack("E5", "api", "effect_not_retyped", typed_by_api, effects_are_not_typed)
def another_amount_than_what_is_moved(world: World) -> Outcome:
    change = large(world)
    nearly = f"{(effect(world, change).delta['EUR'] - 1) / 100:.2f}"
    return world.decide_api(PRICING, change, total_effect={"EUR": nearly})


@attack("E5", "api", "effect_not_retyped", typed_by_api, effects_are_not_typed)
def right_amount_in_another_currency(world: World) -> Outcome:
    change = large(world)
    return world.decide_api(PRICING, change, total_effect={"GBP": exactly(world, change)})


@attack("E5", "page", "effect_not_retyped", typed_on_the_page, effects_are_not_typed)
def field_left_empty(world: World) -> Outcome:
    return by_form(world, large(world), "")


@attack("E5", "cli", "effect_not_retyped", typed_by_cli, effects_are_not_typed)
def approved_by_a_script_that_types_nothing(world: World) -> Outcome:
    return world.cli(PRICING, "change", "decide", large(world), "--approve", "--yes")


@attack("E5", "command", "effect_not_retyped", typed_by_api, effects_are_not_typed)
def command_called_without_the_amount(world: World) -> Outcome:
    change = large(world)
    return world.command(PRICING, lambda: world.business.decide(change, PRICING))
