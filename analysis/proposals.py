"""From a proposal in business words to the exact content of a revision; shared by the commands and by the dry run."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, Field, StrictInt, ValidationError
from sqlmodel import Session

from analysis.policies import refuse_unusable
from domain.artifact import EVERYWHERE, Part
from domain.canonical import canonical
from domain.change import ChangeContent, Effective, Monitoring, Planned, Rollback, Scope, visible_or_empty
from domain.errors import Invalid
from domain.given import Truth
from domain.kinds import authors_of, kind_of, kind_of_artifact
from domain.kinds.kind import first_error
from domain.model import Model
from domain.ownership import groups_of as ownership_groups
from policies.content import policy_of
from store import artifacts, changes
from store.certification import unfit_to_answer
from store.directory import unknown_accounts, unknown_groups

MAX_EDITS = 5_000
LEAST_REASON = 10
"""Characters of a reason that says anything."""


class ProposedPart(Model):
    """What the requester wants done to one artifact, as business edits of its kind."""

    artifact: Annotated[str, Field(min_length=3, max_length=120)]
    edits: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=MAX_EDITS)]


class Proposal(Model):
    """A change request as it is proposed (R-4.1). Markets and channels default to those of its edits."""

    kind: str
    title: str
    objective: str
    parts: Annotated[list[ProposedPart], Field(min_length=1, max_length=20)]
    markets: list[str] | None = None
    channels: list[str] | None = None
    customers: list[str] = []
    effective: Planned = Effective()
    rollback: Rollback = Rollback()
    monitoring: Monitoring = Monitoring()
    least_tier: Annotated[StrictInt, Field(ge=0, le=4)] = 0
    emergency: Truth = False
    emergency_reason: Annotated[str, Field(max_length=4000), AfterValidator(visible_or_empty)] = ""
    standard: Annotated[str, Field(max_length=60)] = ""


def build_content(session: Session, now: datetime, proposal: Proposal) -> ChangeContent:
    """A proposal as the content of a revision: edits compiled against the live versions, scope and time checked.

    Raises Invalid, NotFound("unknown_artifact", "unknown_market").
    """
    if proposal.emergency and len(proposal.emergency_reason.strip()) < LEAST_REASON:
        raise Invalid("reason_required", "An emergency says in a sentence why it cannot wait.")
    parts = tuple(_part(session, part, proposal.kind) for part in proposal.parts)
    if len({part.artifact for part in parts}) != len(parts):
        raise Invalid("artifact_twice", "Name each artifact once and put all its edits together.")
    scope = _scope(parts, proposal)
    not_in_past(session, now, proposal.effective, scope.markets)
    fields = proposal.model_dump(include={"kind", "title", "objective"})
    try:
        content = ChangeContent(
            **fields,
            parts=parts,
            scope=scope,
            effective=proposal.effective,
            rollback=proposal.rollback,
            monitoring=proposal.monitoring,
            **proposal.model_dump(include={"least_tier", "emergency", "emergency_reason", "standard"}),
        )
    except ValidationError as error:
        raise Invalid("bad_change", first_error(error)) from None
    canonical(content.document())
    _references(session, content)
    return content


def _part(session: Session, part: ProposedPart, kind_name: str) -> Part:
    kind = kind_of_artifact(part.artifact)
    if kind.name != kind_of(kind_name).name:
        raise Invalid("wrong_kind", f"{part.artifact} is governed by kind {kind.name}, not {kind_name}.")
    base = artifacts.latest(session, part.artifact)
    content = artifacts.content(session, part.artifact, base)
    operations = [kind.compile(edit, content) for edit in kind.parse_edits(part.edits)]
    entries = [op.entry for op in operations]
    if twice := sorted({entry for entry in entries if entries.count(entry) > 1}):
        raise Invalid("entry_twice", f"Two edits of the same entry: {', '.join(twice)}.", entries=twice)
    if same := [op.entry for op in operations if op.before == op.after]:
        raise Invalid("nothing_changes", f"These edits change nothing: {', '.join(same)}.", entries=same)
    return Part(artifact=part.artifact, base=base, operations=tuple(operations))


def _scope(parts: Sequence[Part], proposal: Proposal) -> Scope:
    """The markets and channels for which the change holds; they must be those of its operations: nothing leaks."""
    places = [kind_of_artifact(part.artifact).place(op) for part in parts for op in part.operations]
    markets = tuple(sorted({market for market, _ in places}))
    channels = tuple(sorted({channel for _, channel in places}))
    if EVERYWHERE in markets:
        markets = (EVERYWHERE,)
    if EVERYWHERE in channels:
        channels = (EVERYWHERE,)
    for name, wanted, found in (("markets", proposal.markets, markets), ("channels", proposal.channels, channels)):
        if wanted is not None and tuple(sorted(set(wanted))) != found:
            raise Invalid(
                "scope_mismatch",
                f"The edits hold for {name} {', '.join(found)}, not for {', '.join(wanted)}.",
                **{name: list(found)},
            )
    return Scope(markets=markets, channels=channels, customers=tuple(sorted(set(proposal.customers))))


def not_in_past(session: Session, now: datetime, effective: Effective, markets: tuple[str, ...]) -> None:
    """Raises Invalid("effective_in_past") naming each market whose instant has gone by (R-11.7)."""
    instants = effective.instants(changes.zones(session, markets))
    past = {market: at.isoformat() for market, at in instants.items() if at is not None and at <= now}
    if past:
        raise Invalid("effective_in_past", f"The effective date has passed in {', '.join(past)}.", instants=past)


def _references(session: Session, content: ChangeContent) -> None:
    """Refuse content that would be invalid where it touches (R-9.3).

    That is: unknown offerings, negative prices, broken bundles.
    """
    if unknown := unknown_accounts(session, authors_of(content.parts)):
        named = ", ".join(sorted(unknown))
        raise Invalid("unknown_author", f"No such accounts: {named}.", accounts=sorted(unknown))
    latest = artifacts.latest_of(session)
    after = artifacts.proposed(session, content.parts, latest)
    before = artifacts.by_kind((now.kind, now.content) for now in latest.values())
    for part in content.parts:
        kind = kind_of_artifact(part.artifact)
        if kind.name == "approval":
            refuse_unusable(session, policy_of(after["approval"]))
        if kind.name == "security":
            known_groups(session, ownership_groups(after["security"]))
        if unfit := unfit_to_answer(session, kind.name, _answering(part)):
            named = ", ".join(unfit)
            raise Invalid("not_an_owner", f"No active members of the group that owns {part.artifact}: {named}.")
        found = kind.validate(after)
        known = set(kind.validate(before)) if found else set()
        if problems := [problem for problem in found if problem not in known]:
            raise Invalid(
                "invalid_content",
                problems[0].message,
                problems=[problem.model_dump(mode="json") for problem in problems[:50]],
            )


def _answering(part: Part) -> set[str]:
    """Whom the rules that a part adds or changes name as answering for them (R-2.5)."""
    return {op.after["answered_by"] for op in part.operations if op.after and op.after.get("answered_by")}


def known_groups(session: Session, groups: set[str]) -> None:
    """Raises Invalid("unknown_group") naming those that nobody can hold."""
    if unknown := unknown_groups(session, groups):
        raise Invalid("unknown_group", f"No such groups: {', '.join(sorted(unknown))}.", groups=sorted(unknown))
