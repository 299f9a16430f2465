"""Where offerings are used in open business, before anybody proposes anything: found as an impact is (R-5.1)."""

from collections.abc import Sequence

from analysis.hits import added
from analysis.impact import Sources, find_documents
from analysis.impact_answers import EXAMPLES, SOURCES
from domain.errors import NotFound
from domain.impact import Provenance
from domain.model import Model
from domain.touched import touching_products
from store import artifacts

CATALOG = "catalog/standard"
TITLES = {
    "quote": "open quotes",
    "order": "pending orders",
    "asset": "assets and subscriptions",
    "contract": "renewals in the next 90 days",
}


class Use(Model):
    """The documents of one kind with lines of the offerings: how many, how many such lines, worth what.

    value: minor units per currency, of whole documents (of assets and contracts: of such lines); source: which count.
    """

    kind: str
    title: str
    documents: int
    lines: int
    value: dict[str, int]
    source: str
    examples: tuple[str, ...]


class WhereUsed(Model):
    """The uses by kind of document, what is wrong among them by fault, and how they were found."""

    uses: tuple[Use, ...]
    faults: dict[str, int]
    provenance: Provenance


def where_used(
    sources: Sources, offerings: Sequence[str], markets: Sequence[str] = (), channels: Sequence[str] = ()
) -> WhereUsed:
    """Open documents that use any of the offerings, in these markets and channels; without any named, in all.

    Raises NotFound("unknown_offering") for one that the catalog does not have and nothing uses.
    """
    hits, provenance = find_documents(sources, touching_products(offerings, markets, channels))
    if not any(found.document for found in hits.values()):
        _known(sources, offerings)
    return WhereUsed(
        uses=tuple(
            Use(
                kind=kind,
                title=TITLES[kind],
                documents=len(found.document),
                lines=sum(found.lines),
                value=found.money(),
                source=SOURCES[kind],
                examples=tuple(found.document[:EXAMPLES]),
            )
            for kind, found in hits.items()
        ),
        faults=added(*(found.all_faults() for found in hits.values())),
        provenance=provenance,
    )


def _known(sources: Sources, offerings: Sequence[str]) -> None:
    number = artifacts.latest(sources.session, CATALOG)
    catalog = artifacts.content(sources.session, CATALOG, number)
    known = {entry["id"] for entry in catalog.values() if entry["type"] == "offering"}
    if unknown := sorted(set(offerings) - known):
        detail = f"The catalog has no offering {unknown[0]!r} and nothing uses it."
        raise NotFound("unknown_offering", detail, offerings=unknown)
