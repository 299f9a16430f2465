"""What time does to open stages: reminder, escalation, expiry, each once a wait; it never approves (R-7.5)."""

from domain.approval_plan import ApprovalFacts, Stage, StageStanding, Standing, Timer, Verdict
from domain.working_time import after


def timers_of(facts: ApprovalFacts, standing: Standing) -> tuple[Timer, ...]:
    """What time will do to the open stages, soonest first; empty when nothing waits.

    Each fires once in a wait: a stage that is open again, because a decision was taken back, is reminded again.
    """
    if facts.plan is None or standing.verdict is not Verdict.WAITING:
        return ()
    waiting: list[Timer] = []
    for open_stage in standing.open_stages:
        stage = facts.plan.stage(open_stage.id)
        assert stage is not None
        waiting += _of_stage(facts, stage, open_stage)
    return tuple(sorted(waiting, key=lambda timer: (timer.at, timer.what != "expiry")))


def _of_stage(facts: ApprovalFacts, stage: Stage, standing: StageStanding) -> list[Timer]:
    if standing.opened_at is None:
        return []
    fired = {(f.what, f.level) for f in facts.fired if f.stage == stage.id and f.at >= standing.opened_at}
    planned = [
        ("reminder", 1, stage.remind_after),
        *(("escalation", n, level.after) for n, level in enumerate(stage.escalations, 1)),
        ("expiry", 1, stage.expire_after),
    ]
    return [
        Timer(stage=stage.id, what=what, level=level, at=after(stage.calendar, standing.opened_at, seconds))
        for what, level, seconds in planned
        if (what, level) not in fired
    ]
