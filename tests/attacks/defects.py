"""Seeded defects: each takes one guard out of the product, so that the attack against it goes through."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

import commands.approvals
import commands.assessments
import commands.changes
import commands.installation
import commands.policies
import commands.releases
import commands.rollbacks
import commands.step_up
import domain.approval
import store.changes
from domain.approval import ApprovalFacts, Standing, Verdict
from domain.errors import Invalid
from domain.party import Actor


def nobody_is_excluded(patch: pytest.MonkeyPatch) -> None:
    """Separation of duties is lost (B2)."""
    patch.setattr(store.changes, "_excluded", lambda *_: {})


def everybody_is_eligible(patch: pytest.MonkeyPatch) -> None:
    """A role match is lost: whoever asks may sign."""
    honest = domain.approval.slot_for

    def open_to_all(facts: ApprovalFacts, person: str, *rest: Any) -> Any:
        plan = facts.plan
        assert plan is not None
        held = frozenset(group for stage in plan.stages for slot in stage.slots for group in slot.groups)
        return honest(facts.model_copy(update={"groups": {**facts.groups, person: held}}), person, *rest)

    patch.setattr(commands.approvals, "slot_for", open_to_all)


def one_person_may_speak_twice(patch: pytest.MonkeyPatch) -> None:
    """A second voice of the same person counts."""
    patch.setattr(domain.approval, "_spoken", lambda *_: False)


def machines_may_decide(patch: pytest.MonkeyPatch) -> None:
    """Machines count as persons (B9, D3)."""
    patch.setattr(Actor, "as_person", lambda self: self.person or "ines.castellano")


def what_was_seen_does_not_matter(patch: pytest.MonkeyPatch) -> None:
    """A decision is bound to what is asked now, whatever was seen (A1, B14)."""
    from store.subjects import subject_kind

    honest = commands.approvals._decide

    def on_what_is_asked_now(tx: Any, subject: str, ballot: Any, most_tier: int) -> Any:
        kind = subject_kind(subject)
        row = tx.lock(kind.table, subject)
        facts = kind.facts(tx.session, row, tx.now, tx.actor.as_person())
        seen = domain.approval.root_digest(row.revision, facts.inputs)
        return honest(tx, subject, ballot.model_copy(update={"revision": row.revision, "seen": seen}), most_tier)

    patch.setattr(commands.approvals, "_decide", on_what_is_asked_now)


def moved_inputs_do_not_void(patch: pytest.MonkeyPatch) -> None:
    """Approval survives what moved after it (A1, A2)."""
    patch.setattr(domain.approval, "_void", lambda *_: None)


def the_gate_is_always_open(patch: pytest.MonkeyPatch) -> None:
    """The effect does not ask again (A11, B5, D5)."""

    def opened(facts: ApprovalFacts) -> Standing:
        standing = domain.approval.gate(facts)
        return standing.model_copy(update={"verdict": Verdict.GRANTED, "blocks": ()})

    patch.setattr(commands.releases, "gate", opened)
    patch.setattr(commands.releases, "judgement", _judged)


def _judged(facts: ApprovalFacts) -> Any:
    from domain.evidence import Judgement

    return Judgement(facts={}, standing={})


def anybody_may_do_it(patch: pytest.MonkeyPatch) -> None:
    """A change belongs to everybody (A13, C3)."""
    patch.setattr(commands.changes, "mine", lambda tx, change, version: tx.lock(store.changes.ChangeRow, change))
    patch.setattr(commands.rollbacks, "mine", lambda tx, change, version: tx.lock(store.changes.ChangeRow, change))


def anybody_is_the_system(patch: pytest.MonkeyPatch) -> None:
    """Steps of the lifecycle may be called by people (D5)."""
    for module in (commands.releases, commands.approvals, commands.policies):
        patch.setattr(module, "require_system", lambda tx: None)
    patch.setattr(commands.assessments, "require_system", lambda tx: None)


def anybody_administers(patch: pytest.MonkeyPatch) -> None:
    """Groups are changed by whoever likes to (B15, C2)."""
    patch.setattr(commands.installation, "_administrator", lambda tx: None)


def transitions_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    """The transition table is ignored (A12, D9)."""
    from domain.change import ChangeState, Step, advance

    def any_release(state: ChangeState, step: Step) -> ChangeState:
        return ChangeState.RELEASING if step is Step.RELEASE else advance(state, step)

    patch.setattr(commands.releases, "advance", any_release)
    patch.setattr(
        commands.changes, "advance", lambda state, step: state if step is Step.SUBMIT else advance(state, step)
    )


def dates_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    """What lies in the past may take effect (A12)."""
    import analysis.proposals

    patch.setattr(analysis.proposals, "not_in_past", lambda *_: None)


def hidden_characters_pass(patch: pytest.MonkeyPatch) -> None:
    """Text may hide characters from those who read it (A8)."""
    import domain.change

    patch.setattr(domain.change.unicodedata, "category", lambda char: "Lu")


def the_database_protects_nothing(patch: pytest.MonkeyPatch) -> None:
    """Immutable rows are not protected (D8); the attack is run as the owner then."""
    from tests.attacks.world import World

    honest = World.database

    def unprotected(self: World, statement: str, **values: Any) -> Any:
        from store.protection import expected_triggers
        from tests.databases import as_owner

        with as_owner(self.business.login) as owner:
            if owner.dialect.name == "sqlite":
                for name in expected_triggers(owner):
                    owner.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}")
            else:
                owner.exec_driver_sql("GRANT ALL ON ALL TABLES IN SCHEMA public TO mandate_app")
        return honest(self, statement, **values)

    patch.setattr(World, "database", unprotected)


def forms_of_other_sites_pass(patch: pytest.MonkeyPatch) -> None:
    """Where a form comes from is not looked at (E1)."""
    import web.visitor

    patch.setattr(web.visitor, "same_origin", lambda request: None)


def forged_packages_pass(patch: pytest.MonkeyPatch) -> None:
    """Whatever is in a package is believed (J2, J3)."""
    import tests.attacks.path_attacks
    from tests.attacks.world import Outcome

    patch.setattr(tests.attacks.path_attacks, "verdict", lambda data, key: Outcome(""))


def bases_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """What moved since the approval is published over (A2); two guards hold this one."""
    import domain.artifact

    the_gate_is_always_open(patch)
    patch.setattr(domain.artifact, "conflicts", lambda content, operations: ())


def named_stages_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """A decision counts wherever it can, whichever stage it names (C1, C3)."""
    honest = domain.approval._offered
    patch.setattr(domain.approval, "_offered", lambda facts, standing, stage: honest(facts, standing, None))


def states_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """People decide on what nobody asks any more (F2)."""
    from store.subjects import subject_kind

    def locked(tx: Any, subject: str) -> Any:
        kind = subject_kind(subject)
        return kind, tx.lock(kind.table, subject)

    patch.setattr(commands.approvals, "lock_waiting", locked)


def tokens_outlive_their_people(patch: pytest.MonkeyPatch) -> None:
    """Whether somebody may still act is not asked (B4); two guards hold this one."""
    import api.identity

    groups_are_those_of_the_request(patch)
    patch.setattr(api.identity, "actor_of", lambda session, account: Actor(account=account, person=account))


def groups_are_those_of_the_request(patch: pytest.MonkeyPatch) -> None:
    """What somebody held when the request came in still holds when its command has waited for the lock (B5)."""
    import commands.command

    patch.setattr(commands.command, "_acting", lambda session, actor: actor)


def any_token_is_believed(patch: pytest.MonkeyPatch) -> None:
    """A token is not verified (D1)."""
    from api.identity import Identity

    ines = Actor(account="ines.castellano", person="ines.castellano", groups=frozenset({"pricing"}))
    patch.setattr(Identity, "actor", lambda self, header: ines)


def revisions_are_not_compared(patch: pytest.MonkeyPatch) -> None:
    """A worker may act on a revision that is no longer the present one (A9)."""
    patch.setattr(commands.releases, "require_revision", lambda row, revision: None)


def identities_are_shared(patch: pytest.MonkeyPatch) -> None:
    """One identity opens several accounts (B7)."""
    patch.setattr(commands.installation, "_bind", lambda tx, account, issuer, subject: tx.record("bound", account))


def any_header_is_believed(patch: pytest.MonkeyPatch) -> None:
    """A header that a proxy might have set names the user (B10)."""
    from api.identity import Identity

    ines = Actor(account="ines.castellano", person="ines.castellano", groups=frozenset({"pricing"}))
    patch.setattr(Identity, "actor", lambda self, header: ines)


def delegations_need_no_right(patch: pytest.MonkeyPatch) -> None:
    """What somebody does not hold can be lent (B17)."""
    import commands.delegations

    patch.setattr(commands.delegations, "_held", lambda tx, limits: None)


def delegations_never_end(patch: pytest.MonkeyPatch) -> None:
    """A delegation holds as it did when it was given (B17, F1)."""
    import store.approval

    honest = store.approval.deputies
    patch.setattr(store.approval, "deputies", lambda *given: honest(*given[:-1], given[-1] - timedelta(days=1)))


def what_was_handed_on_still_counts(patch: pytest.MonkeyPatch) -> None:
    """Who has passed a decision on can still make it (B18, F4)."""
    import store.approval

    honest = store.approval._participants
    patch.setattr(store.approval, "_participants", lambda *given: (honest(*given)[0], {}))


def decisions_belong_to_everybody(patch: pytest.MonkeyPatch) -> None:
    """Anybody takes anybody's decision back (D3)."""
    patch.setattr(Actor, "as_person", lambda self: "ines.castellano")


