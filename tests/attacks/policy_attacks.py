"""Tables C, D, E and J: who writes the rules, what a rule can be, paths around the check, and what may not be written down."""

from collections.abc import Callable
from copy import deepcopy
from functools import partial
from itertools import combinations
from typing import Any

import structlog

from commands.assessments import record_simulation
from commands.imports import Import, import_content
from commands.installation import set_membership
from commands.policies import retire_policy
from domain.approval import ApprovalFacts, Choice, Decision, Plan, Slot, Stage, Verdict, gate
from domain.simulation import Simulation
from store.directory import holders as holders_of
from tests.attacks.approval_attacks import approved_is_released, blocked, owner_decides
from tests.attacks.defects import (
    any_complete_stage_is_enough,
    any_token_is_believed,
    anybody_is_the_system,
    authors_of_policies_do_not_wait,
    comments_are_recorded_as_they_are,
    cookies_open_the_api,
    forms_of_other_sites_pass,
    imports_replace_what_is_there,
    nobody_is_excluded,
    people_import_whatever_has_no_version,
    policies_are_not_checked,
    policies_are_not_examined,
    the_database_protects_nothing,
    the_gate_is_always_open,
    unknown_fields_pass,
)
from tests.attacks.path_attacks import form_from_elsewhere
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import ADMINISTRATOR, DIRECTOR, FINANCE, PRICING, REQUESTER, fresh_key, proposal, set_price
from tests.commands.test_policies import policy_change, released, without_finance
from tests.commands.test_standard import LIST, TEMPLATE

POLICY = "approval/standard"
PUBLIC = {"/healthz", "/readyz", "/metrics", "/openapi.json", "/api/sessions/development"}
"""What answers people who have not said who they are."""
CONTENT_TYPES = (
    *("application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", "application/json"),
    *("application/csp-report", ""),
)
NOTHING_FOUND = Simulation(versions={}, cases=0, dearer=0, cheaper=0, delta={}, largest=(), checks=(), cases_file="")
SECRETS = ("hunter2-planted", "sk-live-planted-0001", "AKIAPLANTED00000001", "planted@customer.example")


def policy_is_proposed(world: World) -> None:
    """The twin of every attack on a policy: one that can be carried out is proposed."""
    assert propose(world, lambda document: stage_of(document).update(title="Owner of the price")).code == ""


def propose(world: World, work: Callable[[dict[str, Any]], object]) -> Outcome:
    """Propose what the live policy becomes after its document was worked on, by the API."""
    headers = {"Authorization": f"Bearer {world.token(REQUESTER)}"}
    document = deepcopy(world.client.get("/api/policies/approval/standard", headers=headers).json()["document"])
    work(document)
    body = {"document": document, "title": "Another policy", "objective": "Ask other people."}
    return world.api(REQUESTER, "POST", "/policies/approval/standard/changes", body)


def stage_of(document: dict[str, Any]) -> dict[str, Any]:
    """The first stage of an ordinary price change."""
    rows = document["stages"]["rows"]
    found: dict[str, Any] = next(row for row in rows if row["id"] == "owner-and-finance")["then"]["stages"][0]
    return found


def refused_each(world: World, *works: Callable[[dict[str, Any]], object]) -> Outcome:
    """All of these are refused in the same way, or the first that is not."""
    outcomes = [propose(world, work) for work in works]
    return next((one for one in outcomes if one.code != outcomes[0].code), outcomes[0])


@attack("C2", "importer", "store_not_empty", approved_is_released, imports_replace_what_is_there)
def policy_replaced_by_an_import(world: World) -> Outcome:
    entry = dict(world.business.entry("policy", POLICY) or {}) | {"confirm_within_minutes": 60}
    given = Import(source="elsewhere", source_digest="sha256:0", contents={POLICY: {"policy": entry}})
    call = world.business.call(ADMINISTRATOR)
    return world.command(ADMINISTRATOR, lambda: import_content(world.business.gateway, call, given))


@attack("C14", "importer", "store_not_empty", approved_is_released, imports_replace_what_is_there)
def price_created_and_live_by_an_import(world: World) -> Outcome:
    given = Import(source="elsewhere", source_digest="sha256:0", contents={"pricing/standard": {}})
    call = world.business.call(ADMINISTRATOR)
    return world.command(ADMINISTRATOR, lambda: import_content(world.business.gateway, call, given))


@attack("C14", "api", "not_importable", approved_is_released, people_import_whatever_has_no_version)
def standard_change_of_ones_own_by_an_import(world: World) -> Outcome:
    """What is approved beforehand has no version after the set-up; the template would let any price of its author pass."""
    template = {f"standard_change/{TEMPLATE['id']}": {**TEMPLATE, "most_rise_percent": 100_000}}
    given = {"source": "elsewhere", "source_digest": "sha256:0", "contents": {LIST: template}}
    return world.api(ADMINISTRATOR, "POST", "/imports", given)


