"""Tables A and B: approval that no longer matches what is applied; who decided."""

from commands.approvals import decide
from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change, withdraw_change
from commands.installation import set_active, set_membership
from commands.releases import release_change
from domain.approval import Choice
from tests.attacks.defects import (
    anybody_administers,
    anybody_is_the_system,
    anybody_may_do_it,
    bases_are_not_compared,
    dates_are_not_checked,
    everybody_is_eligible,
    groups_are_those_of_the_request,
    hidden_characters_pass,
    machines_may_decide,
    nobody_is_excluded,
    one_person_may_speak_twice,
    states_are_not_looked_at,
    the_body_names_who_acts,
    the_gate_is_always_open,
    tokens_outlive_their_people,
    transitions_are_not_checked,
    what_was_seen_does_not_matter,
)
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import (
    ADMINISTRATOR,
    DAY,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_PRICING,
    TWO_ACCOUNTS,
    proposal,
    set_price,
)

OUTSIDER = "tom.okafor"


def approved_is_released(world: World) -> None:
    """The twin of every attack on a release: a change that was approved and not touched goes live."""
    change = world.business.scheduled()
    assert world.business.release(change).activated


def owner_decides(world: World) -> None:
    """The twin of every attack on a decision: the owner group decides on what is asked."""
    assert world.decide_api(PRICING, world.business.awaiting()).code == ""


def blocked(world: World, change: str) -> Outcome:
    """The release as the lifecycle calls it; a closed gate is recorded on the change's own chain."""
    report = world.business.release(change)
    return Outcome(report.blocks[0].partition(":")[0] if report.blocks else "", change)


@attack("A1", "command", "illegal_transition", approved_is_released, transitions_are_not_checked)
def edited_after_approval(world: World) -> Outcome:
    change = world.business.scheduled()
    edited = proposal(set_price("11.90"))
    revise_change(world.business.gateway, world.business.call(REQUESTER), change, edited, None)
    return world.command("system:worker", lambda: world.business.release(change))


@attack("A1", "api", "evidence_moved", owner_decides, what_was_seen_does_not_matter, audited=False)
def decided_on_what_was_shown_before_the_edit(world: World) -> Outcome:
    change = world.business.awaiting()
    old = world.business.ballot(change).model_dump(mode="json")
    revise_change(world.business.gateway, world.business.call(REQUESTER), change, proposal(set_price("45.90")), None)
    world.business.walk(change)
    return world.api(PRICING, "POST", f"/changes/{change}/decisions", old)


@attack("A2", "command", "moved", approved_is_released, bases_are_not_compared)
def base_moved_after_approval(world: World) -> Outcome:
    change = world.business.scheduled()
    other = world.business.released(proposal(set_price("43.90"), title="Another one first"))
    assert other != change
    world.business.confirm(change)
    return blocked(world, change)


@attack("A8", "api", "bad_change", owner_decides, hidden_characters_pass, audited=False)
def text_that_hides_its_direction(world: World) -> Outcome:
    hidden = proposal(title="Price up \u202enwod").model_dump(mode="json")
    return world.api(REQUESTER, "POST", "/changes", hidden)


@attack("A10", "command", "illegal_transition", approved_is_released, transitions_are_not_checked)
def approval_used_twice(world: World) -> Outcome:
    change = world.business.released()
    return world.command("system:worker", lambda: world.business.release(change))


@attack("A11", "command", "approval", approved_is_released, the_gate_is_always_open)
def quorum_gone_before_the_instant(world: World) -> Outcome:
    change = world.business.scheduled()
    set_membership(world.business.gateway, world.business.call(ADMINISTRATOR), FINANCE, "finance", False)
    return blocked(world, change)


@attack("A12", "api", "effective_in_past", owner_decides, dates_are_not_checked, audited=False)
def published_by_a_date_in_the_past(world: World) -> Outcome:
    body = proposal().model_dump(mode="json") | {"effective": {"date": "2020-01-01"}}
    return world.api(REQUESTER, "POST", "/changes", body)


@attack("A13", "api", "not_yours", owner_decides, anybody_may_do_it)
def reader_withdraws_what_is_approved(world: World) -> Outcome:
    change = world.business.scheduled()
    return world.api(FINANCE, "POST", f"/changes/{change}/withdraw", {"reason": "I do not like it."})


@attack("B1", "api", "bad_request_body", owner_decides, the_body_names_who_acts, audited=False)
def approver_named_in_the_body(world: World) -> Outcome:
    return world.decide_api(REQUESTER, world.business.awaiting(), person=PRICING)


@attack("B2", "api", "excluded", owner_decides, nobody_is_excluded)
def requester_with_every_group_by_api(world: World) -> Outcome:
    return world.decide_api(PRICING, by_owner(world))


@attack("B2", "page", "excluded", owner_decides, nobody_is_excluded)
def requester_with_every_group_by_page(world: World) -> Outcome:
    return world.decide_page(PRICING, by_owner(world))