def decisions_are_handed_to_anybody(patch: pytest.MonkeyPatch) -> None:
    """Whether a colleague could decide at all is not asked when a decision is handed on (D6)."""
    import commands.discussion

    honest = commands.discussion.slot_for

    def handing(facts: ApprovalFacts, person: str, *rest: Any) -> Any:
        return honest(facts, "ines.castellano", *rest)

    patch.setattr(commands.discussion, "slot_for", handing)


def low_tiers_are_not_looked_at(patch: pytest.MonkeyPatch) -> None:
    """Everything is decided in a list (D2)."""
    patch.setattr(commands.approvals, "BULK_TIER", commands.approvals.MAXIMUM_TIER)


def sessions_never_end(patch: pytest.MonkeyPatch) -> None:
    """Signing out forgets nothing on the server (F7)."""
    import api.routes.people
    import web.sign_in

    for module in (api.routes.people, web.sign_in):
        patch.setattr(module, "sign_out", lambda *_: None)


def interests_are_declared_by_anybody(patch: pytest.MonkeyPatch) -> None:
    """The requester chooses the judges by what is said about them (J5)."""
    import commands.discussion

    honest = commands.discussion.declare_interest.function

    def anybody(tx: Any, subject: str, interest: Any) -> None:
        tx.actor = tx.actor.model_copy(update={"groups": frozenset({"pricing"}), "person": "karl.vogt"})
        honest(tx, subject, interest)

    patch.setattr(commands.discussion.declare_interest, "function", anybody)


