"""Building what tests need in the words of the business: proposals, ballots, actors, and a change walked to a state."""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import SQLModel
from temporalio.testing import ActivityEnvironment

from activities.change import ChangeActivities
from activities.payloads import Look, Progress, StepInput
from activities.steps import STEPS
from analysis.assessment import Wide, find_impact
from analysis.impact import Sources
from analysis.proposals import Proposal, ProposedPart
from commands.approvals import Ballot, DecisionReceipt, decide
from commands.assessments import confirm_impact
from commands.board import Minutes, record_minutes
from commands.changes import create_change, submit_change
from commands.command import Call, Gateway
from commands.installation import travel
from commands.quotes import begin_seed, publish_seed, seed_chunk
from commands.releases import ReleaseReport, release_change
from commands.residual_risk import Statement, accept_residual_risk
from commands.rollbacks import roll_back_change
from connectors.target import Target
from domain.approval import GOVERNANCE_BOARD, Choice, root_digest
from domain.change import ChangeContent
from domain.party import SYSTEM, Actor
from queries.changes import TimelineEntry, timeline
from store import artifacts, changes, directory
from store.database import Database
from store.files import FileStore
from store.lifecycle import Lifecycle, lifecycle_of
from store.subjects import subject_kind
from store.tables.change import CaseRow
from tests.databases import Login

REQUESTER = "mara.lindqvist"
PRICING, SECOND_PRICING, FINANCE, SECOND_FINANCE = "ines.castellano", "jonas.weidmann", "helene.aubry", "daniel.koch"
TWO_ACCOUNTS = ("priya.raman", "priya.raman.night")
MACHINE = "delivery-pipeline"
ADMINISTRATOR = "sofia.marin"
DIRECTOR = "olivia.hartmann"

PRICES = "pricing/standard"
DAY = 86_400
KEYS = itertools.count(1)


def fresh_key() -> str:
    """An idempotency key that nobody has used."""
    return f"key-{next(KEYS)}"


def as_actor(gateway: Gateway, account: str) -> Actor:
    """The actor of an account, with the groups held now."""
    with gateway.database.reading() as session:
        return directory.actor_of(session, account)


def set_price(
    unit_price: str = "44.90",
    offering: str = "FIBRE-500",
    market: str = "DE",
    channel: str = "direct",
    currency: str = "EUR",
) -> dict[str, Any]:
    """An edit of a list price of the example business (FIBRE-500 is 41.90 EUR in DE, direct)."""
    return {
        "edit": "set_price",
        "offering": offering,
        "selling_model": "monthly",
        "market": market,
        "channel": channel,
        "currency": currency,
        "unit_price": unit_price,
    }


def proposal(*edits: dict[str, Any], kind: str = "pricing", artifact: str = PRICES, **fields: Any) -> Proposal:
    """A proposal with these edits of one artifact; without edits, a dearer FIBRE-500."""
    return Proposal(
        kind=kind,
        title=fields.pop("title", "Fibre 500 in Germany: 44.90"),
        objective=fields.pop("objective", "Follow the cost of wholesale access."),
        parts=[ProposedPart(artifact=artifact, edits=list(edits) or [set_price()])],
        **fields,
    )


