"""The payloads of the change workflow and its steps: ids, digests, counts and words of the lifecycle (D7a)."""

from datetime import datetime

from activities.house import Payload
from domain.change import CLOSED, ChangeState


class ChangeRef(Payload):
    """Which change a workflow is for."""

    change: str


class Wake(Payload):
    """A wake-up: the subject and the outbox row that says that there is one."""

    subject: str
    outbox_id: str


class Look(Payload):
    """Read the facts of a change; `bells` are the outbox ids that rang, `strangers` the signals that nobody knows."""

    change: str
    bells: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


class StepInput(Payload):
    """A step of one revision of a change, and the state and version on which it was decided."""

    change: str
    revision: int
    state: str = ""
    version: int = 0


class Trouble(Payload):
    """A step that failed and waits, with the code of its error; `resumed` when it went on."""

    change: str
    step: str
    code: str = ""
    resumed: bool = False


class Progress(Payload):
    """Where a change stands, in words of its lifecycle.

    action: what the lifecycle has to do next; wait: nothing until `seconds` have gone by (None: until woken).
    waiting_for: for whom or what; due_at: when time does the next thing; blocks: why an effect was refused.
    """

    change: str
    state: str
    revision: int
    version: int = 0
    kind: str = ""
    owner: str = ""
    tier: int | None = None
    action: str = "wait"
    seconds: float | None = None
    due_at: datetime | None = None
    waiting_for: str = ""
    blocks: tuple[str, ...] = ()

    @property
    def open(self) -> bool:
        """Whether there is anything left to do."""
        return ChangeState(self.state) not in CLOSED
