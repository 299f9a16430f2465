"""Who acts: an account, the natural person behind it if there is one, and the groups that this person holds (D3)."""

from domain.errors import Refused
from domain.model import Model

WORKER = "system:worker"


class Actor(Model):
    """The acting account as the session says, never as a body says. Machines have no person."""

    account: str
    person: str | None = None
    groups: frozenset[str] = frozenset()

    @property
    def party(self) -> str:
        """The person, or for a machine its account."""
        return self.person or self.account

    def as_person(self) -> str:
        """The person id. Raises Refused("machine_may_not") because machines propose and read, never decide (R-25.6)."""
        if self.person is None:
            raise Refused(
                "machine_may_not", "A machine account may not do this; a person has to.", account=self.account
            )
        return self.person


SYSTEM = Actor(account=WORKER)
"""The worker acting for the lifecycle: it advances, publishes under the gate and repairs, but never decides."""