@attack("C14", "api", "bad_request_body", owner_decides, unknown_fields_pass, audited=False)
def created_submitted_and_activated_at_once(world: World) -> Outcome:
    body = proposal().model_dump(mode="json") | {"submit": True, "activate": True}
    return world.api(REQUESTER, "POST", "/changes", body)


@attack("C2", "api", "excluded", owner_decides, nobody_is_excluded)
def author_of_a_policy_approves_it(world: World) -> Outcome:
    change = world.business.awaiting(
        policy_change(world.business, lambda document: stage_of(document).update(title="Owner of the price")),
        by=FINANCE,
    )
    return world.decide_api(FINANCE, change)


@attack("C4", "command", "system_only", approved_is_released, anybody_is_the_system)
def policy_retired_by_a_person(world: World) -> Outcome:
    call = world.business.call(ADMINISTRATOR)
    return world.command(ADMINISTRATOR, lambda: retire_policy(world.business.gateway, call, POLICY))


@attack("C5", "command", "approval", approved_is_released, the_gate_is_always_open)
def group_of_the_approvers_is_emptied(world: World) -> Outcome:
    change = world.business.scheduled()
    with world.business.database.reading() as session:
        holders = holders_of(session, frozenset({"finance"})).groups
    for person in sorted(holders):
        set_membership(world.business.gateway, world.business.call(ADMINISTRATOR), person, "finance", False)
    return blocked(world, change)


@attack("C5", "api", "unknown_group", policy_is_proposed, policies_are_not_examined, audited=False)
def policy_asks_a_group_that_is_not_there(world: World) -> Outcome:
    return propose(world, lambda document: stage_of(document).update(groups=["nobody-at-all"]))


@attack("C7", "command", "illegal_transition", approved_is_released, authors_of_policies_do_not_wait)
def rule_taken_out_and_then_passed(world: World) -> Outcome:
    """Whoever had finance taken out of the policy asks everybody whom the new one asks, and would be live."""
    released(world.business, without_finance)
    change = world.business.awaiting(proposal(set_price("46.90"), title="Passing"))
    for person in (PRICING, DIRECTOR):
        world.decide_api(person, change)
    if world.business.walk(change, until="scheduled").state == "scheduled":
        world.business.confirm(change)
    return world.command("system:worker", lambda: world.business.release(change))


@attack("C8", "api", "bad_policy", policy_is_proposed, policies_are_not_checked, audited=False)
def thresholds_that_are_none(world: World) -> Outcome:
    thresholds = (0, -1, 10**9, None, "two")
    return refused_each(world, *(partial(_quorum, quorum=quorum) for quorum in thresholds))


def _quorum(document: dict[str, Any], quorum: object) -> None:
    stage_of(document).update(rule="quorum", quorum=quorum)


@attack("C12", "api", "bad_policy", policy_is_proposed, policies_are_not_checked, audited=False)
def stage_that_asks_nobody(world: World) -> Outcome:
    return refused_each(
        world,
        lambda document: stage_of(document).update(groups=[]),
        lambda document: document["stages"]["rows"][-1]["then"].update(stages=[]),
    )


@attack("C13", "api", "bad_rule", policy_is_proposed, policies_are_not_checked, audited=False)
def rule_that_cannot_be_read(world: World) -> Outcome:
    cells = ("((", "no_such_function(1)")
    return refused_each(world, *(partial(_cell, cell=cell) for cell in cells))


def _cell(document: dict[str, Any], cell: str) -> None:
    document["tier"]["rows"][0]["when"]["kind"] = cell


@attack("C15", "api", "policy_faults", policy_is_proposed, policies_are_not_examined, audited=False)
def policy_that_nobody_could_carry_out(world: World) -> Outcome:
    return propose(world, lambda document: stage_of(document).update(rule="quorum", quorum=12))


@attack("C9", "gate", "waiting", approved_is_released, any_complete_stage_is_enough, audited=False)
def some_of_the_groups_that_must_all_agree(world: World) -> Outcome:
    """Every subset of six groups that all have to agree: only the whole opens the gate."""
    groups = tuple(f"g{number}" for number in range(6))
    for size in range(len(groups)):
        for chosen in combinations(groups, size):
            if gate(_said(groups, chosen)).verdict is not Verdict.WAITING:
                return Outcome("")
    return Outcome("waiting" if gate(_said(groups, groups)).verdict is Verdict.GRANTED else "never_granted")