def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to show that nothing at all was written."""
    with database.reading() as session:
        return {
            table.name: sorted((tuple(row) for row in session.execute(table.select())), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }


@dataclass(frozen=True)
class Business:
    """The example business on one database, with helpers that call the product's own commands and steps."""

    gateway: Gateway
    files: FileStore
    login: Login
    targets: Mapping[str, Target] = field(default_factory=dict)
    wide: Wide | None = None

    @property
    def database(self) -> Database:
        return self.gateway.database

    def call(self, account: str, key: str | None = None) -> Call:
        """A call of an account; a fresh key unless one is given."""
        return Call(as_actor(self.gateway, account), key or fresh_key())

    def system(self) -> Call:
        """A call of the lifecycle."""
        return Call(SYSTEM, fresh_key())

    def seed(self, seed: int, count: int) -> None:
        """Open quotes of a seed, at most a chunk of them."""
        begin_seed(self.gateway, self.system(), seed, count, True)
        seed_chunk(self.gateway, self.system(), seed, 0, True)
        publish_seed(self.gateway, self.system(), seed, True)

    def draft(self, proposed: Proposal | None = None, by: str = REQUESTER) -> str:
        """A draft's id."""
        return create_change(self.gateway, self.call(by), proposed or proposal()).change

    def submitted(self, proposed: Proposal | None = None, by: str = REQUESTER) -> str:
        """The id of a submitted change."""
        change = self.draft(proposed, by)
        self.submit(change, by)
        return change

    def submit(self, change: str, by: str = REQUESTER) -> None:
        """Hand a draft in."""
        submit_change(self.gateway, self.call(by), change, None)

    def awaiting(self, proposed: Proposal | None = None, by: str = REQUESTER) -> str:
        """The id of a change that waits for its approvers."""
        change = self.submitted(proposed, by)
        assert self.walk(change).state == "awaiting_approval"
        return change

    def approved(self, proposed: Proposal | None = None) -> str:
        """The id of a price change that both stages have approved and nothing has scheduled yet."""
        change = self.awaiting(proposed)
        self.decide(change, PRICING)
        assert self.decide(change, FINANCE).change.state == "approved"
        return change

    def scheduled(self, proposed: Proposal | None = None) -> str:
        """The id of an approved change whose markets have their instants; the impact is confirmed."""
        change = self.approved(proposed)
        assert self.walk(change, until="scheduled").state == "scheduled"
        self.confirm(change)
        return change

    def released(self, proposed: Proposal | None = None) -> str:
        """The id of a change that is live and watched."""
        change = self.approved(proposed)
        assert self.walk(change).state == "monitoring"
        return change

    def released_of(self, change: str) -> None:
        """Let both stages approve a change that waits, and release it."""
        self.decide(change, PRICING)
        self.decide(change, FINANCE)
        assert self.walk(change).state == "monitoring"

    def rolled_back(self, change: str) -> None:
        """Take a released change back."""
        roll_back_change(self.gateway, self.call(REQUESTER), change, "it was wrong", None)
        assert self.walk(change).state == "rolled_back"

    def steps(self) -> ChangeActivities:
        """The steps of the lifecycle."""
        return ChangeActivities(self.gateway, self.files, self.targets, self.wide)

    def walk(self, change: str, until: str = "") -> Progress:
        """Let the lifecycle go on until it waits or reaches a state."""
        progress = self.steps().look_at_change(Look(change=change))
        while progress.action != "wait" and progress.state != until:
            step = getattr(self.steps(), STEPS[progress.action])
            at = progress
            given = StepInput(change=change, revision=at.revision, state=at.state, version=at.version)
            progress = ActivityEnvironment().run(step, given)
        return progress

    def ballot(self, change: str, choice: Choice = Choice.APPROVE, comment: str = "") -> Ballot:
        """A ballot on what is asked now, of a change or of another subject."""
        with self.database.reading() as session:
            kind = subject_kind(change)
            row = session.get_one(kind.table, change)
            seen = root_digest(row.revision, kind.facts(session, row, self.database.now(session), None).inputs)
            return Ballot(choice=choice, revision=row.revision, seen=seen, comment=comment)

    def decide(self, change: str, account: str, choice: Choice = Choice.APPROVE) -> DecisionReceipt:
        """A person reads what is asked now and decides."""
        return decide(self.gateway, self.call(account), change, self.ballot(change, choice))

    def conclude(self, change: str) -> None:
        """What a governance board leaves behind after its votes: the accepted risk, and minutes that cover them."""
        self.accept_risk(change)
        self.keep_minutes(change)

    def accept_risk(self, change: str) -> None:
        """Somebody of the owner group accepts what remains."""
        at = self.at(change)
        with self.database.reading() as session:
            (owner, *_) = directory.holders(session, frozenset({at.owner})).groups
        stated = Statement(statement="Some customers may leave; that is accepted.", revision=at.revision)
        accept_residual_risk(self.gateway, self.call(owner), change, stated)

    def keep_minutes(self, change: str) -> None:
        """Minutes of all members of the board."""
        with self.database.reading() as session:
            members = tuple(directory.holders(session, frozenset({GOVERNANCE_BOARD})).groups)
        held = Minutes(text="Discussed and agreed.", present=members)
        record_minutes(self.gateway, self.call(members[0]), change, held)

    def confirm(self, change: str, moved: tuple[str, ...] = ()) -> Lifecycle:
        """Find the impact again and keep it, as the lifecycle does before a release."""
        at = self.at(change)
        with self.database.reading() as session:
            sources = Sources(session, self.files, self.database.now(session))
            impact = find_impact(sources, self.content(change)).impact
        return confirm_impact(self.gateway, self.system(), change, at.revision, impact, moved)

    def release(self, change: str, targets: Sequence[str] = ()) -> ReleaseReport:
        """The release command itself."""
        return release_change(self.gateway, self.system(), change, self.at(change).revision, tuple(targets))

    def travel(self, seconds: int) -> None:
        """Move business time ahead."""
        travel(self.gateway, self.system(), seconds, True)

    def at(self, change: str) -> Lifecycle:
        """Where a change stands."""
        with self.database.reading() as session:
            return lifecycle_of(session, change, self.database.now(session))

    def content(self, change: str) -> ChangeContent:
        """The content of a change's current revision."""
        with self.database.reading() as session:
            row = changes.change(session, change)
            return changes.content(session, change, row.revision)

    def timeline(self, subject: str) -> tuple[TimelineEntry, ...]:
        """The audit chain of a subject."""
        with self.database.reading() as session:
            return timeline(session, subject)

    def cases(self, change: str) -> list[CaseRow]:
        """The open cases of a change."""
        with self.database.reading() as session:
            found = changes.open_cases(session, change)
            session.expunge_all()
            return found

    def latest(self, artifact: str = PRICES) -> int:
        """The number of an artifact's latest version."""
        with self.database.reading() as session:
            return artifacts.latest(session, artifact)

    def entry(self, key: str, artifact: str = PRICES) -> Mapping[str, Any] | None:
        """An entry of the latest version of an artifact."""
        with self.database.reading() as session:
            return artifacts.content(session, artifact, artifacts.latest(session, artifact)).get(key)

    def price(
        self, offering: str = "FIBRE-500", market: str = "DE", channel: str = "direct", currency: str = "EUR"
    ) -> int:
        """A monthly list price in the latest price book, in millionths."""
        found = self.entry(f"price/{offering}/monthly/{market}/{channel}/{currency}")
        assert found is not None
        return int(found["unit_price_micros"])