def imports_replace_what_is_there(patch: pytest.MonkeyPatch) -> None:
    """An import makes content live where there is content already (C2, C14)."""
    import commands.imports
    from commands.imports import Imported

    patch.setattr(commands.imports, "_already", lambda tx, contents: Imported(change="import", versions={}))


def persons_are_who_they_were(patch: pytest.MonkeyPatch) -> None:
    """Nobody keeps who an account turned out to belong to (B6)."""
    import commands.installation

    patch.setattr(commands.installation, "_same_person", lambda tx, was, person: None)


def people_import_whatever_has_no_version(patch: pytest.MonkeyPatch) -> None:
    """A person imports any kind of content, at any time, as long as these artifacts have none (C14)."""
    import commands.imports

    patch.setattr(commands.imports, "_may_begin", lambda tx, contents: None)


def policies_are_not_examined(patch: pytest.MonkeyPatch) -> None:
    """A policy is taken as it comes (C5, C15)."""
    import analysis.proposals

    patch.setattr(analysis.proposals, "refuse_unusable", lambda session, policy: None)


def policies_are_not_checked(patch: pytest.MonkeyPatch) -> None:
    """A stage that is none is skipped, a cell that cannot be read is kept, and nobody looks again (C8, C12, C13)."""
    import policies.content
    import policies.plan

    honest = policies.plan.rules_of

    def what_can_be_read(then: Any) -> Any:
        try:
            return honest(then)
        except Invalid:
            return ()

    policies_are_not_examined(patch)
    patch.setattr(policies.content, "check_policy", lambda policy: None)
    patch.setattr(policies.plan, "rules_of", what_can_be_read)


def unknown_fields_pass(patch: pytest.MonkeyPatch) -> None:
    """What a body carries beyond its fields is dropped without a word (A4, D9, C14)."""
    from fastapi._compat import v2

    honest = v2.ModelField.validate

    def without_unknown(self: Any, value: Any, *rest: Any, **more: Any) -> Any:
        found, faults = honest(self, value, *rest, **more)
        if faults and {fault["type"] for fault in faults} == {"extra_forbidden"}:
            unknown = {fault["loc"][-1] for fault in faults}
            return honest(self, {k: v for k, v in value.items() if k not in unknown}, *rest, **more)
        return found, faults

    patch.setattr(v2.ModelField, "validate", without_unknown)


def the_body_names_who_acts(patch: pytest.MonkeyPatch) -> None:
    """Who decides is whoever the body says (B1)."""
    unknown_fields_pass(patch)
    any_header_is_believed(patch)


def any_complete_stage_is_enough(patch: pytest.MonkeyPatch) -> None:
    """Several groups that must all agree are an "or" (C9)."""
    patch.setattr(domain.approval, "all", any, raising=False)


def cookies_open_the_api(patch: pytest.MonkeyPatch) -> None:
    """The API takes the cookie of a page for a token (E1)."""
    any_header_is_believed(patch)


def comments_are_recorded_as_they_are(patch: pytest.MonkeyPatch) -> None:
    """Comments stand in the audit chain as they were typed (J4)."""

    class Plain:
        @staticmethod
        def sha256(text: bytes) -> Any:
            return SimpleNamespace(hexdigest=lambda: text.decode())

    patch.setattr(commands.approvals, "hashlib", Plain)


def authors_of_policies_do_not_wait(patch: pytest.MonkeyPatch) -> None:
    """Whoever takes a rule out passes where it stood (C7)."""
    import analysis.assessment

    patch.setattr(analysis.assessment, "before_own", lambda *_: set())
