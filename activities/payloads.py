"""The payloads of the change workflow and its steps: ids, digests, counts and words of the lifecycle (D7a)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Self

from activities.house import Payload
from domain.change import CLOSED, ChangeState


class ChangeRef(Payload):
    """Which change a workflow is for; what rang in an earlier run and was not looked at, and the steps parked there.

    page: a link to its page, as Markdown.
    """

    change: str
    page: str = ""
    bells: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()
    parked: tuple[str, ...] = ()


class ReconciliationRef(Payload):
    """Which run a workflow is for."""

    run: str


class ReconciliationOutcome(Payload):
    """How a run ended: its state, and how many differences are no matter of time."""

    run: str
    state: str
    breaks: int = 0


class RunTrouble(Payload):
    """A run whose step failed as often as it is tried, with the code of the last failure."""

    run: str
    code: str


class Wake(Payload):
    """A wake-up: the subject and the outbox row that says that there is one."""

    subject: str
    outbox_id: str


class Step(Payload):
    """A step of a change.

    ahead: take the steps after it as well, as long as they wait for nothing and need nothing but our own database.
    """

    change: str
    ahead: bool = False

    def alone(self) -> Self:
        """The same step and none after it."""
        return self.model_copy(update={"ahead": False})


class Look(Step):
    """Read the facts of a change; `bells` are the outbox ids that rang, `strangers` the signals that nobody knows."""

    bells: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


class StepInput(Step):
    """A step of one revision of a change, and the state and version on which it was decided."""

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
    took: the steps that led here since the workflow last asked; wide: the simulation that comes next is a large one.
    emergency: None for what is no change, and in histories from before it was told.
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
    took: tuple[str, ...] = ()
    wide: bool = False
    emergency: bool | None = None

    @property
    def open(self) -> bool:
        """Whether there is anything left to do."""
        return ChangeState(self.state) not in CLOSED


def step_input(at: Progress) -> StepInput:
    """A step on what is known now, and what follows it."""
    return StepInput(change=at.change, ahead=True, revision=at.revision, state=at.state, version=at.version)


class SimulationJob(Payload):
    """A large simulation: the snapshot that it reads, by digest, and the partitions that are priced together.

    parts: the name under which the files of its parts are kept apart until they are merged. versions: of every artifact
    when it began, on which all its steps run (R-6.4); none in a job that an earlier release began.
    """

    snapshot: str
    groups: tuple[tuple[int, ...], ...]
    parts: str = ""
    versions: Mapping[str, int] = {}


class PartInput(Payload):
    """Some partitions of a snapshot to be priced for a step; parts, versions: as in the job."""

    step: StepInput
    snapshot: str
    numbers: tuple[int, ...]
    parts: str = ""
    versions: Mapping[str, int] = {}


class PartDone(Payload):
    """Priced partitions: the files of their cases, lines compared with the reference, quotes that differ, the SQL."""

    files: tuple[tuple[int, str], ...]
    compared: int = 0
    differing: tuple[str, ...] = ()
    sql: str = ""


class Conclusion(Payload):
    """All parts of a large simulation, for the step that merges and keeps them; kept: as `parts` of the job."""

    step: StepInput
    snapshot: str
    parts: tuple[PartDone, ...]
    kept: str = ""
    versions: Mapping[str, int] = {}
