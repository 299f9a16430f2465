"""What a policy replay found: past deals by the route that the old and the new policy ask of each (R-8.4)."""

from collections.abc import Mapping

from domain.model import Model


class Route(Model):
    """Whom a policy asks: the titles of its stages in order, the groups, and the hours until it reminds the last one.

    signatures: how many signatures each group may be asked for. A route without stages is a refusal: no row holds.
    """

    stages: tuple[str, ...]
    groups: tuple[str, ...]
    signatures: Mapping[str, int]
    hours: int

    @property
    def name(self) -> str:
        """In one line, for people."""
        return ", ".join(self.stages) or "refused: no rule"


class Flow(Model):
    """Deals that go the same old and the same new way; money in minor units per currency, example: one deal's id."""

    old: Route
    new: Route
    deals: int
    money: Mapping[str, int]
    example: str

    @property
    def under_routed(self) -> bool:
        """Whether the new policy asks somebody whom the old one did not ask."""
        return bool(self.asked_now)

    @property
    def over_routed(self) -> bool:
        """Whether the old policy asked somebody whom the new one does not ask."""
        return bool(self.asked_no_longer)

    @property
    def asked_now(self) -> tuple[str, ...]:
        """The groups that only the new policy asks."""
        return tuple(sorted(set(self.new.groups) - set(self.old.groups)))

    @property
    def asked_no_longer(self) -> tuple[str, ...]:
        """The groups that only the old policy asked."""
        return tuple(sorted(set(self.old.groups) - set(self.new.groups)))


class Deal(Model):
    """A past deal with the facts of which a policy is asked; value in minor units of its currency."""

    deal: str
    currency: str
    value_minor: int
    facts: Mapping[str, int | bool | None]


class DealPage(Model):
    """Some deals of a flow, the largest of each currency in turn; start: how many come before them."""

    flow: Flow
    start: int
    items: tuple[Deal, ...]


class Share(Model):
    """How many deals and how much money per currency (minor units)."""

    deals: int
    money: Mapping[str, int]


class GroupWork(Model):
    """Signatures that a group may be asked for over all deals, old and new, and in how many deals that changes."""

    group: str
    old_signatures: int
    new_signatures: int
    asked_now: int
    asked_no_longer: int


class Replay(Model):
    """The result of a replay.

    snapshot: digest of the records it ran on; deals = routed + unreadable (a fact is missing, so no policy could be
    asked); sampled: deals whose plans the evaluator of the approval engine gave too, all of them equal. decided: deals
    with the facts that were kept when they were submitted; compared: others whose facts the reference gave too.
    hours: predicted total of hours until the last reminder over all deals, old and new, as (old, new).
    """

    policy: str
    old: str
    new: str
    snapshot: str
    deals: int
    unreadable: int
    sampled: int
    decided: int = 0
    compared: int = 0
    flows: tuple[Flow, ...]
    under_routed: Share
    over_routed: Share
    same_people: Share
    work: tuple[GroupWork, ...]
    hours: tuple[int, int]

    @property
    def hours_a_deal(self) -> tuple[int, int]:
        """The predicted cycle time of a deal in tenths of an hour, old and new, rounded down."""
        routed = self.deals - self.unreadable or 1
        return self.hours[0] * 10 // routed, self.hours[1] * 10 // routed
