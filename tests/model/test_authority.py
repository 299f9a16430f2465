"""The product against the reference model: whatever happens in whatever order, no effect happens without its mandate.

Every rule is done to both. What the model allows must succeed, what it forbids must be refused, and after each step both
say the same about every change. `make prove` runs it for longer: `PROVE_EXAMPLES`, `PROVE_STEPS`.
"""

import os
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from commands.approvals import advance_timers
from commands.command import Gateway
from domain.approval import Verdict
from domain.errors import MandateError
from store.database import Database
from store.example_business import load_example
from store.files import FileStore
from tests import databases as template
from tests.builders import (
    ADMINISTRATOR,
    DIRECTOR,
    FINANCE,
    PRICING,
    REQUESTER,
    SECOND_FINANCE,
    SECOND_PRICING,
    Business,
    proposal,
    set_price,
)
from tests.databases import Databases
from tests.model import reference as model
from tests.model.hands import Commands, Http, Seen
from tests.model.policy import ACCOUNTS, AUTHORITY, BOARD_TEMPLATE, PEOPLE, SHELF, prepare

EXAMPLES, STEPS = int(os.environ.get("PROVE_EXAMPLES", "6")), int(os.environ.get("PROVE_STEPS", "25"))
OVER_HTTP = max(2, EXAMPLES // 4)
"""Each step is several requests, so fewer histories take as long."""
HOUR, HOP = 3600, 13
"""A hop is no divisor of any period of the plan, so that the seconds that a test takes never matter."""
NUMBERS = st.integers(0, 1)
template.PREPARE[BOARD_TEMPLATE] = prepare


class Authority(RuleBasedStateMachine):
    """People, rights, time and changes, done to the product and to the model at once."""

    databases: ClassVar[Databases]
    hands_of: ClassVar[type[Commands]] = Commands
    seen: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        login = self.databases.copy_of(BOARD_TEMPLATE)
        self.business = Business(
            Gateway(Database(login.application, development=True)), FileStore(Path(self.folder.name)), login
        )
        self.hands = self.hands_of(self.business, Path(self.folder.name))
        holds = {
            PRICING: {"pricing"}, SECOND_PRICING: {"pricing"}, "priya.raman": {"pricing"}, FINANCE: {"finance"},
            SECOND_FINANCE: {"finance"}, DIRECTOR: {"commercial-directors"}, ADMINISTRATOR: {"revenue-operations"}, REQUESTER: set(),
        }  # fmt: skip
        self.elsewhere = {one.id for one in load_example().persons if set(one.groups) - holds.get(one.id, set())}
        accounts = {person: person for person in PEOPLE} | {"priya.raman.night": "priya.raman"}
        self.company = model.Company(accounts, holds, runs=frozenset({ADMINISTRATOR}))
        self.known: dict[str, model.Change] = {}
        self.decisions: dict[tuple[str, int], str] = {}
        self.delegations: list[tuple[str, model.Lent]] = []
        self._ask(REQUESTER)
        self._ask("priya.raman.night")

    def teardown(self) -> None:
        if hasattr(self, "hands"):
            self.hands.close()
            self.business.database.close()
            self.folder.cleanup()

    def judged(self, change: str) -> model.Reference:
        return model.Reference(self.company, self.known[change])

    def allowed(self, work: Callable[[], Any], expected: bool, *about: object) -> Any:
        """Do something: it must succeed exactly if the model says so."""
        try:
            result = work()
        except MandateError as refusal:
            assert not expected, (about, refusal.code, refusal.detail)
            return None
        assert expected, about
        self.seen[f"{about[0]} done"] += 1
        return result

    def active(self, account: str) -> bool:
        return self.company.accounts[account] not in self.company.shut_out

    # What people do to changes

    def _ask(self, requester: str) -> None:
        person, number = self.company.accounts[requester], len(self.known)
        change = self.hands.ask(self._proposal(number, 44, "first"), requester)
        content = {"operations": 44, "purpose": "first", "live": self.business.latest()}
        self.known[change] = model.Change(person, content, self.company.now, barred={person})

    def _proposal(self, shelf: int, price: int, title: str) -> Any:
        return proposal(set_price(f"{price}.00", **SHELF[shelf]), title=f"A new price, {title}")

    @rule(
        number=NUMBERS,
        account=st.sampled_from(ACCOUNTS),
        price=st.sampled_from((44, 44, 45)),
        title=st.sampled_from(("first", "second")),
    )
    def edit(self, number: int, account: str, price: int, title: str) -> None:
        change = sorted(self.known)[number]
        if not self.active(account):
            return
        known, person = self.known[change], self.company.accounts[account]
        open_now = known.state in (model.AWAITING, model.APPROVED, model.SCHEDULED)
        mine = person == known.requester or "pricing" in self.company.groups_of(person)
        shelf = list(self.known).index(change)

        def work() -> object:
            return self.hands.revise(change, account, self._proposal(shelf, price, title))

        if self.allowed(work, open_now and mine, "edit", change, account) is None:
            return
        known.revision, known.opened, known.state = known.revision + 1, self.company.now, model.AWAITING
        known.barred.add(person)
        known.content = {"operations": price, "purpose": title, "live": self.business.latest()}
        self.judged(change).settle()
        self.business.walk(change, until="approved")

    @rule(
        number=NUMBERS,
        account=st.sampled_from(ACCOUNTS),
        choice=st.sampled_from((model.APPROVE,) * 5 + (model.REJECT,)),
    )
    def vote(self, number: int, account: str, choice: str) -> None:
        change = sorted(self.known)[number]
        if not self.active(account):
            return
        self._vote(change, account, choice)

    @rule(number=NUMBERS, order=st.permutations(PEOPLE), released=st.booleans())
    def everybody_approves(self, number: int, order: list[str], released: bool) -> None:
        """So that approvals are reached as often as they are missed, and effects too."""
        change = sorted(self.known)[number]
        for account in order:
            if self.active(account):
                self._vote(change, account, model.APPROVE)
        if released:
            self._release(change)

    def _vote(self, change: str, account: str, choice: str) -> None:
        known, seat = self.known[change], self.judged(change).seat(account, choice)
        receipt = self.allowed(
            lambda: self.hands.decide(change, account, choice),
            seat is not None,
            "vote",
            change,
            account,
            choice,
        )
        if receipt is None or seat is None:
            return
        assert (receipt.stage, receipt.represents) == seat
        number = len(known.votes)
        known.votes.append(
            model.Vote(number, account, seat[1], seat[0], choice, known.revision, dict(known.content), self.company.now)
        )
        self.decisions[change, number] = receipt.decision
        self.judged(change).settle()

    @precondition(lambda self: any(known.votes for known in self.known.values()))
    @rule(data=st.data(), own=st.booleans(), other=st.sampled_from(ACCOUNTS))
    def take_back(self, data: st.DataObject, own: bool, other: str) -> None:
        change = data.draw(st.sampled_from(sorted(name for name, known in self.known.items() if known.votes)))
        known = self.known[change]
        vote = data.draw(st.sampled_from(known.votes))
        account = vote.account if own else other
        if not self.active(account):
            return
        person = self.company.accounts[account]
        early = known.state in (model.AWAITING, model.APPROVED, model.SCHEDULED)
        # Who said it is who acted then, whoever the account belongs to now.
        mine = person in (self._said(change, vote), vote.represents)

        def work() -> object:
            return self.hands.recall(change, account, self.decisions[change, vote.number])

        if self.allowed(work, early and mine and not vote.recalled, "take back", change, account) is not None:
            vote.recalled = True
            if known.state != model.AWAITING:
                known.state, known.opened = model.AWAITING, self.company.now

    def _said(self, change: str, vote: model.Vote) -> str:
        return self.hands.see(change).persons[self.decisions[change, vote.number]]

    @rule(number=NUMBERS, account=st.sampled_from(PEOPLE), to=st.sampled_from(PEOPLE))
    def pass_on(self, number: int, account: str, to: str) -> None:
        change = sorted(self.known)[number]
        if not self.active(account):
            return
        known, judge = self.known[change], self.judged(change)
        seat = judge.seat(account, model.APPROVE)
        person = self.company.accounts[account]
        mine = None if seat is None else (known.revision, seat[0], person)
        theirs = None if seat is None else (known.revision, seat[0], to)
        before = theirs in known.passed_on
        known.passed_on.discard(theirs)  # type: ignore[arg-type]
        fits = seat is not None and person != to and self._could(judge, to, seat[0])

        def work() -> object:
            return self.hands.hand_on(change, account, to)

        if self.allowed(work, fits, "pass on", change, account, to) is None:
            if before and theirs is not None:
                known.passed_on.add(theirs)
        elif mine is not None:
            known.passed_on.add(mine)

    def _could(self, judge: model.Reference, person: str, stage: str) -> bool:
        """Whether somebody could sign in this very stage."""
        seats = judge._seats(person, person, model.APPROVE)
        free = person not in self.company.shut_out | judge.change.barred | judge._spoken()
        return free and any(found == stage for found, _ in seats)

    @rule(number=NUMBERS, person=st.sampled_from(PEOPLE))
    def declare(self, number: int, person: str) -> None:
        change = sorted(self.known)[number]
        if not self.active(person) or self.known[change].state in (model.REJECTED, model.EXPIRED):
            return
        self.hands.declare(change, person)
        self.known[change].barred.add(person)

    # What happens to people and rights

    @rule(
        what=st.sampled_from(("hold", "let in", "link", "revoke")),
        data=st.data(),
        person=st.sampled_from(PEOPLE),
        yes=st.sampled_from((True, True, False)),
    )
    def rights_move(self, what: str, data: st.DataObject, person: str, yes: bool) -> None:
        match what:
            case "hold" if person != REQUESTER:
                self._hold(person, data.draw(st.sampled_from(AUTHORITY)), yes)
            case "let in" if person != ADMINISTRATOR:
                self._let_in(person, yes)
            case "link":
                self._link(data.draw(st.sampled_from((PRICING, FINANCE, "priya.raman"))))
            case "revoke" if self.delegations:
                self._revoke(data, person)

    def _hold(self, person: str, group: str, holds: bool) -> None:
        if person == ADMINISTRATOR and not holds:
            return
        self.hands.hold(person, group, holds)
        (self.company.holds[person].add if holds else self.company.holds[person].discard)(group)

    def _let_in(self, person: str, active: bool) -> None:
        self.hands.let_in(person, active)
        (self.company.shut_out.discard if active else self.company.shut_out.add)(person)

    def _link(self, person: str) -> None:
        """An account turns out to be somebody else's."""
        self.hands.link("priya.raman.night", person)
        self.company.accounts["priya.raman.night"] = person

    @rule(giver=st.sampled_from(PEOPLE), to=st.sampled_from(PEOPLE), days=st.sampled_from((1, 5, 10, 31)))
    def lend(self, giver: str, to: str, days: int) -> None:
        if not self.active(giver):
            return
        with self.business.database.reading() as session:
            until = self.business.database.now(session) + timedelta(days=days)
        twice = any(
            d.giver == giver and d.to == to and not d.revoked and self.company.now < d.until for d in self.company.lent
        )
        # Groups that the model does not follow, as the board's, can be lent as well.
        holds = bool(self.company.groups_of(giver)) or giver in self.elsewhere
        fine = giver != to and days <= 30 and to not in self.company.shut_out and not twice and holds
        fine = fine and not self._joins_duties(giver, to)
        given = self.allowed(lambda: self.hands.lend(giver, to, until), fine, "lend", giver, to, days)
        if given is not None:
            self.company.lent.append(model.Lent(giver, to, self.company.now + 24 * days))
            self.delegations.append((given, self.company.lent[-1]))

    def _joins_duties(self, giver: str, to: str) -> bool:
        """Whether somebody would come to act for administrators and for finance, which the policy keeps apart."""
        apart = {"administrators", "finance"}
        runs = {person: {"administrators"} if person == ADMINISTRATOR else set[str]() for person in (giver, to)}
        held = self.company.groups_of(to) | runs[to]
        return apart <= held | self.company.groups_of(giver) | runs[giver] and not apart <= held

    def _revoke(self, data: st.DataObject, account: str) -> None:
        delegation, lent = data.draw(st.sampled_from(self.delegations), label="delegation")
        if self.active(account):
            may = account in (lent.giver, lent.to, ADMINISTRATOR) and not lent.revoked
            self.allowed(
                lambda: self.hands.revoke(account, delegation),
                may,
                "revoke",
                account,
            )
            lent.revoked = lent.revoked or may

    # Time, freezes and effects

    @rule(hops=st.integers(1, 5))
    def time_goes_by(self, hops: int) -> None:
        self.business.travel(hops * HOP * HOUR)
        self.company.now += hops * HOP
        for change in self.known:
            self.judged(change).let_time_act()
            advance_timers(self.business.gateway, self.business.system(), change)

    @rule()
    def freeze(self) -> None:
        with self.business.database.reading() as session:
            now = self.business.database.now(session)
        if FINANCE not in self.company.shut_out and "finance" in self.company.groups_of(FINANCE):
            self.hands.freeze(FINANCE, now - timedelta(hours=1), now + timedelta(hours=20))
            self.company.frozen_until = max(self.company.frozen_until, self.company.now + 20)

    @rule(number=NUMBERS)
    def release(self, number: int) -> None:
        """Try to make it live, by the command itself, whatever its state: only a mandate lets it."""
        self._release(sorted(self.known)[number])

    def _release(self, change: str) -> None:
        known, before = self.known[change], self.business.latest()
        before_state = known.state
        if known.state == model.APPROVED:
            self.business.walk(change, until="scheduled")
            known.state = model.SCHEDULED
        if known.state == model.SCHEDULED:
            self.business.confirm(change)
        expected = known.state == model.SCHEDULED and self.judged(change).may_take_effect()
        try:
            live = self.business.release(change).activated
        except MandateError:
            live = ()
        assert bool(live) == expected, (change, known.state)
        assert (self.business.latest() > before) == expected
        if expected:
            known.state = model.LIVE
        self.seen[f"release of {before_state} {'live' if live else 'refused'}"] += 1

    # What must always hold

    @invariant()
    def both_say_the_same(self) -> None:
        for change, known in getattr(self, "known", {}).items():
            seen, judge = self.hands.see(change), self.judged(change)
            live = known.state == model.LIVE and seen.state == "releasing"
            assert seen.state == known.state or live, (change, seen.state, known.state)
            assert seen.counted == {self.decisions[change, vote.number] for vote in judge.counted()}, change
            assert (seen.verdict == Verdict.GRANTED) == judge.granted(), change
            assert (seen.verdict == Verdict.REJECTED) == judge.rejected(), change
            self._nobody_is_missed(change, seen)

    def _nobody_is_missed(self, change: str, seen: Seen) -> None:
        """Whoever is shown as able to decide is, and nobody else."""
        judge = self.judged(change)
        able = {person for person in PEOPLE if (seat := judge.seat(person, model.APPROVE)) and seat[1] is None}
        if judge.change.state == model.AWAITING and seen.verdict == Verdict.WAITING:
            assert seen.candidates == able, change


class AuthorityOverHttp(Authority):
    """The same, by the requests that people and integrations send."""

    hands_of = Http
    seen: ClassVar[Counter[str]] = Counter()


@pytest.mark.timeout(0)
@pytest.mark.parametrize(("machine", "examples"), [(Authority, EXAMPLES), (AuthorityOverHttp, OVER_HTTP)])
def test_no_effect_without_its_mandate(databases: Databases, machine: type[Authority], examples: int) -> None:
    machine.databases = databases
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples, stateful_step_count=STEPS, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
    print(dict(sorted(machine.seen.items())))
