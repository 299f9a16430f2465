"""Page and command line say whether business or engineering wrote a change (R-3.6)."""

from pathlib import Path

import pytest

from tests.attacks.conftest import databases, world
from tests.attacks.world import World
from tests.builders import MACHINE, PRICING, REQUESTER
from tests.cli.command_line import CommandLine
from tests.serving import served

__all__ = ["databases", "world"]


@pytest.mark.parametrize(("author", "said"), [(REQUESTER, "business-authored"), (MACHINE, "engineering-authored")])
def test_it_is_said_who_wrote_a_change(world: World, tmp_path: Path, author: str, said: str) -> None:
    change = world.business.draft(by=author)
    world.client.post("/sign-in/development", data={"account": PRICING})
    assert f"· {said} ·" in world.client.get(f"/changes/{change}").text
    with served(world.client.app) as url:
        assert (
            f"; {said}; owned by Pricing" in CommandLine(tmp_path, url)("change", "show", change, "--as", PRICING).out
        )
