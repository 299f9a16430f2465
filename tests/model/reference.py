"""The reference: who may decide what, when, and whether an effect has its mandate, written down from the requirements alone.

It imports nothing of the product. It is slow and plain on purpose: where the product computes, it tries every way. Time is
counted in hours since the beginning. The plan is that of `policy.py` beside it: a board of two out of two groups, with a
veto of the directors, beside one signature of finance, then one of a director or of revenue operations.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations

APPROVE, REJECT = "approve", "reject"
BOARD, FINANCE, DIRECTOR = "board", "finance", "director"
ORDER = (BOARD, FINANCE, DIRECTOR)
SIGNATURES = {BOARD: 2, FINANCE: 1, DIRECTOR: 1}
GROUPS = {
    BOARD: {"pricing", "finance"},
    FINANCE: {"finance"},
    DIRECTOR: {"commercial-directors", "revenue-operations"},
}
VETO = {BOARD: {"commercial-directors"}}
"""Stages in which only these groups end it by a rejection; elsewhere everybody who may sign does."""
AFTER = {BOARD: (), FINANCE: (), DIRECTOR: (BOARD, FINANCE)}
RESTS_ON = {
    BOARD: {"operations", "live"},
    FINANCE: {"operations"},
    DIRECTOR: {"operations", "purpose"},
}
ESCALATES = {BOARD: (50, {"revenue-operations"})}
EXPIRES = 400
AWAITING, APPROVED, SCHEDULED, REJECTED, EXPIRED, LIVE = (
    "awaiting_approval",
    "approved",
    "scheduled",
    "rejected",
    "expired",
    "live",
)


@dataclass
class Lent:
    """A delegation: from whom, to whom, until which hour."""

    giver: str
    to: str
    until: int
    revoked: bool = False


@dataclass
class Company:
    """Who there is: people, whose account is whose, who holds which group, what is lent, which freeze holds until when.

    runs: who administers the platform, and so never acts for finance through a loan. became: by person, whose accounts
    some of theirs turned out to be.
    """

    accounts: dict[str, str]
    holds: dict[str, set[str]]
    shut_out: set[str] = field(default_factory=set)
    lent: list[Lent] = field(default_factory=list)
    now: int = 0
    frozen_until: int = 0
    runs: frozenset[str] = frozenset()
    became: dict[str, set[str]] = field(default_factory=dict)

    def link(self, account: str, person: str) -> None:
        """An account turns out to be somebody else's, and with it whoever else's it was before."""
        was, self.accounts[account] = self.accounts[account], person
        self.became.setdefault(was, set())
        for one, now in self.became.items():
            if one == was or was in now:
                now.add(person)

    def groups_of(self, person: str) -> set[str]:
        return set() if person in self.shut_out else self.holds.get(person, set())

    def brought(self, person: str, represents: str) -> set[str]:
        """The groups for which a person may act by a loan."""
        held = self.groups_of(represents)
        apart = person in self.runs and "finance" not in self.groups_of(person)
        return held - {"finance"} if apart else held

    def lenders(self, person: str) -> list[str]:
        """For whom a person may act now."""
        if person in self.shut_out:
            return []
        return sorted({d.giver for d in self.lent if d.to == person and not d.revoked and self.now < d.until})


@dataclass
class Vote:
    """What an account said, for whom, in which stage, on which content; later perhaps taken back."""

    number: int
    account: str
    represents: str | None
    stage: str
    choice: str
    revision: int
    content: dict[str, object]
    at: int
    recalled: bool = False


@dataclass
class Change:
    """A change request: who asked and wrote, what it says now, what was said about it."""

    requester: str
    content: dict[str, object]
    opened: int
    state: str = AWAITING
    revision: int = 1
    barred: set[str] = field(default_factory=set)
    votes: list[Vote] = field(default_factory=list)
    escalated: set[tuple[int, str]] = field(default_factory=set)
    passed_on: set[tuple[int, str, str]] = field(default_factory=set)


class Reference:
    """The judgement over a company and one of its changes."""

    def __init__(self, company: Company, change: Change) -> None:
        self.company, self.change = company, change

    @property
    def barred(self) -> set[str]:
        """Who may not decide: who asked, wrote or has an interest, and who they turned out to be."""
        return self.change.barred.union(*(self.company.became.get(person, ()) for person in self.change.barred))

    def person(self, vote: Vote) -> str:
        return self.company.accounts[vote.account]

    def people(self, vote: Vote) -> set[str]:
        """Whose voice a vote is: of who acted and of who was represented."""
        return {self.person(vote), vote.represents or self.person(vote)}

    def asked(self, stage: str) -> set[str]:
        """The groups that may sign in a stage now; escalation only adds."""
        added = ESCALATES[stage][1] if (self.change.revision, stage) in self.change.escalated else set()
        return GROUPS[stage] | added

    def may_speak(self, person: str, represents: str | None, stage: str, groups: set[str]) -> bool:
        """Whether somebody holds, or was lent by somebody who holds, one of these groups, and has not passed it on."""
        for one in (person, represents):
            if (self.change.revision, stage, one) in self.change.passed_on:
                return False
        if represents is None:
            return bool(self.company.groups_of(person) & groups)
        return represents in self.company.lenders(person) and bool(self.company.brought(person, represents) & groups)

    def counted(self) -> list[Vote]:
        """The votes that count now."""
        fit = [vote for vote in self.change.votes if self._fit(vote)]
        own = {self.person(vote) for vote in fit if vote.represents is None}
        counted, heard = [vote for vote in fit if vote.represents is None], set[str]()
        for vote in fit:
            if vote.represents is not None and not self.people(vote) & (own | heard):
                counted.append(vote)
                heard |= self.people(vote)
        return sorted(counted, key=lambda vote: vote.number)

    def _fit(self, vote: Vote) -> bool:
        same = all(vote.content[name] == self.change.content[name] for name in RESTS_ON[vote.stage])
        if vote.recalled or not same or self.people(vote) & self.barred:
            return False
        if vote.choice == REJECT and vote.revision != self.change.revision:
            return False
        groups = self.asked(vote.stage) | (VETO.get(vote.stage, set()) if vote.choice == REJECT else set())
        return self.may_speak(self.person(vote), vote.represents, vote.stage, groups)

    def signed(self, stage: str, extra: Vote | None = None, votes: list[Vote] | None = None) -> int:
        """How many signatures of a stage there are: distinct people, no person in two of the whole plan."""
        return min(SIGNATURES[stage], self._best(votes, extra)[stage])

    def _best(self, votes: list[Vote] | None, extra: Vote | None) -> dict[str, int]:
        """Signatures by stage, earlier stages first, in the best way to give each person one."""
        cast = [vote for vote in (self.counted() if votes is None else votes) if vote.choice == APPROVE]
        cast += [extra] if extra else []
        best: dict[str, int] = dict.fromkeys(ORDER, 0)
        for number in range(len(cast), -1, -1):
            for chosen in combinations(cast, number):
                people = [self.person(vote) for vote in chosen]
                found = {stage: sum(vote.stage == stage for vote in chosen) for stage in ORDER}
                fits = all(found[stage] <= SIGNATURES[stage] for stage in ORDER)
                if len(set(people)) == number and fits and sum(found.values()) > sum(best.values()):
                    best = found
        return best

    def complete(self, stage: str) -> bool:
        return self.signed(stage) == SIGNATURES[stage]

    def open(self, stage: str) -> bool:
        """Whether a stage can be decided in: what comes before it is complete and it is not."""
        return not self.complete(stage) and all(self.complete(before) for before in AFTER[stage])

    def granted(self) -> bool:
        return not self.rejected() and all(self.complete(stage) for stage in ORDER)

    def rejected(self) -> bool:
        """A veto, or a rejection in a stage that can no longer be completed."""
        against = [vote for vote in self.counted() if vote.choice == REJECT]
        return any(self._vetoes(vote) or vote.stage in self.stuck() for vote in against)

    def _vetoes(self, vote: Vote) -> bool:
        if vote.stage not in VETO:
            return True
        return self.may_speak(self.person(vote), vote.represents, vote.stage, VETO[vote.stage])

    def stuck(self) -> set[str]:
        """Stages whose missing signatures distinct people who have not spoken could not give, earlier stages first."""
        spoken = {person for vote in self.counted() for person in self.people(vote)}
        missing = [stage for stage in ORDER for _ in range(SIGNATURES[stage] - self.signed(stage))]
        stuck: set[str] = set()
        filled: list[str] = []
        for stage in missing:
            if self._can_all_be_filled([*filled, stage], spoken):
                filled.append(stage)
            else:
                stuck.add(stage)
        return stuck

    def _can_all_be_filled(self, stages: list[str], spoken: set[str]) -> bool:
        if not stages:
            return True
        first, rest = stages[0], stages[1:]
        for person in sorted(set(self.company.holds) - spoken - self.barred):
            if self.may_speak(person, None, first, self.asked(first)) and self._can_all_be_filled(
                rest, spoken | {person}
            ):
                return True
        return False

    def seat(self, account: str, choice: str) -> tuple[str, str | None] | None:
        """In which stage, and for whom, an account can say this now; None if it cannot."""
        person = self.company.accounts.get(account)
        if person is None or person in self.company.shut_out or self.change.state != AWAITING:
            return None
        if self.rejected() or self.granted() or person in self.barred or person in self._spoken():
            return None
        return next(self._seats(account, person, choice), None)

    def _seats(self, account: str, person: str, choice: str) -> Iterator[tuple[str, str | None]]:
        for represents in (None, *self.company.lenders(person)):
            if represents in self.barred or represents in self._spoken():
                continue
            for stage in ORDER:
                if self.open(stage) and self._adds(account, person, represents, stage, choice):
                    yield stage, represents

    def _spoken(self) -> set[str]:
        return {person for vote in self.counted() for person in self.people(vote)}

    def _adds(self, account: str, person: str, represents: str | None, stage: str, choice: str) -> bool:
        groups = self.asked(stage) | (VETO.get(stage, set()) if choice == REJECT else set())
        if not self.may_speak(person, represents, stage, groups):
            return False
        trial = Vote(
            -1, account, represents, stage, choice, self.change.revision, self.change.content, self.company.now
        )
        return choice == REJECT or self.signed(stage, trial) > self.signed(stage)

    def opened(self, stage: str) -> int:
        """Since when a stage is open."""
        ends = [
            vote.at
            for before in AFTER[stage]
            for vote in self.counted()
            if vote.stage == before and vote.choice == APPROVE
        ]
        return max([self.change.opened, *ends])

    def settle(self) -> None:
        """What closing an approval does: only while people are asked."""
        if self.change.state == AWAITING and self.rejected():
            self.change.state = REJECTED
        elif self.change.state == AWAITING and self.granted():
            self.change.state = APPROVED

    def let_time_act(self) -> None:
        """Escalation adds people, expiry ends it; nothing is approved by time."""
        if self.change.state != AWAITING:
            return
        waiting = [] if self.rejected() or self.granted() else [stage for stage in ORDER if self.open(stage)]
        waited = {stage: self.company.now - self.opened(stage) for stage in waiting}
        for stage, hours in waited.items():
            if stage in ESCALATES and hours >= ESCALATES[stage][0]:
                self.change.escalated.add((self.change.revision, stage))
        if any(hours >= EXPIRES for hours in waited.values()):
            self.change.state = EXPIRED
        else:
            self.settle()

    def may_take_effect(self) -> bool:
        """The mandate: granted by people who may still grant it, and no freeze."""
        return self.granted() and self.company.now >= self.company.frozen_until
