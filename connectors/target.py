"""The one protocol for systems that releases go to, and how an outcome is told from what they hold (R-15.3)."""

from typing import Annotated, Any, Literal, Protocol, TypeAlias

from pydantic import AwareDatetime, Field, StrictInt

from domain.artifact import EVERYWHERE
from domain.canonical import digest
from domain.model import Model

Segment: TypeAlias = Annotated[str, Field(pattern="^[^/]+$", max_length=120)]

Outcome: TypeAlias = Literal["confirmed", "differs", "failed", "unknown"]
"""confirmed: asked back, and what it holds is what was ordered.
differs: it holds something else in the place of what was ordered; a person has to look.
failed: it answered with an error, and what was ordered is not there.
unknown: no answer; `settle` before any retry.
"""


class DeliveryOrder(Model):
    """What a target shall hold for one market and channel.

    digest: of the whole version; entries: the entry id -> JSON entry that this target gets of it.
    """

    artifact: Annotated[str, Field(min_length=1, max_length=240)]
    market: Segment = EVERYWHERE
    channel: Segment = EVERYWHERE
    version: Annotated[StrictInt, Field(ge=1)]
    digest: str
    entries: dict[str, dict[str, Any]]

    @property
    def entries_digest(self) -> str:
        return digest(self.entries)


class TargetState(Model):
    """What a target holds for one market and channel; version 0 and empty digests where it holds nothing."""

    artifact: str
    market: str
    channel: str
    version: int = 0
    digest: str = ""
    entries_digest: str = ""
    count: int = 0
    warmed_at: AwareDatetime | None = None


class Difference(Model):
    """One field in which a target is not as ordered."""

    field: Literal["version", "digest", "entries_digest", "count"]
    expected: str
    found: str


class DeliveryResult(Model):
    """What became of a delivery.

    detail: one English sentence. differences: what is not as ordered. entries: ids of entries that differ, the first
    twenty, where the target could be asked for them. retryable: whether delivering the same order again under the same
    key can help.
    """

    outcome: Outcome
    detail: str
    state: TargetState | None = None
    differences: tuple[Difference, ...] = ()
    entries: tuple[str, ...] = ()
    retryable: bool = False


class Target(Protocol):
    """A system that releases are delivered to."""

    def deliver(self, release: DeliveryOrder, key: str) -> DeliveryResult:
        """Bring the release there, once per key whatever is repeated, and ask back what arrived.

        Raises Unavailable("target_unreachable") when there was no connection, so that nothing was sent.
        """
        ...

    def ask(self, artifact: str, market: str, channel: str = EVERYWHERE) -> TargetState:
        """What the target holds now; changes nothing. Raises Unavailable when it does not say."""
        ...


def settle(target: Target, order: DeliveryOrder) -> DeliveryResult:
    """What became of a delivery without an answer: asks, and sends nothing (R-15.3).

    `failed` means that it is not there (yet): deliver again under the same key, so that a late arrival counts once.
    Raises Unavailable when the target does not say.
    """
    return judge(order, target.ask(order.artifact, order.market, order.channel))


def judge(order: DeliveryOrder, state: TargetState) -> DeliveryResult:
    """The outcome that a target's state shows, when its answer to the delivery says nothing."""
    if (state.version, state.digest) == (order.version, order.digest):
        return judge_delivered(order, state)
    return DeliveryResult(
        outcome="failed",
        detail=f"Version {order.version} of {order.artifact} is not there; the target holds {_held(state)}.",
        state=state,
        differences=differences(order, state),
        retryable=True,
    )


def judge_delivered(order: DeliveryOrder, state: TargetState) -> DeliveryResult:
    """The outcome that a target's state shows, after the target said that it took the delivery."""
    found = differences(order, state)
    if not found:
        detail = f"The target holds {_held(state)} of {order.artifact} as ordered."
        return DeliveryResult(outcome="confirmed", detail=detail, state=state)
    words = ", ".join(difference.field.replace("_", " ") for difference in found)
    detail = f"The target took version {order.version} of {order.artifact}, but holds another {words}."
    return DeliveryResult(outcome="differs", detail=detail, state=state, differences=found)


def differences(order: DeliveryOrder, state: TargetState) -> tuple[Difference, ...]:
    """The fields in which a target's state is not as ordered."""
    expected = TargetState(
        artifact=order.artifact,
        market=order.market,
        channel=order.channel,
        version=order.version,
        digest=order.digest,
        entries_digest=order.entries_digest,
        count=len(order.entries),
    )
    names: tuple[Literal["version", "digest", "entries_digest", "count"], ...]
    names = ("version", "digest", "entries_digest", "count")
    pairs = ((name, str(getattr(expected, name)), str(getattr(state, name))) for name in names)
    return tuple(Difference(field=name, expected=want, found=got) for name, want, got in pairs if want != got)


def _held(state: TargetState) -> str:
    return f"version {state.version}" if state.version else "nothing"
