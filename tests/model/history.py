"""A history of the product beside the reference model: how it begins, how time goes by, what must always hold."""

import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
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
from tests.model.hands import Commands, Seen
from tests.model.policy import BOARD_TEMPLATE, PEOPLE, SHELF, prepare

HOUR, HOP = 3600, 13
"""A hop is no divisor of any period of the plan, so that the seconds that a test takes never matter."""
NUMBERS = st.integers(0, 1)
template.PREPARE[BOARD_TEMPLATE] = prepare


class History(RuleBasedStateMachine):
    """Two changes that are asked for, time, and what must always hold, in the product and in the model at once."""

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

    def _ask(self, requester: str) -> None:
        person, number = self.company.accounts[requester], len(self.known)
        change = self.hands.ask(self._proposal(number, 44, "first"), requester)
        content = {"operations": 44, "purpose": "first", "live": self.business.latest()}
        self.known[change] = model.Change(person, content, self.company.now, barred={person})

    def _proposal(self, shelf: int, price: int, title: str) -> Any:
        return proposal(set_price(f"{price}.00", **SHELF[shelf]), title=f"A new price, {title}")

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
