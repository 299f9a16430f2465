"""How the state machine reaches the product: by its commands, or over HTTP as people and integrations do.

What only the lifecycle does (assessing, timers, releasing) is the same in both.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from analysis.proposals import Proposal
from api.app import create_app
from cli.client import Api, acting
from commands.approvals import recall_decision
from commands.calendar import Freeze, declare_freeze
from commands.changes import revise_change
from commands.delegations import DelegationProposal, delegate, revoke_delegation
from commands.discussion import Handing, Interest, declare_interest, hand_on
from commands.installation import link_account, set_active, set_membership
from domain.approval import Choice
from queries.changes import change_view
from store.settings import Settings
from tests.builders import ADMINISTRATOR, Business, fresh_key
from tests.serving import served


class Said(NamedTuple):
    """A recorded decision: its id, its stage, and for whom it was made."""

    decision: str
    stage: str
    represents: str | None


class Seen(NamedTuple):
    """How a change stands, as people are shown it."""

    state: str
    verdict: str
    counted: frozenset[str]
    candidates: frozenset[str]
    persons: dict[str, str]
    """Decision -> who made it."""


class Commands:
    """By the commands themselves."""

    def __init__(self, business: Business, folder: Path) -> None:
        self.business = business

    def close(self) -> None:
        """Nothing is open."""

    def ask(self, proposal: Proposal, by: str) -> str:
        """Create a change, hand it in, and let it be assessed; its id."""
        return self.business.awaiting(proposal, by=by)

    def revise(self, change: str, account: str, proposal: Proposal) -> object:
        return revise_change(self.business.gateway, self.business.call(account), change, proposal, None)

    def decide(self, change: str, account: str, choice: str) -> Said:
        receipt = self.business.decide(change, account, Choice(choice))
        return Said(receipt.decision, receipt.stage, receipt.represents)

    def recall(self, change: str, account: str, decision: str) -> object:
        return recall_decision(self.business.gateway, self.business.call(account), change, decision)

    def hand_on(self, change: str, account: str, to: str) -> object:
        handing = Handing(to=to, reason="Knows more.")
        return hand_on(self.business.gateway, self.business.call(account), change, handing)

    def declare(self, change: str, person: str) -> None:
        declare_interest(self.business.gateway, self.business.call(person), change, Interest(person=person))

    def hold(self, person: str, group: str, holds: bool) -> None:
        set_membership(self.business.gateway, self.business.call(ADMINISTRATOR), person, group, holds)

    def let_in(self, person: str, active: bool) -> None:
        set_active(self.business.gateway, self.business.call(ADMINISTRATOR), person, active)

    def link(self, account: str, person: str) -> None:
        link_account(self.business.gateway, self.business.call(ADMINISTRATOR), account, person)

    def lend(self, giver: str, to: str, until: datetime) -> str:
        """Lend every right; the id of the delegation."""
        asked = DelegationProposal(delegate=to, until_at=until, reason="On leave.")
        return delegate(self.business.gateway, self.business.call(giver), asked).delegation

    def revoke(self, account: str, delegation: str) -> object:
        return revoke_delegation(self.business.gateway, self.business.call(account), delegation)

    def freeze(self, account: str, start: datetime, end: datetime) -> None:
        window = Freeze(reason="Quarter close.", from_at=start, until_at=end)
        declare_freeze(self.business.gateway, self.business.call(account), window)

    def see(self, change: str) -> Seen:
        """The change as it stands now."""
        with self.business.database.reading() as session:
            view = change_view(session, change, self.business.database.now(session))
        return _seen(view.model_dump(mode="json"))


class Http(Commands):
    """Over HTTP, each account with a session of its own, by what it is shown."""

    def __init__(self, business: Business, folder: Path) -> None:
        super().__init__(business, folder)
        settings = Settings(
            mode="development",
            database_url=business.login.application,
            files_dir=business.files.folder,
            temporal_address="127.0.0.1:1",
        )
        self._stack = ExitStack()
        app = create_app(settings)
        self._stack.callback(app.state.parts.gateway.database.close)
        self._url = self._stack.enter_context(served(app))

    def close(self) -> None:
        self._stack.close()

    @contextmanager
    def _as(self, account: str) -> Iterator[Api]:
        with acting(self._url, account) as api:
            yield api

    def _put(self, account: str, path: str, body: Any = None) -> Any:
        with self._as(account) as api:
            return api._call("PUT", path, json=body, headers={"Idempotency-Key": fresh_key() + "-put"})

    def _post(self, account: str, path: str, body: Any = None) -> Any:
        with self._as(account) as api:
            return api.post(path, body)

    def ask(self, proposal: Proposal, by: str) -> str:
        change = str(self._post(by, "/api/changes", proposal.model_dump(mode="json"))["change"])
        self._post(by, f"/api/changes/{change}/submit")
        assert self.business.walk(change).state == "awaiting_approval"
        return change

    def revise(self, change: str, account: str, proposal: Proposal) -> object:
        return self._put(account, f"/api/changes/{change}", proposal.model_dump(mode="json"))

    def decide(self, change: str, account: str, choice: str) -> Said:
        with self._as(account) as api:
            shown = api.get(f"/api/changes/{change}")
            ballot = {"choice": choice, "revision": shown["summary"]["revision"], "seen": shown["seen"]}
            receipt = api.post(f"/api/changes/{change}/decisions", ballot)
        return Said(receipt["decision"], receipt["stage"], receipt["represents"])

    def recall(self, change: str, account: str, decision: str) -> object:
        return self._post(account, f"/api/approvals/{change}/recall", {"decision": decision})

    def hand_on(self, change: str, account: str, to: str) -> object:
        return self._post(account, f"/api/approvals/{change}/hand-on", {"to": to, "reason": "Knows more."})

    def declare(self, change: str, person: str) -> None:
        self._post(person, f"/api/approvals/{change}/interests", {"person": person})

    def hold(self, person: str, group: str, holds: bool) -> None:
        path = f"/api/groups/{group}/members/{person}"
        if holds:
            self._put(ADMINISTRATOR, path)
        else:
            with self._as(ADMINISTRATOR) as api:
                api.delete(path)

    def let_in(self, person: str, active: bool) -> None:
        self._put(ADMINISTRATOR, f"/api/persons/{person}/active", {"active": active})

    def link(self, account: str, person: str) -> None:
        self._put(ADMINISTRATOR, f"/api/accounts/{account}/person/{person}")

    def lend(self, giver: str, to: str, until: datetime) -> str:
        body = {"delegate": to, "until_at": until.isoformat(), "reason": "On leave."}
        return str(self._post(giver, "/api/delegations", body)["delegation"])

    def revoke(self, account: str, delegation: str) -> object:
        return self._post(account, f"/api/delegations/{delegation}/revoke")

    def freeze(self, account: str, start: datetime, end: datetime) -> None:
        window = {"from_at": start.isoformat(), "until_at": end.isoformat()}
        self._post(account, "/api/freezes", {"reason": "Quarter close.", **window})

    def see(self, change: str) -> Seen:
        with self._as("tom.okafor") as api:
            return _seen(api.get(f"/api/changes/{change}"))


def _seen(view: Any) -> Seen:
    standing = view["standing"]
    candidates = {
        person
        for stage in standing["stages"]
        for slot in stage["slots"]
        for person in slot["candidates"]
        if stage["open"]
    }
    persons = {decision["id"]: decision["person"] for decision in view["decisions"]}
    counted = frozenset(standing["counted"])
    return Seen(view["summary"]["state"], standing["verdict"], counted, frozenset(candidates), persons)
