"""The transition table: what is not in it is a conflict, and what is closed stays closed."""

from itertools import product

import pytest

from domain.change import CLOSED, EFFECTIVE, TRANSITIONS, ChangeState, Step, advance
from domain.errors import Conflict

ILLEGAL = [(state, step) for state, step in product(ChangeState, Step) if state not in TRANSITIONS[step]]
BEFORE_EFFECT = set(ChangeState) - CLOSED - EFFECTIVE


@pytest.mark.parametrize(("state", "step"), ILLEGAL, ids=lambda value: str(value))
def test_an_illegal_step_is_a_conflict_that_says_where_it_is_legal(state: ChangeState, step: Step) -> None:
    with pytest.raises(Conflict) as caught:
        advance(state, step)

    assert caught.value.code == "illegal_transition"
    assert caught.value.facts["state"] == state
    assert caught.value.facts["legal_in"] == ", ".join(TRANSITIONS[step])


def test_every_step_is_in_the_table_and_leads_where_it_says() -> None:
    assert set(TRANSITIONS) == set(Step)
    for step, targets in TRANSITIONS.items():
        assert all(advance(state, step) is target for state, target in targets.items())


@pytest.mark.parametrize("state", sorted(CLOSED))
def test_there_is_no_way_out_of_a_closed_state(state: ChangeState) -> None:
    assert not any(state in targets for targets in TRANSITIONS.values())


def test_every_open_state_can_go_on_and_every_state_but_the_first_can_be_reached() -> None:
    left = {state for targets in TRANSITIONS.values() for state in targets}
    reached = {target for targets in TRANSITIONS.values() for target in targets.values()}

    assert left == set(ChangeState) - CLOSED
    assert set(ChangeState) == reached


def test_only_a_release_makes_a_change_effective_and_only_from_scheduled() -> None:
    ways = {
        (state, step)
        for step, targets in TRANSITIONS.items()
        for state, target in targets.items()
        if target in EFFECTIVE and state not in EFFECTIVE
    }

    assert ways == {(ChangeState.SCHEDULED, Step.RELEASE)}


def test_approved_is_reached_only_from_the_approval() -> None:
    sources = {state for targets in TRANSITIONS.values() for state, to in targets.items() if to is ChangeState.APPROVED}

    assert sources == {ChangeState.AWAITING_APPROVAL}


def test_everything_before_the_effect_can_be_withdrawn_and_nothing_after() -> None:
    assert set(TRANSITIONS[Step.WITHDRAW]) == BEFORE_EFFECT
