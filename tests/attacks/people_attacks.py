"""Tables A, B, D and F: whose word it is, for which change, and how long it counts; through every entrance there is."""

from datetime import timedelta
from functools import partial

from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change, withdraw_change
from commands.delegations import DelegationProposal, delegate
from commands.discussion import Handing, hand_on
from commands.freeze_exceptions import ExceptionRequest, ask_freeze_exception
from commands.installation import link_account, set_active
from commands.releases import release_change
from domain.approval import Choice
from store.tables.directory import AccountRow, PersonRow
from tests.attacks.approval_attacks import OUTSIDER, approved_is_released, blocked, by_owner, owner_decides
from tests.attacks.defects import (
    any_header_is_believed,
    anybody_may_do_it,
    bases_are_not_compared,
    decisions_are_handed_to_anybody,
    decisions_belong_to_everybody,
    delegations_need_no_right,
    delegations_never_end,
    everybody_is_eligible,
    identities_are_shared,
    interests_are_declared_by_anybody,
    low_tiers_are_not_looked_at,
    machines_may_decide,
    nobody_is_excluded,
    persons_are_who_they_were,
    revisions_are_not_compared,
    sessions_never_end,
    the_gate_is_always_open,
    tokens_outlive_their_people,
    transitions_are_not_checked,
    unknown_fields_pass,
    what_was_handed_on_still_counts,
    what_was_seen_does_not_matter,
)
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import (
    ADMINISTRATOR,
    DAY,
    DIRECTOR,
    FINANCE,
    MACHINE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    SECOND_PRICING,
    proposal,
    set_price,
)
from tests.databases import as_owner

SPOOFED = (
    *("X-Forwarded-User", "X-Remote-User", "Remote-User", "X-User", "X-Auth-Request-User", "X-Auth-Request-Email"),
    *("X-Forwarded-Email", "X-Forwarded-Preferred-Username", "X-WEBAUTH-USER", "X-Authenticated-User", "X-Account"),
    *("X-Actor", "X-Person", "X-On-Behalf-Of", "X-Impersonate-User", "Impersonate-User", "X-Original-User", "From"),
    *("X-Goog-Authenticated-User-Email", "X-MS-CLIENT-PRINCIPAL-NAME"),
)


def delegate_decides(world: World) -> None:
    """The twin of every attack on delegation: who was lent a right by somebody who holds it decides."""
    lend(world, PRICING, REQUESTER, days=5)
    assert world.decide_api(REQUESTER, world.business.awaiting(by=DIRECTOR)).code == ""


def lend(world: World, giver: str, to: str, days: int) -> None:
    with world.business.database.reading() as session:
        until = world.business.database.now(session) + timedelta(days=days)
    asked = DelegationProposal(delegate=to, until_at=until, reason="On leave.")
    delegate(world.business.gateway, world.business.call(giver), asked)


@attack("A4", "api", "bad_request_body", owner_decides, unknown_fields_pass, audited=False)
def approvers_chosen_by_the_change(world: World) -> Outcome:
    body = proposal().model_dump(mode="json") | {"approvers": [REQUESTER], "plan": {"stages": []}}
    return world.api(REQUESTER, "POST", "/changes", body)


@attack("A5", "command", "moved", approved_is_released, bases_are_not_compared)
def two_that_conflict_are_both_approved(world: World) -> Outcome:
    first, second = world.business.scheduled(), world.business.scheduled(proposal(set_price("43.90"), title="A rival"))
    assert world.business.release(first).activated
    world.business.confirm(second)
    return blocked(world, second)


@attack("A6", "api", "illegal_transition", owner_decides, transitions_are_not_checked)
def withdrawn_change_is_revived(world: World) -> Outcome:
    change = world.business.scheduled()
    withdraw_change(world.business.gateway, world.business.call(REQUESTER), change, "Not needed.", None)
    return world.api(REQUESTER, "POST", f"/changes/{change}/submit")


