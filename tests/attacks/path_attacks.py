"""Tables C, D, E, H and J: the rules themselves, a second path, the browser, the database, and the evidence."""

import re

from domain.canonical import canonical
from domain.errors import Invalid
from domain.evidence import ENVELOPE, archive, unpack
from queries.evidence import change_package
from store.signing import public_key, public_pem, signer
from store.verification import verify_package
from tests.attacks.approval_attacks import approved_is_released, owner_decides
from tests.attacks.defects import (
    any_token_is_believed,
    anybody_may_do_it,
    forged_packages_pass,
    forms_of_other_sites_pass,
    named_stages_are_not_looked_at,
    the_database_protects_nothing,
    transitions_are_not_checked,
    unknown_fields_pass,
)
from tests.attacks.registry import attack
from tests.attacks.world import Outcome, World
from tests.builders import FINANCE, PRICING, REQUESTER, fresh_key, proposal, set_price


@attack("C1", "api", "unknown_stage", owner_decides, named_stages_are_not_looked_at, audited=False)
def stage_of_another_plan(world: World) -> Outcome:
    return world.decide_api(PRICING, world.business.awaiting(), stage="board")


@attack("C3", "api", "stage_not_open", owner_decides, named_stages_are_not_looked_at, audited=False)
def later_stage_before_its_turn(world: World) -> Outcome:
    return world.decide_api(FINANCE, world.business.awaiting(), stage="finance")


@attack("C3", "api", "not_yours", owner_decides, anybody_may_do_it)
def outsider_revises_what_is_asked(world: World) -> Outcome:
    body = proposal().model_dump(mode="json")
    return world.api(FINANCE, "PUT", f"/changes/{world.business.awaiting()}", body)


@attack("D1", "api", "bad_token", owner_decides, any_token_is_believed, audited=False)
def nobody_decides(world: World) -> Outcome:
    change = world.business.awaiting()
    ballot = world.business.ballot(change).model_dump(mode="json")
    headers = {"Authorization": "Bearer made-up"}
    return world.api(PRICING, "POST", f"/changes/{change}/decisions", ballot, headers)


@attack("D8", "database", "immutable", owner_decides, the_database_protects_nothing, audited=False)
def decision_rewritten_by_the_application(world: World) -> Outcome:
    change = world.business.awaiting()
    world.business.decide(change, PRICING)
    return world.database("UPDATE decision SET choice = 'reject' WHERE subject = :change", change=change)


@attack("D8", "database", "immutable", owner_decides, the_database_protects_nothing, audited=False)
def published_version_rewritten_by_the_application(world: World) -> Outcome:
    return world.database("UPDATE artifact_version SET digest = 'x' WHERE number = 1")


@attack("D8", "database", "immutable", owner_decides, the_database_protects_nothing, audited=False)
def audit_record_deleted_by_the_application(world: World) -> Outcome:
    return world.database("DELETE FROM audit_record WHERE sequence = 1")


@attack("D8", "database", "immutable", owner_decides, the_database_protects_nothing, audited=False)
def activation_back_dated_by_the_application(world: World) -> Outcome:
    return world.database("UPDATE activation SET from_at = '2020-01-01 00:00:00'")


@attack("D9", "api", "bad_request_body", owner_decides, unknown_fields_pass, audited=False)
def created_with_its_approval(world: World) -> Outcome:
    return world.api(REQUESTER, "POST", "/changes", proposal().model_dump(mode="json") | {"state": "approved"})


@attack("D9", "api", "illegal_transition", approved_is_released, transitions_are_not_checked)
def submitted_twice(world: World) -> Outcome:
    return world.api(REQUESTER, "POST", f"/changes/{world.business.awaiting()}/submit")


@attack("E1", "page", "cross_site", owner_decides, forms_of_other_sites_pass, audited=False)
def form_of_another_site(world: World) -> Outcome:
    return form_from_elsewhere(world, {"sec-fetch-site": "cross-site", "origin": "https://evil.example"})


@attack("E1", "page", "cross_site", owner_decides, forms_of_other_sites_pass, audited=False)
def form_of_another_site_in_an_old_browser(world: World) -> Outcome:
    return form_from_elsewhere(world, {"origin": "https://evil.example"})


def form_from_elsewhere(world: World, headers: dict[str, str]) -> Outcome:
    """A decision form with a good session cookie and token, sent from a foreign page."""
    change = world.business.awaiting()
    world.client.post("/sign-in/development", data={"account": PRICING})
    csrf = re.findall(r'name="csrf" value="([^"]+)"', world.client.get("/changes").text)[0]
    ballot = world.business.ballot(change)
    form = {"csrf": csrf, "key": f"{fresh_key()}-form", "choice": "approve", "revision": "1", "seen": ballot.seen}
    answer = world.client.post(f"/changes/{change}/decisions", data=form, headers=headers, follow_redirects=False)
    world.client.cookies.clear()
    return Outcome("" if answer.status_code == 303 else "cross_site" if "another site" in answer.text else answer.text)


@attack("J2", "package", "broken", approved_is_released, forged_packages_pass, audited=False)
def evidence_of_two_changes_swapped(world: World) -> Outcome:
    """The decisions of one released change in the package of another, under its own signed manifest."""
    first, second = world.business.released(), world.business.awaiting(proposal(set_price("46.90")))
    world.business.decide(second, PRICING)
    key_file = world.business.files.folder.parent / "key.pem"
    with world.business.database.reading() as session:
        now = world.business.database.now(session)
        packages = [change_package(session, world.business.files, c, now, signer(key_file)) for c in (first, second)]
    files, others = map(unpack, packages)
    return verdict(archive({**files, "decisions.json": others["decisions.json"]}), public_pem(key_file))


@attack("J3", "package", "broken", approved_is_released, forged_packages_pass, audited=False)
def envelope_signed_by_nobody(world: World) -> Outcome:
    key_file = world.business.files.folder.parent / "key.pem"
    change = world.business.released()
    with world.business.database.reading() as session:
        now = world.business.database.now(session)
        files = unpack(change_package(session, world.business.files, change, now, signer(key_file)))
    envelope = canonical({"payload": "e30=", "payloadType": "application/json", "signatures": []})
    return verdict(archive({**files, ENVELOPE: envelope}), public_pem(key_file))


def verdict(data: bytes, key: bytes) -> Outcome:
    """What an auditor's verification says."""
    try:
        found = verify_package(data, [public_key(key)])
    except Invalid:
        return Outcome("broken")
    return Outcome("broken" if found.findings else "")
