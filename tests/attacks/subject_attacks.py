"""Tables A, B and D once more, for what is no change: quotes, and access to personal data (R-7.11)."""

from sqlalchemy import update

from commands.corrections import ask_correction
from commands.data_access import AccessRequest, ask_access, end_access
from commands.quote_approvals import submit_quote
from domain.correction import Correction
from domain.quote import QuoteTerms
from store.tables.columns import table_of
from store.tables.quote import QuoteRow
from tests.attacks.defects import machines_may_decide
from tests.attacks.registry import attack
from tests.attacks.subject_defects import (
    a_quote_is_what_it_was,
    evidence_may_be_corrected,
    nobody_is_excluded_from_requests,
    personal_data_is_open,
)
from tests.attacks.world import Outcome, World
from tests.builders import DAY, MACHINE, PRICING, REQUESTER

SELLER, COMPLIANCE, LEGAL = "tom.okafor", "naomi.sato", "sunita.iyer"
QUOTES = table_of(QuoteRow)
DISCLOSURES = f"/persons/{PRICING}/disclosures"


def draft(world: World) -> str:
    """A draft quote."""
    world.business.seed(7, 60)
    found = world.client.get("/api/quotes?status=draft", headers={"Authorization": f"Bearer {world.token(REQUESTER)}"})
    return str(found.raise_for_status().json()["items"][0]["id"])


def written(world: World, quote: str, **values: object) -> None:
    """Write a quote as its own system would."""
    with world.business.database.writing() as session:
        session.execute(update(QUOTES).where(QUOTES.c.id == quote).values(**values))


def submitted(world: World, by: str = REQUESTER, standard_clauses: bool = True) -> tuple[str, str]:
    """A quote that waits, and the request for its approval."""
    quote = draft(world)
    terms = QuoteTerms(standard_clauses=standard_clauses)
    return quote, submit_quote(world.business.gateway, world.business.call(by), quote, terms).request


def decide(world: World, account: str, request: str) -> Outcome:
    """Decide on what is asked now, by the API."""
    ballot = world.business.ballot(request).model_dump(mode="json")
    return world.api(account, "POST", f"/approvals/{request}/decisions", ballot)


def sales_decide_on_a_quote(world: World) -> None:
    """The twin of the attacks on quotes: somebody of sales operations who neither asked nor sells decides."""
    _, request = submitted(world)
    assert decide(world, SELLER, request).code == ""


def granted(world: World) -> str:
    """An access of the requester to what is kept about somebody, for two days."""
    asked = AccessRequest(about=PRICING, days=2, reason="A complaint has to be looked into.")
    request = ask_access(world.business.gateway, world.business.call(REQUESTER), asked).request
    world.business.decide(request, COMPLIANCE)
    return request


def who_was_granted_access_reads(world: World) -> None:
    """The twin of the attacks on personal data."""
    granted(world)
    assert world.api(REQUESTER, "POST", DISCLOSURES).code == ""
    assert world.cli(REQUESTER, "data", "read", PRICING).code == ""
    assert world.api(PRICING, "POST", DISCLOSURES).code == ""


@attack("B2", "api", "excluded", sales_decide_on_a_quote, nobody_is_excluded_from_requests)
def who_submitted_a_quote_approves_it(world: World) -> Outcome:
    return decide(world, REQUESTER, submitted(world)[1])


@attack("B2", "cli", "excluded", sales_decide_on_a_quote, nobody_is_excluded_from_requests)
def who_submitted_a_quote_approves_it_by_cli(world: World) -> Outcome:
    return world.cli(REQUESTER, "approval", "decide", submitted(world)[1], "--approve")


@attack("B2", "api", "excluded", sales_decide_on_a_quote, nobody_is_excluded_from_requests)
def who_sells_a_quote_approves_it(world: World) -> Outcome:
    quote = draft(world)
    written(world, quote, owner=SELLER)
    request = submit_quote(world.business.gateway, world.business.call(REQUESTER), quote, QuoteTerms()).request
    return decide(world, SELLER, request)


@attack("A1", "api", "evidence_moved", sales_decide_on_a_quote, a_quote_is_what_it_was, audited=False)
def quote_moves_between_reading_and_signing(world: World) -> Outcome:
    quote, request = submitted(world)
    ballot = world.business.ballot(request).model_dump(mode="json")
    written(world, quote, total_minor=1)
    return world.api(SELLER, "POST", f"/approvals/{request}/decisions", ballot)


