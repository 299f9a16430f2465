"""Impact analysis: from the operations of a change to the open quotes that use what moves (chapter 5)."""

from collections.abc import Iterable, Sequence

from domain.artifact import EVERYWHERE, Part
from domain.canonical import canonical
from domain.impact import Impact
from domain.kinds import kind_of_artifact
from domain.kinds.kind import Touched
from domain.money import sums
from domain.quote import Quote, QuoteLine
from store.files import FileStore


def touched_by(parts: Iterable[Part]) -> tuple[Touched, ...]:
    """What the operations of a change move in the business, each once, ordered."""
    found = {
        touched
        for part in parts
        for op in part.operations
        if (touched := kind_of_artifact(part.artifact).touched(op)) is not None
    }
    return tuple(sorted(found, key=lambda t: (t.offering, t.selling_model, t.market, t.channel, t.currency)))


def uses(quote: Quote, line: QuoteLine, touched: Touched) -> bool:
    """Whether a line of a quote uses what is touched."""
    pairs = (
        (touched.offering, line.offering),
        (touched.selling_model, line.selling_model),
        (touched.market, quote.market),
        (touched.channel, quote.channel),
        (touched.currency, quote.currency),
    )
    return all(wanted in (EVERYWHERE, actual) for wanted, actual in pairs)


def affected_lines(quote: Quote, touched: Sequence[Touched]) -> tuple[QuoteLine, ...]:
    """The lines of a quote that use anything touched."""
    return tuple(line for line in quote.lines if any(uses(quote, line, item) for item in touched))


def impact_of(parts: Sequence[Part], quotes: Sequence[Quote], files: FileStore) -> Impact:
    """The impact of a change on quotes (those that the store found for it); the list of ids goes to the file store."""
    touched = touched_by(parts)
    hits = [(quote, lines) for quote in quotes if (lines := affected_lines(quote, touched))]
    markets = sums((quote.market, 1) for quote, _ in hits)
    return Impact(
        artifacts=tuple(sorted({part.artifact for part in parts})),
        offerings=tuple(sorted({item.offering for item in touched})),
        quotes=len(hits),
        lines=sum(len(lines) for _, lines in hits),
        value=sums((quote.currency, quote.total_minor) for quote, _ in hits),
        by_market=markets,
        quotes_file=files.put(canonical(sorted(quote.id for quote, _ in hits))),
    )