def _said(groups: tuple[str, ...], chosen: tuple[str, ...]) -> ApprovalFacts:
    stages = tuple(
        Stage(
            id=group, title=group, slots=(Slot(id=group, groups=(group,)),), inputs=(), after=(),
            remind_after=1, expire_after=2,
        )
        for group in groups
    )  # fmt: skip
    plan = Plan(tier=3, reasons=(), policy="", policy_version=1, confirm_within=1, impact_bound=0, stages=stages)
    at = World.EPOCH
    said = tuple(
        Decision(id=group, revision=1, person=group, stage=group, choice=Choice.APPROVE, inputs={}, at=at)
        for group in chosen
    )
    held = {group: frozenset({group}) for group in groups}
    return ApprovalFacts(revision=1, plan=plan, inputs={}, decisions=said, groups=held, opened_at=at)


@attack("D1", "api", "no_token", owner_decides, any_token_is_believed, audited=False)
def every_operation_without_a_token(world: World) -> Outcome:
    """Everything that the document of the API lists, apart from what has to answer strangers."""
    operations = world.client.get("/openapi.json").json()["paths"]
    for path, methods in sorted(operations.items()):
        for method in methods if path not in PUBLIC else ():
            answer = world.client.request(method, path.replace("{", "").replace("}", ""))
            code = answer.json().get("code") if answer.status_code == 401 else f"{method} {path} {answer.status_code}"
            if code != "no_token":
                return Outcome(str(code))
    return Outcome("no_token")


@attack("D4", "command", "system_only", approved_is_released, anybody_is_the_system)
def simulation_recorded_by_its_author(world: World) -> Outcome:
    change = world.business.submitted()
    call = world.business.call(REQUESTER)
    return world.command(
        REQUESTER,
        lambda: record_simulation(world.business.gateway, call, change, 1, NOTHING_FOUND),
    )


def rewritten(statement: str, world: World) -> Outcome:
    """A statement with the login of the application on an installation in which something was decided."""
    change = world.business.scheduled()
    world.business.release(change)
    return world.database(statement)


for table, statement in {
    "revision": "UPDATE change_revision SET digest = 'x'",
    "evidence": "UPDATE evidence SET body = 'x'",
    "evidence taken out": "DELETE FROM evidence",
    "decision taken out": "DELETE FROM decision",
    "audit rewritten": "UPDATE audit_record SET body = 'x'",
    "activation taken out": "DELETE FROM activation",
    "version taken out": "DELETE FROM artifact_version",
}.items():
    attempt = partial(rewritten, statement)
    attempt.__name__ = f"by_the_application_{table.replace(' ', '_')}"  # type: ignore[attr-defined]
    attack("D5", "database", "immutable", owner_decides, the_database_protects_nothing, audited=False)(attempt)


@attack("E1", "api", "no_token", owner_decides, cookies_open_the_api, audited=False)
def cookie_of_a_page_opens_the_api(world: World) -> Outcome:
    """The session cookie, as a browser sends it along from another site, in every type of content."""
    change = world.business.awaiting()
    world.client.post("/sign-in/development", data={"account": PRICING})
    ballot = world.business.ballot(change).model_dump_json().encode()
    codes = set()
    for content_type in CONTENT_TYPES:
        headers = {"Content-Type": content_type, "Origin": "https://evil.example", "Idempotency-Key": fresh_key()}
        answer = world.client.post(f"/api/changes/{change}/decisions", content=ballot, headers=headers)
        codes.add(str(answer.json().get("code", "")))
    world.client.cookies.clear()
    return Outcome(codes.pop() if len(codes) == 1 else str(codes))


@attack("E1", "page", "cross_site", owner_decides, forms_of_other_sites_pass, audited=False)
def form_of_a_sister_site(world: World) -> Outcome:
    return form_from_elsewhere(world, {"sec-fetch-site": "same-site"})


@attack("J4", "api", "kept_out", owner_decides, comments_are_recorded_as_they_are, audited=False)
def secrets_in_everything_that_is_sent(world: World) -> Outcome:
    """What people type, and what comes in headers, queries and broken bodies, stands in no audit record and in no log."""
    change, secret = world.business.awaiting(), " ".join(SECRETS)
    with structlog.testing.capture_logs() as said:
        world.decide_api(PRICING, change, comment=secret)
        world.api(FINANCE, "POST", f"/changes/{change}/decisions", {"password": secret})
        world.api(REQUESTER, "POST", f"/changes/{change}/withdraw", {"reason": secret}, {"X-Api-Key": secret})
        world.api(REQUESTER, "GET", f"/changes?token={SECRETS[0]}")
        world.api(REQUESTER, "POST", f"/approvals/{change}/remarks", {"kind": "comment", "text": secret})
    # What somebody said is read from its own table, where it can be erased; the record holds a digest.
    written = [record.model_dump_json(exclude={"said"}) for record in world.everything_recorded()]
    found = [one for one in SECRETS if any(one in text for text in (*written, str(said)))]
    return Outcome("" if found else "kept_out")
