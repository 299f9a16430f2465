"""Attacks that need more than this process: a Temporal client, a browser, PostgreSQL, an identity provider.

Their tests live with what they attack; each has a defect, seeded by `python -m tests.attacks.seeded`, that turns it red.
`python -m tests.attacks.elsewhere [ID]` names them for `make attacks`.
"""

import sys
from typing import NamedTuple


class Edit(NamedTuple):
    """A part of a seeded defect: this text of this file, which is there once, becomes another."""

    file: str
    before: str
    after: str


class Elsewhere(NamedTuple):
    """An attack whose test is at home in another folder: id of the catalogue, entrance, file of tests, function, and
    the defect with which it must fail."""

    id: str
    entrance: str
    file: str
    test: str
    defect: tuple[Edit, ...]

    @property
    def node(self) -> str:
        return f"tests/{self.file}::{self.test}"


TEXT_IS_NOT_ESCAPED = (Edit("web/rendering.py", "autoescape=True,", "autoescape=False,"),)
SCRIPTS_OF_THE_PAGE_RUN = (Edit("web/rendering.py", "script-src 'self';", "script-src 'self' 'unsafe-inline';"),)
NAMES_ARE_IDENTITIES = (
    Edit(
        "api/identity.py",
        '                raise Unauthenticated("unknown_account", "No account is bound to this identity.")',
        '                account = claims["sub"]',
    ),
)
NAMES_ARE_IDENTITIES_ON_PAGES = (
    Edit(
        "web/lookups.py",
        '        raise Unauthenticated("unknown_account", "No account is bound to this identity.")',
        "        account = subject",
    ),
)
SIGNATURES_ARE_NOT_CHECKED = (
    Edit(
        "api/identity.py",
        "decoded = jwt.decode(token, self._key_set(), algorithms=ALGORITHMS)",
        "decoded = __import__('joserfc.jwt').jwt.Token({}, __import__('json').loads("
        "__import__('base64').urlsafe_b64decode(token.split('.')[1] + '==')))",
    ),
)
WHAT_WAS_SEEN_IS_NOT_COMPARED = (
    Edit("commands/approvals.py", "if (ballot.revision, ballot.seen) != (row.revision, current):", "if False:"),
)
A_LIMIT_HOLDS_ONE_EARLY = (Edit("policies/tables/approval.yaml", '"> 25"}', '">= 25"}'),)
NO_RULE_IS_THE_MILDEST_RULE = (
    Edit(
        "policies/plan.py",
        '    except NoRuleMatched:\n        raise Invalid(\n            "no_stage_rule", f"The policy has no stages for tier '
        '{tiering.tier}.", tier=tiering.tier\n        ) from None',
        "    except NoRuleMatched:\n        row = policy.stages.rows[0]",
    ),
)
A_RULE_THAT_FAILS_HOLDS = (
    Edit(
        "policies/evaluate.py",
        "        answer = ask(question)\n    except RuntimeError as error:\n        raise",
        "        answer = ask(question)\n    except RuntimeError as error:\n        return True\n        raise",
    ),
)
ANY_STATE_IS_RELEASED = (
    Edit(
        "domain/change.py",
        "Step.RELEASE: {S.SCHEDULED: S.RELEASING, ",
        "Step.RELEASE: {**dict.fromkeys((S.DRAFT, *BEFORE_RELEASE), S.RELEASING), ",
    ),
)
ROWS_CAN_BE_CHANGED = (
    Edit(
        "store/protection.py",
        "BEFORE UPDATE ON {table} BEGIN {refuse}",
        "BEFORE UPDATE ON {table} WHEN 0 BEGIN {refuse}",
    ),
)
THE_APPLICATION_OWNS_THE_SCHEMA = (Edit("store/database.py", "        connection.set_authorizer(_authorize)\n", ""),)
TOKENS_OF_FORMS_ARE_NOT_COMPARED = (
    Edit(
        "web/visitor.py",
        'if not secrets.compare_digest(str(form.get("csrf", "")).encode(), looking.csrf.encode()):',
        "if False:",
    ),
)
CODES_ARE_KEPT = (
    Edit("web/openid.py", "FLOW_SECONDS = 600\n", "FLOW_SECONDS = 600\nKNOWN: dict[str, Any] = {}\n"),
    Edit(
        "web/openid.py",
        "claims = _claims(installation.settings, str(request.url), flow)",
        "claims = KNOWN.get(flow['state']) or KNOWN.setdefault(\n"
        "            flow['state'], _claims(installation.settings, str(request.url), flow)\n        )",
    ),
)
SIGNING_OUT_FORGETS_THE_COOKIE_ONLY = (
    Edit("web/sign_in.py", "    sign_out(installation.gateway, call, request.cookies[SESSION_COOKIE])\n", ""),
)
STRANGE_BELLS_ARE_NOT_TOLD = (
    Edit("activities/steps.py", "for bell in sorted(set(look.bells) - found)]", "for bell in ()]"),
)
STRANGE_SIGNALS_ARE_NOT_TOLD = (
    Edit("workflows/steps.py", "self.strangers.append(name)", "self.bells.append(name[:0])"),
)
STRANGE_UPDATES_ARE_NOT_TOLD = (Edit("workflows/steps.py", 'self.strangers.append(f"update {name}")', "pass"),)
ANY_BELL_OPENS_ANY_DOOR = (
    Edit("activities/steps.py", 'col(OutboxRow.subject) == bindparam("subject")', 'bindparam("subject") != ""'),
)
A_BELL_RINGS_ONCE = (
    Edit(
        "activities/steps.py",
        'col(OutboxRow.subject) == bindparam("subject")',
        'col(OutboxRow.subject) == bindparam("subject"), col(OutboxRow.done).is_(False)',
    ),
)
WHAT_WAS_TERMINATED_STAYS_SO = (
    Edit("activities/doorbell.py", "WorkflowIDReusePolicy.ALLOW_DUPLICATE,", "WorkflowIDReusePolicy.REJECT_DUPLICATE,"),
)
SIGNATURES_OUTLIVE_AN_EDIT = (
    Edit("domain/approval.py", "    if moved:\n        return f", "    if () == moved:\n        return f"),
)
WHAT_WAS_HANDED_ON_IS_KEPT = (Edit("store/approval.py", "        handed_on=handed_on,\n", "        handed_on={},\n"),)
LONG_HISTORIES_GO_ON = (
    Edit("workflows/steps.py", "if workflow.info().is_continue_as_new_suggested() and", "if False and"),
)
EVERY_LOOK_IS_AN_EFFECT = (
    Edit("activities/steps.py", 'if at.action == "advance":', 'if at.state == "awaiting_approval":'),
    Edit("activities/steps.py", 'self._call(at, "advance")', 'self._call(at, "")'),
)
A_HISTORY_CARRIES_A_NAME = (
    Edit(
        "tests/replay/histories/0.1/completed.json", '"events": [', '"title": "Planted title of a change", "events": ['
    ),
)
STEPS_CHANGE_THEIR_ORDER = (
    Edit(
        "workflows/change.py",
        "            at = await self.watch(at)\n            at = await self.roll_back(at)\n",
        "            at = await self.roll_back(at)\n            at = await self.watch(at)\n",
    ),
)
CHANCE_IS_ALLOWED = (Edit("pyproject.toml", '"random".msg', '"xrandom".msg'),)
DECISIONS_ARE_NOT_HELD_AGAINST_THE_CHAIN = (
    Edit("store/verification.py", 'if (row["root"], row["inputs"], row["comment_digest"]) != (', "if () == ("),
)
CHAINS_ARE_NOT_FOLLOWED = (
    Edit(
        "store/verification.py",
        "    yield from (_chained(fault) for fault in chain_faults(package.chain))\n",
        "    yield from (_chained(fault) for fault in chain_faults(()))\n",
    ),
)
CUT_TAILS_ARE_NOT_LOOKED_FOR = (
    Edit("store/checkpoints.py", "        if now is None:\n", "        if now is False:\n"),
)
WHAT_CANNOT_BE_READ_HOLDS = (
    Edit(
        "store/verification.py",
        "    manifest, files = open_package(data, keys)\n",
        "    from domain.errors import Invalid\n\n    try:\n        manifest, files = open_package(data, keys)\n"
        "    except Invalid:\n        nothing = Manifest(installation='', subject='', as_of='', sequence=0, head='', files=())\n"
        "        return Verified(manifest=nothing, checked=(), findings=())\n",
    ),
)

