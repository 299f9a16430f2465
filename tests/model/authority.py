"""What people may do in a history: to changes, and to the rights of each other."""

from collections import Counter
from datetime import timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import (
    precondition,
    rule,
)

from tests.builders import (
    ADMINISTRATOR,
    FINANCE,
    PRICING,
    REQUESTER,
)
from tests.model import reference as model
from tests.model.hands import Http
from tests.model.history import NUMBERS, History
from tests.model.policy import ACCOUNTS, AUTHORITY, PEOPLE


class Authority(History):
    """People, rights, time and changes, done to the product and to the model at once."""

    # What people do to changes

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
        free = person not in self.company.shut_out | judge.barred | judge._spoken()
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
        self.company.link("priya.raman.night", person)

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


class AuthorityOverHttp(Authority):
    """The same, by the requests that people and integrations send."""

    hands_of = Http
    seen: ClassVar[Counter[str]] = Counter()