@attack("A2", "api", "awaiting_approval", sales_decide_on_a_quote, a_quote_is_what_it_was, audited=False)
def quote_moves_after_the_first_signature(world: World) -> Outcome:
    """The signature of legal does not stand, so that the second one does not approve the quote."""
    quote, request = submitted(world, standard_clauses=False)
    assert decide(world, LEGAL, request).code == ""
    written(world, quote, total_minor=1)
    assert decide(world, SELLER, request).code == ""
    found = world.client.get(f"/api/quotes/{quote}/approvals", headers=bearer(world, SELLER)).json()
    return Outcome(found["requests"][0]["state"])


def bearer(world: World, account: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.token(account)}"}


@attack("D10", "api", "no_access", who_was_granted_access_reads, personal_data_is_open)
def personal_data_is_read_by_an_id(world: World) -> Outcome:
    return world.api(REQUESTER, "POST", DISCLOSURES)


@attack("D10", "cli", "no_access", who_was_granted_access_reads, personal_data_is_open)
def personal_data_is_read_by_cli(world: World) -> Outcome:
    return world.cli(REQUESTER, "data", "read", PRICING)


@attack("D10", "page", "no_access", who_was_granted_access_reads, personal_data_is_open)
def personal_data_is_read_by_page(world: World) -> Outcome:
    return world.send_page(SELLER, "/data-access", "/data-access/read", {"about": PRICING})


@attack("D10", "api", "no_access", who_was_granted_access_reads, personal_data_is_open)
def access_of_somebody_else_is_used(world: World) -> Outcome:
    granted(world)
    return world.api(SELLER, "POST", DISCLOSURES)


@attack("D10", "api", "no_access", who_was_granted_access_reads, personal_data_is_open)
def access_that_has_ended_is_used(world: World) -> Outcome:
    end_access(world.business.gateway, world.business.call(COMPLIANCE), granted(world))
    return world.api(REQUESTER, "POST", DISCLOSURES)


@attack("D10", "api", "no_access", who_was_granted_access_reads, personal_data_is_open)
def access_that_is_over_is_used(world: World) -> Outcome:
    granted(world)
    world.business.travel(2 * DAY + 1)
    return world.api(REQUESTER, "POST", DISCLOSURES)


@attack("B9", "api", "machine_may_not", who_was_granted_access_reads, machines_may_decide)
def machine_reads_personal_data(world: World) -> Outcome:
    return world.api(MACHINE, "POST", DISCLOSURES)


def asked(world: World, by: str = REQUESTER) -> str:
    """A correction of who sells a quote, which sales operations agree to."""
    quote = draft(world)
    with world.business.database.reading() as session:
        seller = session.get_one(QuoteRow, quote).owner
    wanted = {"record": "quote", "key": quote, "field": "owner", "original": seller, "corrected": "seller-000"}
    correction = Correction(**wanted, reason="Sold by somebody else.")
    return ask_correction(world.business.gateway, world.business.call(by), correction).request


def sales_decide_on_a_correction(world: World) -> None:
    """The twin of the attacks on corrections."""
    assert decide(world, SELLER, asked(world)).code == ""


@attack("B2", "api", "excluded", sales_decide_on_a_correction, nobody_is_excluded_from_requests)
def who_asked_for_a_correction_agrees_to_it(world: World) -> Outcome:
    return decide(world, REQUESTER, asked(world))


EVIDENCE = {"record": "audit_record", "key": "installation/1", "field": "body", "original": "x", "corrected": "y"}


@attack("D8", "api", "audit_is_never_corrected", sales_decide_on_a_correction, evidence_may_be_corrected)
def evidence_is_corrected_by_a_request(world: World) -> Outcome:
    return world.api(REQUESTER, "POST", "/corrections", {**EVIDENCE, "reason": "It looks bad."})


@attack("D8", "cli", "audit_is_never_corrected", sales_decide_on_a_correction, evidence_may_be_corrected)
def evidence_is_corrected_by_cli(world: World) -> Outcome:
    typed = (EVIDENCE["record"], EVIDENCE["key"], EVIDENCE["field"], EVIDENCE["corrected"])
    return world.cli(REQUESTER, "correction", "ask", *typed, "--reason", "It looks bad.")
