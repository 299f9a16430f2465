"""Table E, case 2: a decision in the name of somebody who is not at the screen; the proof is asked for and used up."""

import time
from datetime import datetime, timedelta

from commands.approvals import recall_decision
from commands.changes import revise_change
from commands.step_up import Authentication, step_up
from store.step_up import PROOF_HOLDS
from tests.attacks.presence_defects import (
    any_proof_will_do,
    authentications_never_age,
    every_sign_in_is_new,
    nothing_has_to_be_proven,
    proofs_are_given,
)
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import FINANCE, PRICING, REQUESTER, TWO_ACCOUNTS, Business, proposal, set_price
from tests.commands.test_policies import released

DEVELOPMENT = Authentication(method="development")


def asked(world: World) -> str:
    """A price change that waits for approval, under a policy that asks whoever decides to prove who they are."""
    released(world.business, lambda document: document.update(step_up_from_tier=2))
    return world.business.awaiting()


def prove(business: Business, account: str, change: str, how: Authentication = DEVELOPMENT) -> None:
    """Keep a proof for what is asked now."""
    step_up(business.gateway, business.call(account), change, business.at(change).revision, how)


def wall(business: Business) -> datetime:
    with business.database.reading() as session:
        return business.database.wall(session)


def proven_decides_by_api(world: World) -> None:
    """The twin of every attempt by programs: prove, then decide."""
    change = asked(world)
    assert world.api(PRICING, "POST", f"/approvals/{change}/step-up", {"revision": 1, "account": PRICING}).code == ""
    assert world.decide_api(PRICING, change).code == ""
    record = world.business.timeline(change)[-1]
    assert record.details["step_up"]["method"] == "development"


def proven_decides_by_page(world: World) -> None:
    change = asked(world)
    prove(world.business, PRICING, change)
    assert world.decide_page(PRICING, change).code == ""


def proven_decides_by_cli(world: World) -> None:
    change = asked(world)
    assert world.cli(PRICING, "change", "decide", change, "--approve", "--confirm", PRICING).code == ""


@attack("E2", "api", "step_up_needed", proven_decides_by_api, nothing_has_to_be_proven)
def decided_without_a_proof(world: World) -> Outcome:
    return world.decide_api(PRICING, asked(world))


@attack("E2", "page", "step_up_needed", proven_decides_by_page, nothing_has_to_be_proven)
def form_sent_without_a_proof(world: World) -> Outcome:
    return world.decide_page(PRICING, asked(world))


@attack("E2", "command", "step_up_needed", proven_decides_by_api, nothing_has_to_be_proven)
def command_called_without_a_proof(world: World) -> Outcome:
    change = asked(world)
    return world.command(PRICING, lambda: world.business.decide(change, PRICING))


@attack("E2", "cli", "not_confirmed", proven_decides_by_cli, proofs_are_given)
def confirmed_as_somebody_else(world: World) -> Outcome:
    return world.cli(PRICING, "change", "decide", asked(world), "--approve", "--confirm", FINANCE)


@attack("E2", "api", "not_confirmed", proven_decides_by_api, proofs_are_given)
def token_that_does_not_say_when_it_was_given(world: World) -> Outcome:
    return world.api(PRICING, "POST", f"/approvals/{asked(world)}/step-up", {"revision": 1})


@attack("E2", "api", "step_up_needed", proven_decides_by_api, any_proof_will_do)
def proof_of_another_change(world: World) -> Outcome:
    change = asked(world)
    other = world.business.awaiting(proposal(set_price("43.90", channel="partner")))
    prove(world.business, PRICING, other)
    return world.decide_api(PRICING, change)


@attack("E2", "api", "step_up_needed", proven_decides_by_api, any_proof_will_do)
def proof_of_what_was_edited_since(world: World) -> Outcome:
    change = asked(world)
    prove(world.business, PRICING, change)
    edited = proposal(set_price("45.90"))
    revise_change(world.business.gateway, world.business.call(REQUESTER), change, edited, None)
    world.business.walk(change)
    return world.decide_api(PRICING, change)


@attack("E2", "api", "step_up_needed", proven_decides_by_api, any_proof_will_do)
def proof_used_a_second_time(world: World) -> Outcome:
    change = asked(world)
    prove(world.business, PRICING, change)
    decision = world.business.decide(change, PRICING).decision
    recall_decision(world.business.gateway, world.business.call(PRICING), change, decision)
    return world.decide_api(PRICING, change)


@attack("E2", "api", "step_up_needed", proven_decides_by_api, any_proof_will_do)
def proof_older_than_five_minutes(world: World) -> Outcome:
    change = asked(world)
    nearly = wall(world.business) - PROOF_HOLDS + timedelta(seconds=1)
    prove(world.business, PRICING, change, Authentication(method="token", at=nearly))
    time.sleep(1.1)
    return world.decide_api(PRICING, change)


@attack("E2", "api", "step_up_needed", proven_decides_by_api, any_proof_will_do)
def proof_of_another_account(world: World) -> Outcome:
    change = asked(world)
    prove(world.business, TWO_ACCOUNTS[0], change)
    return world.decide_api(TWO_ACCOUNTS[1], change)


@attack("E2", "command", "authentication_not_recent", proven_decides_by_api, authentications_never_age)
def proof_from_an_old_sign_in(world: World) -> Outcome:
    change = asked(world)
    old = Authentication(method="token", at=wall(world.business) - PROOF_HOLDS - timedelta(seconds=1))
    return world.command(PRICING, lambda: prove(world.business, PRICING, change, old))


@attack("E2", "command", "authentication_used", proven_decides_by_api, every_sign_in_is_new)
def one_sign_in_for_two_decisions(world: World) -> Outcome:
    change = asked(world)
    other = world.business.awaiting(proposal(set_price("43.90", channel="partner")))
    once = Authentication(method="token", at=wall(world.business))
    prove(world.business, PRICING, change, once)
    return world.command(PRICING, lambda: prove(world.business, PRICING, other, once))