@attack("A9", "command", "revision_moved", approved_is_released, revisions_are_not_compared, audited=False)
def worker_releases_the_revision_that_it_remembers(world: World) -> Outcome:
    change = world.business.scheduled()
    revise_change(world.business.gateway, world.business.call(REQUESTER), change, proposal(set_price("11.90")), None)
    work = partial(release_change, world.business.gateway, world.business.system(), change, 1, ())
    return world.command("system:worker", work)


@attack("B2", "cli", "excluded", owner_decides, nobody_is_excluded)
def requester_with_every_group_by_cli(world: World) -> Outcome:
    return world.cli(PRICING, "change", "decide", by_owner(world), "--approve", "--yes")


@attack("B2", "bulk", "excluded", owner_decides, nobody_is_excluded)
def requester_with_every_group_in_bulk(world: World) -> Outcome:
    change = world.business.awaiting(proposal(set_price("39.90"), title="A lower price"), by=PRICING)
    return world.decide_bulk(PRICING, change)[0]


@attack("B9", "cli", "machine_may_not", owner_decides, machines_may_decide)
def machine_decides_by_cli(world: World) -> Outcome:
    return world.cli(MACHINE, "change", "decide", world.business.awaiting(), "--approve", "--yes")


@attack("B6", "command", "approval", approved_is_released, the_gate_is_always_open)
def both_accounts_turn_out_to_be_one_person(world: World) -> Outcome:
    change = world.business.scheduled()
    link_account(world.business.gateway, world.business.call(ADMINISTRATOR), FINANCE, PRICING)
    return blocked(world, change)


@attack("B6", "api", "excluded", owner_decides, persons_are_who_they_were)
def requester_turns_out_to_be_an_approver(world: World) -> Outcome:
    """The change keeps whom it was asked by then; the account that asked for it is the approver's now."""
    change = world.business.awaiting()
    assert world.api(ADMINISTRATOR, "PUT", f"/accounts/{REQUESTER}/person/{PRICING}").code == ""
    return world.decide_api(REQUESTER, change)


@attack("B7", "api", "not_eligible", owner_decides, everybody_is_eligible)
def twin_of_the_same_name(world: World) -> Outcome:
    with as_owner(world.business.login) as owner:
        owner.execute(PersonRow.__table__.insert(), {"id": "twin", "name": "Ines Castellano", "active": True})  # type: ignore[attr-defined]
        owner.execute(AccountRow.__table__.insert(), {"id": "Ines.Castellano ", "person": "twin", "active": True})  # type: ignore[attr-defined]
    return world.decide_api("Ines.Castellano ", world.business.awaiting())


@attack("B7", "api", "identity_taken", owner_decides, identities_are_shared, audited=False)
def second_account_of_one_identity(world: World) -> Outcome:
    identity = {"issuer": "https://login.example", "subject": "4711"}
    assert world.api(ADMINISTRATOR, "PUT", f"/accounts/{PRICING}/identity", identity).code == ""
    return world.api(ADMINISTRATOR, "PUT", f"/accounts/{REQUESTER}/identity", identity)


@attack("B10", "api", "no_token", owner_decides, any_header_is_believed, audited=False)
def user_named_by_a_header(world: World) -> Outcome:
    return world.anonymous("POST", world.decisions_of(world.business.awaiting()), dict.fromkeys(SPOOFED, PRICING))


@attack("B13", "command", "frozen", approved_is_released, the_gate_is_always_open)
def exception_of_another_change(world: World) -> Outcome:
    """An exception to a freeze lets out the change that it was approved for, and no other."""
    mine, other = world.business.scheduled(), world.business.awaiting(proposal(set_price("46.90"), title="Other"))
    with world.business.database.reading() as session:
        now = world.business.database.now(session)
    until = now.replace(year=now.year + 1)
    window = Freeze(reason="Quarter end", from_at=now, until_at=until)
    freeze = declare_freeze(world.business.gateway, world.business.call(SECOND_FINANCE), window)
    asked = ExceptionRequest(change=other, until_at=until, reason="A wrong price is live.")
    request = ask_freeze_exception(world.business.gateway, world.business.call(REQUESTER), freeze, asked).request
    world.business.decide(request, FINANCE)
    return blocked(world, mine)