@attack("B3", "command", "excluded", owner_decides, nobody_is_excluded)
def requester_with_every_group_by_command(world: World) -> Outcome:
    change = by_owner(world)
    ballot = world.business.ballot(change)
    return world.command(PRICING, lambda: decide(world.business.gateway, world.business.call(PRICING), change, ballot))


def by_owner(world: World) -> str:
    """A change that somebody of the owner group itself requested."""
    return world.business.awaiting(by=PRICING)


@attack("B2", "api", "not_eligible", owner_decides, everybody_is_eligible)
def finance_signs_for_the_owner(world: World) -> Outcome:
    return world.decide_api(FINANCE, world.business.awaiting())


@attack("B4", "api", "unknown_account", owner_decides, tokens_outlive_their_people, audited=False)
def token_of_somebody_shut_out(world: World) -> Outcome:
    change = world.business.awaiting()
    world.token(PRICING)
    set_active(world.business.gateway, world.business.call(ADMINISTRATOR), PRICING, False)
    return world.decide_api(PRICING, change)


@attack("B5", "command", "approval", approved_is_released, the_gate_is_always_open)
def approver_left_the_group(world: World) -> Outcome:
    change = world.business.scheduled()
    set_membership(world.business.gateway, world.business.call(ADMINISTRATOR), PRICING, "pricing", False)
    return blocked(world, change)


def administrator_gives_a_group(world: World) -> None:
    """The twin of who no longer is one."""
    set_membership(world.business.gateway, world.business.call(ADMINISTRATOR), REQUESTER, "finance", True)


@attack("B5", "command", "may_not_administer", administrator_gives_a_group, groups_are_those_of_the_request)
def administrator_of_a_moment_ago(world: World) -> Outcome:
    """The request was let in before the group was lost; its command comes after."""
    gateway, call = world.business.gateway, world.business.call(ADMINISTRATOR)
    set_membership(gateway, world.business.call(ADMINISTRATOR), ADMINISTRATOR, "administrators", False)
    return world.command(ADMINISTRATOR, lambda: set_membership(gateway, call, REQUESTER, "finance", True))


@attack("B9", "api", "machine_may_not", owner_decides, machines_may_decide)
def machine_decides(world: World) -> Outcome:
    return world.decide_api(MACHINE, world.business.awaiting())


@attack("B11", "command", "approval", approved_is_released, the_gate_is_always_open)
def approver_shut_out_before_the_release(world: World) -> Outcome:
    change = world.business.scheduled()
    set_active(world.business.gateway, world.business.call(ADMINISTRATOR), FINANCE, False)
    return blocked(world, change)


@attack("B15", "api", "may_not_administer", owner_decides, anybody_administers)
def approver_group_edited_by_its_user(world: World) -> Outcome:
    return world.api(REQUESTER, "PUT", f"/groups/finance/members/{REQUESTER}")


@attack("B16", "api", "excluded", owner_decides, nobody_is_excluded)
def whoever_edits_may_not_approve(world: World) -> Outcome:
    change = world.business.awaiting()
    revise_change(world.business.gateway, world.business.call(PRICING), change, proposal(set_price("45.90")), None)
    world.business.walk(change)
    return world.decide_api(PRICING, change)


@attack("B8", "api", "already_decided", owner_decides, one_person_may_speak_twice)
def one_person_speaks_through_two_accounts(world: World) -> Outcome:
    first, second = TWO_ACCOUNTS
    change = world.business.awaiting()
    world.business.decide(change, first, Choice.APPROVE)
    return world.decide_api(second, change)


@attack("F1", "command", "frozen", approved_is_released, the_gate_is_always_open)
def released_inside_a_freeze(world: World) -> Outcome:
    change = world.business.scheduled()
    with world.business.database.reading() as session:
        now = world.business.database.now(session)
    window = Freeze(reason="Quarter end", from_at=now, until_at=now.replace(year=now.year + 1))
    declare_freeze(world.business.gateway, world.business.call(FINANCE), window)
    return blocked(world, change)


@attack("F2", "command", "impact_confirmation_too_old", approved_is_released, the_gate_is_always_open)
def released_on_an_old_confirmation(world: World) -> Outcome:
    change = world.business.scheduled()
    world.business.travel(DAY)
    return blocked(world, change)


@attack("F2", "api", "not_awaiting_approval", owner_decides, states_are_not_looked_at, audited=False)
def decided_after_withdrawal(world: World) -> Outcome:
    change = world.business.awaiting()
    withdraw_change(world.business.gateway, world.business.call(REQUESTER), change, "Not needed.", None)
    return world.decide_api(PRICING, change)


@attack("D5", "command", "system_only", approved_is_released, anybody_is_the_system)
def release_called_by_a_person(world: World) -> Outcome:
    change = world.business.scheduled()
    call = world.business.call(SECOND_PRICING)
    return world.command(
        SECOND_PRICING,
        lambda: release_change(world.business.gateway, call, change, world.business.at(change).revision, ()),
    )