ELSEWHERE = (
    Elsewhere("A8", "browser", "web/test_hostile_text.py", "test_markup_in_texts_stays_text", TEXT_IS_NOT_ESCAPED),
    Elsewhere("A9", "command", "attacks/test_races.py", "test_an_edit_in_the_moment_of_the_last_signature_never_publishes_what_nobody_signed", SIGNATURES_OUTLIVE_AN_EDIT),
    Elsewhere("B7", "oidc", "api/test_identity.py", "test_an_unbound_identity_is_nobody_even_with_a_known_name", NAMES_ARE_IDENTITIES),
    Elsewhere("B7", "oidc", "web/test_organisation_sign_in.py", "test_an_account_name_proves_nothing", NAMES_ARE_IDENTITIES_ON_PAGES),
    Elsewhere("B10", "oidc", "api/test_identity.py", "test_a_token_signed_by_somebody_else_is_refused", SIGNATURES_ARE_NOT_CHECKED),
    Elsewhere("B18", "browser", "web/test_deciding.py", "test_two_tabs_the_second_is_told_and_loses_nothing", WHAT_WAS_SEEN_IS_NOT_COMPARED),
    Elsewhere("C10", "policy", "policies/test_policy.py", "test_the_shipped_tiers", A_LIMIT_HOLDS_ONE_EARLY),
    Elsewhere("C11", "policy", "policies/test_policy.py", "test_no_stages_for_a_tier_is_an_error", NO_RULE_IS_THE_MILDEST_RULE),
    Elsewhere("C13", "policy", "policies/test_policy.py", "test_a_fact_of_the_wrong_type_never_lets_a_row_apply", A_RULE_THAT_FAILS_HOLDS),
    Elsewhere("D5", "command", "commands/test_release.py", "test_a_valid_id_is_no_authority", ANY_STATE_IS_RELEASED),
    Elsewhere("D8", "database", "store/test_protection.py", "test_a_row_is_neither_changed_nor_removed_nor_replaced", ROWS_CAN_BE_CHANGED),
    Elsewhere("D8", "database", "store/test_protection.py", "test_the_application_cannot_change_the_schema_or_the_rules", THE_APPLICATION_OWNS_THE_SCHEMA),
    Elsewhere("E1", "page", "web/test_forms.py", "test_a_form_without_the_token_of_the_session_is_refused", TOKENS_OF_FORMS_ARE_NOT_COMPARED),
    Elsewhere("E3", "browser", "web/test_hostile_text.py", "test_even_injected_script_would_not_run", SCRIPTS_OF_THE_PAGE_RUN),
    Elsewhere("E6", "browser", "web/test_hostile_text.py", "test_what_was_typed_comes_back_as_text", TEXT_IS_NOT_ESCAPED),
    Elsewhere("F3", "oidc", "web/test_organisation_sign_in.py", "test_a_code_works_once", CODES_ARE_KEPT),
    Elsewhere("F4", "command", "attacks/test_races.py", "test_a_right_is_not_kept_by_deciding_in_the_moment_of_its_transfer", WHAT_WAS_HANDED_ON_IS_KEPT),
    Elsewhere("F7", "page", "web/test_forms.py", "test_signing_out_ends_the_session_on_the_server", SIGNING_OUT_FORGETS_THE_COOKIE_ONLY),
    Elsewhere("H1", "temporal", "live/test_doorbell.py", "test_a_forged_wake_up_decides_nothing_and_is_audited", STRANGE_BELLS_ARE_NOT_TOLD),
    Elsewhere("H1", "temporal", "live/test_doorbell.py", "test_an_unknown_signal_is_audited_by_its_name", STRANGE_SIGNALS_ARE_NOT_TOLD),
    Elsewhere("H1", "temporal", "live/test_doorbell.py", "test_a_wake_up_of_another_change_is_a_stranger_here", ANY_BELL_OPENS_ANY_DOOR),
    Elsewhere("H1", "temporal", "live/test_doorbell.py", "test_a_terminated_workflow_comes_back_with_the_next_decision", WHAT_WAS_TERMINATED_STAYS_SO),
    Elsewhere("H2", "temporal", "replay/test_replay.py", "test_a_history_holds_no_names_prices_or_comments", A_HISTORY_CARRIES_A_NAME),
    Elsewhere("H3", "temporal", "live/test_doorbell.py", "test_a_bell_that_rings_again_and_out_of_order_costs_nothing", A_BELL_RINGS_ONCE),
    Elsewhere("H4", "temporal", "live/test_flood.py", "test_a_flood_of_signals_stops_no_change_and_its_history_stays_short", LONG_HISTORIES_GO_ON),
    Elsewhere("H5", "temporal", "live/test_doorbell.py", "test_a_workflow_that_is_reset_does_nothing_again", EVERY_LOOK_IS_AN_EFFECT),
    Elsewhere("H6", "temporal", "live/test_doorbell.py", "test_an_update_is_refused_and_audited", STRANGE_UPDATES_ARE_NOT_TOLD),
    Elsewhere("H7", "temporal", "replay/test_replay.py", "test_the_workflow_code_is_the_code_that_was_recorded", STEPS_CHANGE_THEIR_ORDER),
    Elsewhere("H7", "lint", "architecture/test_structure.py", "test_clock_and_chance_are_forbidden_in_workflows", CHANCE_IS_ALLOWED),
    Elsewhere("J1", "package", "evidence/test_package.py", "test_what_the_owner_of_the_database_forged_is_found_in_the_package", DECISIONS_ARE_NOT_HELD_AGAINST_THE_CHAIN),
    Elsewhere("J1", "package", "evidence/test_independent_verifier.py", "test_both_say_the_same_of_whatever_the_owner_of_the_key_could_sign", CHAINS_ARE_NOT_FOLLOWED),
    Elsewhere("J2", "database", "store/test_checkpoints.py", "test_a_cut_tail_is_found_by_the_checkpoint_alone", CUT_TAILS_ARE_NOT_LOOKED_FOR),
    Elsewhere("J3", "package", "evidence/test_package.py", "test_any_flipped_byte_is_found", WHAT_CANNOT_BE_READ_HOLDS),
)  # fmt: skip


if __name__ == "__main__":
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    print(" ".join(sorted({found.node for found in ELSEWHERE if wanted in ("", found.id)})))