@attack("B14", "api", "evidence_moved", owner_decides, what_was_seen_does_not_matter, audited=False)
def word_on_one_change_sent_to_another(world: World) -> Outcome:
    one = world.business.awaiting()
    other = world.business.awaiting(proposal(set_price("46.90", market="GB", currency="GBP"), title="Other"))
    ballot = world.business.ballot(one).model_dump(mode="json")
    return world.api(PRICING, "POST", f"/changes/{other}/decisions", ballot)


@attack("B17", "api", "not_held", delegate_decides, delegations_need_no_right)
def lent_right_is_lent_on(world: World) -> Outcome:
    lend(world, PRICING, REQUESTER, days=5)
    return delegation(world, REQUESTER, groups=["pricing"])


@attack("B17", "cli", "not_held", delegate_decides, delegations_need_no_right)
def lent_right_is_lent_on_by_cli(world: World) -> Outcome:
    lend(world, PRICING, REQUESTER, days=5)
    return world.cli(REQUESTER, "delegation", "give", "tom.okafor", "--group", "pricing", "--reason", "On leave.")


@attack("B17", "api", "not_eligible", delegate_decides, delegations_never_end)
def delegation_that_is_over(world: World) -> Outcome:
    lend(world, PRICING, REQUESTER, days=1)
    change = world.business.awaiting(by=DIRECTOR)
    world.business.travel(DAY)
    return world.decide_api(REQUESTER, change)


@attack("B17", "api", "excluded", delegate_decides, nobody_is_excluded)
def requester_acts_for_somebody_free_of_conflict(world: World) -> Outcome:
    lend(world, PRICING, REQUESTER, days=5)
    return world.decide_api(REQUESTER, world.business.awaiting())


@attack("B17", "api", "excluded", delegate_decides, nobody_is_excluded)
def somebody_free_of_conflict_acts_for_the_requester(world: World) -> Outcome:
    lend(world, PRICING, REQUESTER, days=5)
    return world.decide_api(REQUESTER, by_owner(world))


def delegation(world: World, account: str, **more: object) -> Outcome:
    with world.business.database.reading() as session:
        until = world.business.database.now(session) + timedelta(days=5)
    body = {"delegate": "tom.okafor", "until_at": until.isoformat(), "reason": "On leave.", **more}
    return world.api(account, "POST", "/delegations", body)


def handed_on(world: World) -> str:
    """A change whose decision was passed to a colleague while a tab of the first still shows it."""
    change = world.business.awaiting()
    handing = Handing(to=SECOND_PRICING, reason="Knows more.")
    hand_on(world.business.gateway, world.business.call(PRICING), change, handing)
    return change


@attack("B18", "api", "handed_on", owner_decides, what_was_handed_on_still_counts)
def stale_tab_after_handing_on_by_api(world: World) -> Outcome:
    return world.decide_api(PRICING, handed_on(world))


@attack("B18", "page", "handed_on", owner_decides, what_was_handed_on_still_counts)
def stale_tab_after_handing_on_by_page(world: World) -> Outcome:
    return world.decide_page(PRICING, handed_on(world))


@attack("F4", "cli", "handed_on", owner_decides, what_was_handed_on_still_counts)
def right_kept_through_its_transfer(world: World) -> Outcome:
    return world.cli(PRICING, "change", "decide", handed_on(world), "--approve", "--yes")


@attack("D3", "api", "not_yours", owner_decides, decisions_belong_to_everybody)
def decision_of_somebody_else_taken_back(world: World) -> Outcome:
    change = world.business.awaiting()
    said = world.business.decide(change, PRICING).decision
    return world.api(FINANCE, "POST", f"/approvals/{change}/recall", {"decision": said})


