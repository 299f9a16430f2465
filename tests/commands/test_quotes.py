"""Seeded quotes: written in chunks that nobody sees, published at once under one audit record (D5b)."""

import pytest

from commands.command import Call
from commands.quotes import CHUNK, begin_seed, publish_seed, seed_chunk
from domain.errors import Conflict, Invalid, NotFound, Refused
from domain.kinds.kind import Touched
from domain.party import SYSTEM
from domain.pricing import price_line
from domain.quote import Quote
from store import artifacts, quotes
from tests.builders import DAY, Business, everything, fresh_key, proposal, set_price

COUNT = CHUNK + 20
FIBRE = (Touched(offering="FIBRE-500"),)


def call() -> Call:
    return Call(SYSTEM, fresh_key())


def begun(business: Business, seed: int = 3, count: int = COUNT) -> None:
    begin_seed(business.gateway, call(), seed, count, True)


def written(business: Business, seed: int = 3, count: int = COUNT) -> None:
    begun(business, seed, count)
    for first in range(0, count, CHUNK):
        seed_chunk(business.gateway, call(), seed, first, True)


def seen(business: Business) -> list[Quote]:
    with business.database.reading() as session:
        return quotes.page(session, None, None, "", 10**6)


def test_nothing_is_seen_until_all_is_published(business: Business) -> None:
    written(business)

    assert seen(business) == []
    with business.database.reading() as session:
        assert quotes.quote(session, "Q-3-0000000") is None
        assert quotes.open_quotes_using(session, FIBRE) == []
    published = publish_seed(business.gateway, call(), 3, True)

    assert len(seen(business)) == published.quotes == COUNT
    assert sum(len(quote.lines) for quote in seen(business)) == published.lines
    with business.database.reading() as session:
        assert quotes.quote(session, "Q-3-0000000") is not None
        assert len(quotes.open_quotes_using(session, FIBRE)) > 100


def test_another_batch_that_is_being_written_hides_nothing(business: Business) -> None:
    written(business, seed=1, count=10)
    publish_seed(business.gateway, call(), 1, True)
    written(business, seed=2, count=10)

    assert {quote.id for quote in seen(business)} == {f"Q-1-{number:07d}" for number in range(10)}


def test_there_is_one_audit_record_with_the_digest_of_all_rows(business: Business) -> None:
    written(business)
    assert business.timeline("quotes/3") == ()
    published = publish_seed(business.gateway, call(), 3, True)

    (record,) = business.timeline("quotes/3")
    assert (record.action, record.outcome) == ("quotes.seeded", "done")
    assert record.details == {"quotes": COUNT, "lines": published.lines, "digest": published.digest}


def test_the_same_seed_gives_the_same_quotes_whatever_was_interrupted(business: Business) -> None:
    written(business)
    seed_chunk(business.gateway, call(), 3, 0, True)
    begun(business)
    first = publish_seed(business.gateway, call(), 3, True)

    assert publish_seed(business.gateway, call(), 3, True) == first
    assert [record.outcome for record in business.timeline("quotes/3")] == ["done", "unchanged"]
    lines = [line for quote in seen(business) for line in quote.lines]
    assert len(lines) == first.lines
    assert all(quote.total_minor == sum(line.net_minor for line in quote.lines) > 0 for quote in seen(business))


def test_the_versions_are_those_of_the_beginning(business: Business) -> None:
    begun(business)
    seed_chunk(business.gateway, call(), 3, 0, True)
    business.released(proposal(set_price("50.00")))
    seed_chunk(business.gateway, call(), 3, CHUNK, True)
    publish_seed(business.gateway, call(), 3, True)

    assert {quote.price_version for quote in seen(business)} == {1}


def test_they_are_priced_by_the_promotions_of_the_day_on_which_each_was_made(business: Business) -> None:
    business.travel(150 * DAY)
    business.seed(3, 300)
    with business.database.reading() as session:
        book = artifacts.price_book(session, "pricing/standard", 1)
    priced = [(line, price_line(book, quote, line)) for quote in seen(business) for line in quote.lines]

    assert any(step.rule == "promotion" for _, found in priced if found for step in found.trace)
    assert [line.net_minor for line, _ in priced] == [found.net_minor if found else 0 for _, found in priced]


def test_what_is_not_all_there_is_not_published(business: Business) -> None:
    begun(business)
    seed_chunk(business.gateway, call(), 3, CHUNK, True)
    before = everything(business.database)

    with pytest.raises(Conflict) as caught:
        publish_seed(business.gateway, call(), 3, True)

    assert (caught.value.code, caught.value.facts) == ("seed_incomplete", {"written": 20})
    assert everything(business.database) == before


@pytest.mark.parametrize("first", [-CHUNK, 1, CHUNK - 1, 2 * CHUNK])
def test_a_chunk_starts_where_chunks_start(business: Business, first: int) -> None:
    begun(business)
    with pytest.raises(Invalid, match="Chunks start at multiples of 5,000 below 5,020"):
        seed_chunk(business.gateway, call(), 3, first, True)


def test_bad_seeds_are_refused(business: Business) -> None:
    begun(business)
    with pytest.raises(Conflict, match="Seed 3 was used for 5,020 quotes"):
        begun(business, count=9)
    with pytest.raises(NotFound, match="Seed 4 has not been begun"):
        seed_chunk(business.gateway, call(), 4, 0, True)
    with pytest.raises(NotFound, match="Seed 4 has not been begun"):
        publish_seed(business.gateway, call(), 4, True)
    with pytest.raises(Refused, match="development mode only"):
        begin_seed(business.gateway, call(), 4, 1, False)
