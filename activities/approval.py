"""The steps of the approval of a request: read the facts and let time do what is due (R-7.5, R-7.11)."""

from collections.abc import Callable

from temporalio import activity

from activities.payloads import Look, Progress, Trouble
from activities.steps import Steps


class ApprovalActivities(Steps):
    """What the steps of an approval do."""

    def all(self) -> list[Callable[..., object]]:
        """Every step, to register with a worker."""
        return [self.look_at_request, self.note_request_trouble]

    @activity.defn
    def look_at_request(self, look: Look) -> Progress:
        """Read the facts, let time do what is due, and say for whom it waits and how long (D9)."""
        return self._looked(look)

    @activity.defn
    def note_request_trouble(self, trouble: Trouble) -> None:
        """Open the case of a step that failed, or close it when the step went on (D12)."""
        self._note(trouble)
