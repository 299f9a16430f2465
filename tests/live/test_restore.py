"""The database is put back to an earlier copy while Temporal and the target systems are further: all goes on from the copy."""

from decimal import Decimal

from tests.live import facts
from tests.live.backups import Restore, back_up
from tests.live.platform import Platform
from tests.live.story import DAY, HOUR, Story


def fresh(story: Story) -> dict[str, str]:
    offering, channel = story.fresh_offering()
    return {"offering": offering, "channel": channel}


def held_price(platform: Platform, offering: str, channel: str) -> Decimal:
    """The price in Germany that the runtime catalog holds."""
    entry = facts.held(platform, facts.PRICING, "DE")[f"price/{offering}/monthly/DE/{channel}/EUR"]
    return Decimal(entry["unit_price_micros"]) / 1_000_000


def put_back(platform: Platform, restore: Restore) -> None:
    """As an operator does it: nothing is connected while the copy is put in its place."""
    for name in ("api", "worker"):
        platform.kill(name)
    platform.database.close()
    restore()
    for name in ("api", "worker"):
        platform.start(name)
    platform.ready()


def test_everything_goes_on_from_the_copy_that_was_put_back(platform: Platform, story: Story) -> None:
    moved = fresh(story)
    before = story.price(**moved)
    waiting, scheduled = story.propose_price(**moved), story.scheduled(**fresh(story))
    story.until(waiting, "awaiting_approval")
    restore = back_up(platform.login, platform.folder)
    story.approve(waiting)
    story.until(waiting, "monitoring")
    lost = story.propose_price(**fresh(story))
    story.until(lost, "awaiting_approval")

    put_back(platform, restore)

    assert (story.state(waiting), story.price(**moved)) == ("awaiting_approval", before)
    other = fresh(story)
    again = story.monitored(**other)
    assert again == lost, "the number is given anew, and its workflow of old still sleeps"
    assert (held_price(platform, **moved), held_price(platform, **other)) == (before, story.price(**other))
    story.approve(waiting)
    story.until(waiting, "monitoring")
    platform.travel(3 * DAY)
    story.until(scheduled, "monitoring", "completed")
    platform.travel(7 * HOUR)
    for change in (waiting, again, scheduled):
        story.until(change, "completed")
    facts.assert_the_catalog_holds_what_is_live(platform, ("DE",))
    facts.assert_nothing_hangs(platform)
