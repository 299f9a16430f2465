"""The lifecycle of a change as steps that a reader takes in at a glance."""

from domain.change import CLOSED, ChangeState
from domain.model import Model
from queries.changes import ChangeView
from web import present

S = ChangeState
STEPS: tuple[tuple[str, frozenset[ChangeState]], ...] = (
    ("Draft", frozenset({S.DRAFT, S.NEEDS_REVISION})),
    ("Assessment", frozenset({S.SUBMITTED, S.ASSESSING})),
    ("Simulation", frozenset({S.SIMULATING})),
    ("Approval", frozenset({S.AWAITING_APPROVAL, S.APPROVED})),
    ("Effective date", frozenset({S.SCHEDULED})),
    ("Release", frozenset({S.RELEASING})),
    ("Monitoring", frozenset({S.MONITORING})),
    ("Completed", frozenset({S.COMPLETED})),
)
DRAFT, SIMULATION, APPROVAL, DATE, RELEASE = 0, 2, 3, 4, 5
OF_AN_IMPORT = (("Import", frozenset[ChangeState]()), *STEPS[RELEASE:])


class StepView(Model):
    """A step: `done`, `current`, `ahead`, or `ended` off the path; `sign` says the same without colour."""

    title: str
    status: str

    @property
    def sign(self) -> str:
        return {"done": "✓", "current": "●", "ahead": "○", "ended": "✗"}[self.status]


def steps(view: ChangeView) -> tuple[StepView, ...]:
    """The steps of a change. One that left the path shows how far it got and how it ended."""
    state, path = ChangeState(view.summary.state), OF_AN_IMPORT if view.imported else STEPS
    at = next((n for n, (_, states) in enumerate(path) if state in states), None)
    if at is None:
        return _left(view, state)
    over = state is S.COMPLETED
    return tuple(
        StepView(title=title, status="done" if n < at or over else "current" if n == at else "ahead")
        for n, (title, _) in enumerate(path)
    )


def _left(view: ChangeView, state: ChangeState) -> tuple[StepView, ...]:
    done = tuple(StepView(title=title, status="done") for title, _ in STEPS[: _reached(view) + 1])
    return (*done, StepView(title=present.state(state), status="ended" if state in CLOSED else "current"))


def _reached(view: ChangeView) -> int:
    """The last step that left a trace."""
    if any(release.activated_at for release in view.releases):
        return RELEASE
    if view.releases:
        return DATE
    if view.decisions:
        return APPROVAL
    return SIMULATION if view.simulation else DRAFT
