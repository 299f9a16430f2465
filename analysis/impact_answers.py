"""The answers that the content of the change and of the live artifacts give: promotions, thresholds, clauses, mappings,
events, reports, and what rolling back would do (R-5.1). Where nothing of a kind is governed yet, that is said.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from domain.artifact import Content, Entry, Operation, Part
from domain.canonical import canonical_columns
from domain.impact import Answer
from domain.kinds import kind_of
from domain.kinds.kind import Question, Touched
from domain.touched import meet
from store import artifacts
from store.files import FileStore

EXAMPLES = 10
LISTED = "entries/1"
DOCUMENTS = ((Question.QUOTES, "quote"), (Question.ORDERS, "order"), (Question.ASSETS, "asset"))
SOURCES = {
    "quote": "quotes that are draft, in approval, approved or proposed",
    "order": "orders that are submitted or in fulfillment",
    "asset": "assets that are pending, active or suspended",
    "contract": "active contracts that end within 90 days",
}
CHANGED: Mapping[Question, str] = {
    Question.THRESHOLDS: "approval",
    Question.CLAUSES: "document",
    Question.BILLING: "order_mapping",
    Question.CONTRACTS: "integration",
    Question.REPORTS: "report",
}
"""For each question the kind of artifact whose entries it is about."""


def of_content(
    session: Session, files: FileStore, parts: Sequence[Part], touched: Sequence[Touched], now: datetime
) -> tuple[Answer, ...]:
    """Questions four to ten, in their order. Lists that are longer than their examples go to the file store."""
    live = live_contents(session)
    found = (
        _promotions(live, parts, touched, now),
        *(_changed(live, question, kind, parts, touched) for question, kind in CHANGED.items()),
        _rolled_back(parts),
    )
    return tuple(one.answer(files) for one in found)


@dataclass(frozen=True)
class Entries:
    """What a question about contents comes to: entries as `artifact:key`, where it was looked, and a note."""

    question: Question
    entries: Sequence[str]
    source: str
    note: str = ""

    def answer(self, files: FileStore) -> Answer:
        """The answer. A list that its examples hold needs no file: the same facts give the same bytes as ever."""
        entries = sorted(self.entries)
        return Answer(
            name=self.question.name.lower(),
            count=len(entries),
            source=self.source,
            file=files.put(canonical_columns(LISTED, columns_of(entries))) if len(entries) > EXAMPLES else None,
            examples=tuple(entries[:EXAMPLES]),
            note=self.note,
        )


def columns_of(entries: Iterable[str]) -> dict[str, list[str]]:
    """Entries given as `artifact:key`, in columns."""
    pairs = [entry.partition(":") for entry in entries]
    return {"artifact": [artifact for artifact, _, _ in pairs], "entry": [key for _, _, key in pairs]}


def live_contents(session: Session) -> dict[str, Content]:
    """The latest content of every artifact."""
    return {name: latest.content for name, latest in artifacts.latest_of(session).items()}


def _kind(artifact: str) -> str:
    return artifact.partition("/")[0]


def _entries(live: Mapping[str, Content], kind: str) -> Iterator[tuple[str, str, Entry]]:
    """The entries of all artifacts of a kind: artifact, key, and what it holds."""
    for artifact, content in live.items():
        if _kind(artifact) == kind:
            yield from ((artifact, key, entry) for key, entry in content.items())


def _moved(parts: Sequence[Part]) -> list[str]:
    return [f"{part.artifact}:{op.entry}" for part in parts for op in part.operations]


def _promotions(
    live: Mapping[str, Content], parts: Sequence[Part], touched: Sequence[Touched], now: datetime
) -> Entries:
    """Promotions that hold now or later for anything that is touched, apart from those that the change itself moves."""
    today = now.date().isoformat()
    found = {
        f"{artifact}:{key}"
        for kind in ("pricing", "promotion")
        for artifact, key, entry in _entries(live, kind)
        if entry["type"] == "promotion" and not _over(entry, today) and _meets(kind, entry, touched)
    }
    return Entries(Question.PROMOTIONS, sorted(found - set(_moved(parts))), _looked_at(live, "pricing", "promotion"))


def _over(promotion: Entry, today: str) -> bool:
    """Whether a promotion has ended: a price book names the first day without it, a promotion artifact the last."""
    return bool(promotion["until"] <= today if "until" in promotion else promotion["last_day"] < today)


def _changed(
    live: Mapping[str, Content], question: Question, kind: str, parts: Sequence[Part], touched: Sequence[Touched]
) -> Entries:
    """Entries of a kind that the change moves, and those that are about something that it touches."""
    changed = {name for name in _moved(parts) if _kind(name) == kind}
    meeting = (f"{artifact}:{key}" for artifact, key, entry in _entries(live, kind) if _meets(kind, entry, touched))
    about = set(meeting) - changed
    note = f"{len(changed)} changed by the request, {len(about)} are about what it touches" if about else ""
    return Entries(question, sorted(changed | about), _looked_at(live, kind), note)


def _meets(kind: str, entry: Entry, touched: Sequence[Touched]) -> bool:
    """Whether an entry holds for anything that is touched."""
    same = Operation.model_construct(entry="", before=dict(entry), after=dict(entry))
    return any(meet(mine, item) for mine in kind_of(kind).touched(same) for item in touched)


def _rolled_back(parts: Sequence[Part]) -> Entries:
    """What taking the change back would do: each operation inverted, and nothing else (D6)."""
    actions = [op.action for part in parts for op in part.operations]
    note = (
        f"Taking it back restores {actions.count('change')}, takes out {actions.count('add')} and puts back "
        f"{actions.count('remove')}; the documents above meet the earlier content again."
    )
    # No version is named: that the same answer was found on a later one moves no approval; bases are an input
    # of their own.
    artifacts = ", ".join(part.artifact for part in parts)
    return Entries(Question.ROLLBACK, _moved(parts), f"the operations of the change, inverted on {artifacts}", note)


def _looked_at(live: Mapping[str, Content], *kinds: str) -> str:
    """Which artifacts were looked at, or that there is none."""
    found = [name for name in live if _kind(name) in kinds]
    return ", ".join(found) or f"no artifact of kind {' or '.join(kinds)} is governed yet"
