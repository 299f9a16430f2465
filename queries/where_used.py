"""Where offerings and entries of artifacts are used in open business, before anybody proposes anything (R-5.1)."""

from collections.abc import Sequence

from analysis.hits import added
from analysis.impact import Sources, find_documents, reached_by, touched_by
from analysis.impact_answers import EXAMPLES, SOURCES
from domain.artifact import Operation, Part
from domain.errors import NotFound
from domain.impact import Provenance
from domain.model import Model
from domain.touched import Touching, touching, touching_products
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
    found = _uses(sources, touching_products(offerings, markets, channels))
    if not any(use.documents for use in found.uses):
        _known(sources, offerings)
    return found


def where_entry_used(sources: Sources, artifact: str, entry: str) -> WhereUsed:
    """Open documents that would be affected if an entry of the latest version were taken out.

    Raises NotFound("unknown_artifact", "unknown_entry").
    """
    number = artifacts.latest(sources.session, artifact)
    before = artifacts.content(sources.session, artifact, number).get(entry)
    if before is None:
        detail = f"Version {number} of {artifact} has no entry {entry!r}."
        raise NotFound("unknown_entry", detail, artifact=artifact, entry=entry)
    taken_out = (Part(artifact=artifact, base=number, operations=(Operation(entry=entry, before=before, after=None),)),)
    return _uses(sources, touching((*touched_by(taken_out), *reached_by(sources.session, taken_out))))


def _uses(sources: Sources, asked: Touching) -> WhereUsed:
    hits, provenance = find_documents(sources, asked)
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