@attack("D3", "cli", "not_yours", owner_decides, decisions_belong_to_everybody)
def decision_of_somebody_else_taken_back_by_cli(world: World) -> Outcome:
    change = world.business.awaiting()
    return world.cli(FINANCE, "approval", "recall", change, world.business.decide(change, PRICING).decision)


@attack("D6", "api", "not_eligible", owner_decides, decisions_are_handed_to_anybody)
def outsider_hands_on_what_is_not_theirs(world: World) -> Outcome:
    body = {"to": SECOND_PRICING, "reason": "Knows more."}
    return world.api(OUTSIDER, "POST", f"/approvals/{world.business.awaiting()}/hand-on", body)


@attack("D6", "api", "cannot_take_it", owner_decides, decisions_are_handed_to_anybody)
def decision_handed_to_somebody_without_the_right(world: World) -> Outcome:
    body = {"to": OUTSIDER, "reason": "Knows more."}
    return world.api(PRICING, "POST", f"/approvals/{world.business.awaiting()}/hand-on", body)


@attack("D2", "bulk", "not_in_bulk", owner_decides, low_tiers_are_not_looked_at)
def high_tier_in_a_list(world: World) -> Outcome:
    low = world.business.awaiting(proposal(set_price("39.90"), title="A lower price"))
    high = world.business.awaiting(proposal(set_price("46.90"), title="A higher price"))
    first, second = world.decide_bulk(PRICING, low, high)
    assert first.code == ""
    return second


@attack("D13", "bulk", "excluded", owner_decides, nobody_is_excluded)
def one_of_many_is_forbidden(world: World) -> Outcome:
    lower = [
        world.business.awaiting(
            proposal(set_price(f"3{n}.90"), title=f"Lower price {n}"), by=PRICING if n == 3 else REQUESTER
        )
        for n in range(5)
    ]
    outcomes = world.decide_bulk(PRICING, *lower)
    assert [one.code for place, one in enumerate(outcomes) if place != 3] == [""] * 4
    return outcomes[3]


@attack("F5", "api", "unknown_account", owner_decides, tokens_outlive_their_people, audited=False)
def token_of_somebody_removed_withdraws_and_decides(world: World) -> Outcome:
    change = world.business.awaiting(by=PRICING)
    world.token(PRICING)
    set_active(world.business.gateway, world.business.call(ADMINISTRATOR), PRICING, False)
    for path, body in (("submit", None), ("withdraw", {"reason": "Mine."})):
        assert world.api(PRICING, "POST", f"/changes/{change}/{path}", body).code == "unknown_account"
    return world.decide_api(PRICING, change)


@attack("F7", "api", "bad_token", owner_decides, sessions_never_end, audited=False)
def token_after_signing_out(world: World) -> Outcome:
    change = world.business.awaiting()
    assert world.api(PRICING, "DELETE", "/sessions/current").code == ""
    return world.decide_api(PRICING, change)


@attack("F7", "page", "no_session", owner_decides, sessions_never_end, audited=False)
def cookie_after_signing_out(world: World) -> Outcome:
    return world.page_after_signing_out(PRICING)


@attack("J5", "api", "not_yours", owner_decides, interests_are_declared_by_anybody)
def judge_removed_by_the_requester(world: World) -> Outcome:
    change = world.business.awaiting()
    return world.api(REQUESTER, "POST", f"/approvals/{change}/interests", {"person": PRICING})


@attack("J5", "cli", "not_yours", owner_decides, interests_are_declared_by_anybody)
def judge_removed_by_the_requester_by_cli(world: World) -> Outcome:
    return world.cli(REQUESTER, "approval", "interest", world.business.awaiting(), PRICING)


@attack("J5", "api", "not_yours", owner_decides, anybody_may_do_it)
def change_of_others_is_withdrawn_to_stop_it(world: World) -> Outcome:
    change = world.business.awaiting()
    world.business.decide(change, PRICING, Choice.APPROVE)
    return world.api(OUTSIDER, "POST", f"/changes/{change}/withdraw", {"reason": "I do not like it."})
