"""Corrections of data: who is asked by type, before and after, compare-and-set, undo; evidence is refused (chapter 17)."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlmodel import SQLModel

from commands.approvals import advance_timers, decide, withdraw_request
from commands.corrections import ask_correction
from commands.orders import seed_orders
from domain.approval import Choice
from domain.canonical import parse
from domain.correction import Correction
from domain.errors import MandateError
from domain.quote import Quote
from queries.inbox import inbox
from queries.requests import request_view
from store import artifacts, quotes, where_used
from store.corrections import applied
from store.tables.columns import IMMUTABLE
from store.tables.correction import CorrectionRow
from tests.builders import DAY, FINANCE, MACHINE, REQUESTER, Business

SALES, LEGAL = "tom.okafor", "sunita.iyer"
ENGINEER, FULFILLMENT, BILLING = "yara.haddad", "marco.rossi", "greta.holm"
REASON = "Typed wrongly when it was agreed."


def table(record: str) -> Any:
    return SQLModel.metadata.tables[record]


@pytest.fixture
def shop(business: Business) -> Business:
    """Accepted quotes with orders, assets and billing, and open quotes."""
    seed_orders(business.gateway, business.call("sofia.marin"), 3, 0, 12, (), 0, True)
    business.seed(7, 60)
    return business


def first(business: Business, record: str, **where: Any) -> Any:
    """The first row of a record that is as it has to be."""
    found = table(record)
    conditions = [found.c[name] == value for name, value in where.items()]
    with business.database.reading() as session:
        return session.execute(select(found).where(*conditions).order_by(*found.primary_key.columns)).first()


def current(business: Business, record: str, key: str, field: str) -> Any:
    columns = [column.name for column in table(record).primary_key.columns]
    parts = key.split("/") if len(columns) > 1 else [key]
    where = {name: int(part) if name == "line" else part for name, part in zip(columns, parts, strict=True)}
    return getattr(first(business, record, **where), field)


def ask(business: Business, record: str, key: str, field: str, corrected: object, **more: Any) -> str:
    by = more.pop("by", REQUESTER)
    original = str(more["original"] if "original" in more else current(business, record, key, field))
    asked = Correction(
        record=record,
        key=key,
        field=field,
        original=original,
        corrected=str(corrected),
        reason=more.get("reason", REASON),
    )
    return ask_correction(business.gateway, business.call(by), asked).request


def refused(work: Any) -> str:
    with pytest.raises(MandateError) as caught:
        work()
    return caught.value.code


def rewrite(business: Business, record: str, where: dict[str, Any], **values: Any) -> None:
    """Write a record as its own system would, past every command."""
    found = table(record)
    with business.database.writing() as session:
        session.execute(
            update(found).where(*(found.c[name] == value for name, value in where.items())).values(**values)
        )


def whole(business: Business, quote: str) -> Quote:
    with business.database.reading() as session:
        found = quotes.quote(session, quote)
        assert found is not None
        return found


def accepted(business: Business) -> str:
    return str(first(business, "quote", status="accepted").id)


def agree(business: Business, request: str, *people: str) -> str:
    for person in people:
        state = business.decide(request, person).change.state
    return str(state)


def of_type(business: Business, kind: str) -> tuple[str, str, str, object]:
    """A correction of each type on the seeded records: record, key, field, what it becomes."""
    order, asset = first(business, "sales_order", status="completed"), first(business, "asset")
    billed = first(business, "billed_item")
    billed_key = f"{billed.billing_account}/{billed.contract_reference}/{billed.offering}/{billed.selling_model}"
    return {
        "quote_metadata": ("quote", accepted(business), "owner", "seller-999"),
        "quote_commercial": ("quote_line", f"{accepted(business)}/1", "discount_basis_points", 777),
        "order_state": ("sales_order", order.id, "status", "cancelled"),
        "billing_handoff": ("billed_item", billed_key, "payment_days", 45),
        "asset_inventory": ("asset", asset.id, "quantity", asset.quantity + 1),
        "asset_state": ("asset", asset.id, "status", "ended"),
    }[kind]


@pytest.mark.parametrize(
    ("kind", "tier", "agreeing", "others"),
    [
        ("quote_metadata", 1, [SALES], [FINANCE, LEGAL]),
        ("quote_commercial", 2, [FINANCE, LEGAL], [SALES, BILLING]),
        ("order_state", 2, [ENGINEER, FULFILLMENT], [FINANCE, SALES]),
        ("billing_handoff", 2, [FINANCE, BILLING], [LEGAL, FULFILLMENT]),
        ("asset_inventory", 2, [FULFILLMENT], [ENGINEER, FINANCE]),
        ("asset_state", 2, [FULFILLMENT], [BILLING]),
    ],
)
def test_each_type_asks_whom_it_must(
    shop: Business, kind: str, tier: int, agreeing: list[str], others: list[str]
) -> None:
    record, key, field, corrected = of_type(shop, kind)
    before = current(shop, record, key, field)
    request = ask(shop, record, key, field, corrected)

    assert {refused(lambda person=person: shop.decide(request, person)) for person in others} == {"not_eligible"}
    for person in agreeing:
        assert current(shop, record, key, field) == before, "nothing is corrected before all have agreed"
        state = shop.decide(request, person).change.state
    assert state == "completed"

    assert current(shop, record, key, field) == corrected
    with shop.database.reading() as session:
        (row,) = applied(session, record, key, 10)
        view = request_view(session, request, shop.database.now(session))
        assert (row.request, row.field, row.original, row.corrected, row.requester) == (
            request, field, str(before), str(corrected), REQUESTER,
        )  # fmt: skip
        assert (view.summary.tier, view.content["reason"]) == (tier, REASON)
        assert {decision.person for decision in view.decisions if decision.counts} == set(agreeing)
        assert view.standing.verdict == "granted", "what was corrected takes nothing from what was agreed"
    assert [entry.action for entry in shop.timeline(request)] == ["correction.asked"] + ["request.decided"] * len(
        agreeing
    )


def test_nobody_agrees_to_a_correction_of_their_own(shop: Business) -> None:
    quote = accepted(shop)
    request = ask(shop, "quote_line", f"{quote}/1", "discount_basis_points", 777, by=FINANCE)
    assert refused(lambda: shop.decide(request, FINANCE)) == "excluded"
    rewrite(shop, "quote", {"id": quote}, owner=SALES)
    own = ask(shop, "quote", quote, "owner", REQUESTER, by=FINANCE)
    assert refused(lambda: shop.decide(own, SALES)) == "excluded", "whoever sells it"
    assert refused(lambda: shop.decide(own, REQUESTER)) == "excluded", "whoever is to sell it"


def test_a_machine_asks_and_does_not_agree(shop: Business) -> None:
    asset = first(shop, "asset")
    request = ask(shop, "asset", asset.id, "quantity", asset.quantity + 1, by=MACHINE)
    assert refused(lambda: shop.decide(request, MACHINE)) == "machine_may_not"
    assert agree(shop, request, FULFILLMENT) == "completed"


def test_net_and_total_follow_and_were_shown_before(shop: Business) -> None:
    before = whole(shop, accepted(shop))
    position = first(shop, "quote", id=before.id).position
    request = ask(shop, "quote_line", f"{before.id}/1", "discount_basis_points", 1_250)
    with shop.database.reading() as session:
        content = request_view(session, request, shop.database.now(session)).content
    shown = {(one["record"], one["field"]): one["after"] for one in content["follows"]}
    assert whole(shop, before.id) == before

    agree(shop, request, FINANCE, LEGAL)

    after = whole(shop, before.id)
    assert after.lines[0].discount_basis_points == 1_250
    assert after.lines[0].net_minor == shown["quote_line", "net_minor"] != before.lines[0].net_minor
    assert after.total_minor == shown["quote", "total_minor"] == sum(line.net_minor for line in after.lines)
    assert after.lines[1:] == before.lines[1:]
    assert first(shop, "quote", id=before.id).position > position, "the head moves with its line"
    (row,) = kept(shop)
    assert parse(row.derived) == content["follows"]


def kept(business: Business) -> list[CorrectionRow]:
    with business.database.reading() as session:
        found = applied(session, None, None, 100)
        session.expunge_all()
        return found


def test_what_rests_on_it_is_named_and_the_index_follows(shop: Business) -> None:
    quote = accepted(shop)
    order, contract = first(shop, "sales_order", quote=quote), first(shop, "contract", quote=quote)
    request = ask(shop, "quote_line", f"{quote}/1", "quantity", 7)
    with shop.database.reading() as session:
        content = request_view(session, request, shop.database.now(session)).content
    assert content["downstream"] == {
        "orders": {"count": 1, "ids": [order.id]},
        "contracts": {"count": 1, "ids": [contract.id]},
    }

    agree(shop, request, FINANCE, LEGAL)

    uses, net = where_used.USES, whole(shop, quote).lines[0].net_minor
    with shop.database.reading() as session:
        rows = session.execute(
            select(uses.c.document_kind, uses.c.value).where(
                uses.c.document.in_([quote, contract.id]), uses.c.line == 1
            )
        ).all()
        sold = session.execute(select(uses.c.value).where(uses.c.document == order.id, uses.c.line == 1)).scalar_one()
    assert {tuple(row) for row in rows} == {("quote", net), ("contract", net)}
    assert sold != net, "the order was sold as it was"


def test_an_asset_names_its_subscriptions(shop: Business) -> None:
    subscription = first(shop, "subscription")
    quantity = current(shop, "asset", subscription.asset, "quantity")
    request = ask(shop, "asset", subscription.asset, "quantity", quantity + 1)
    with shop.database.reading() as session:
        content = request_view(session, request, shop.database.now(session)).content
    assert content["downstream"] == {"subscriptions": {"count": 1, "ids": [subscription.id]}}


def test_undoing_is_another_correction(shop: Business) -> None:
    before = whole(shop, accepted(shop))
    key = f"{before.id}/1"
    old = before.lines[0].discount_basis_points
    agree(shop, ask(shop, "quote_line", key, "discount_basis_points", 777), FINANCE, LEGAL)
    assert whole(shop, before.id) != before

    agree(shop, ask(shop, "quote_line", key, "discount_basis_points", old), FINANCE, LEGAL)

    assert whole(shop, before.id) == before
    assert [(row.original, row.corrected) for row in kept(shop)] == [("777", str(old)), (str(old), "777")]


def test_what_moved_meanwhile_is_not_overwritten(shop: Business) -> None:
    asset = first(shop, "asset")
    request = ask(shop, "asset", asset.id, "quantity", asset.quantity + 5)
    ballot = shop.ballot(request)
    rewrite(shop, "asset", {"id": asset.id}, quantity=asset.quantity + 1)

    assert refused(lambda: decide(shop.gateway, shop.call(FULFILLMENT), request, ballot)) == "evidence_moved"
    assert refused(lambda: shop.decide(request, FULFILLMENT)) == "original_moved"
    assert current(shop, "asset", asset.id, "quantity") == asset.quantity + 1
    assert kept(shop) == []
    assert withdraw_request(shop.gateway, shop.call(REQUESTER), request).state == "withdrawn"
    assert ask(shop, "asset", asset.id, "quantity", asset.quantity + 5) != request


def test_a_moved_total_withdraws_what_was_agreed(shop: Business) -> None:
    quote = accepted(shop)
    request = ask(shop, "quote_line", f"{quote}/1", "discount_basis_points", 777)
    shop.decide(request, FINANCE)
    rewrite(shop, "quote", {"id": quote}, total_minor=1)

    assert refused(lambda: shop.decide(request, LEGAL)) == "original_moved", "finance agreed to something else"
    assert whole(shop, quote).lines[0].discount_basis_points != 777


def test_what_follows_is_computed_anew_when_it_is_applied(shop: Business) -> None:
    quote = whole(shop, accepted(shop))
    line = quote.lines[0]
    request = ask(shop, "quote_line", f"{quote.id}/1", "discount_basis_points", 777)
    shop.decide(request, FINANCE)
    with shop.database.reading() as session:
        book = artifacts.price_book(session, "pricing/standard", quote.price_version)
    wanted = {"market": quote.market, "channel": quote.channel, "currency": quote.currency}
    dearer = next(
        entry["offering"]
        for entry in book.entries.values()
        if entry["type"] == "price" and {name: entry[name] for name in wanted} == wanted
        if entry["selling_model"] == line.selling_model and entry["offering"] != line.offering
    )
    rewrite(shop, "quote_line", {"quote": quote.id, "line": 1}, offering=dearer)

    assert refused(lambda: shop.decide(request, LEGAL)) == "original_moved"
    assert whole(shop, quote.id).lines[0].net_minor == line.net_minor


def test_what_somebody_else_has_mended_is_not_corrected_again(shop: Business) -> None:
    asset = first(shop, "asset")
    request = ask(shop, "asset", asset.id, "quantity", asset.quantity + 5)
    rewrite(shop, "asset", {"id": asset.id}, quantity=asset.quantity + 5)
    assert refused(lambda: shop.decide(request, FULFILLMENT)) == "original_moved"


def test_only_what_was_seen_is_asked_about_and_only_once(shop: Business) -> None:
    asset = first(shop, "asset")
    asked = ("asset", asset.id, "quantity", asset.quantity + 5)
    assert refused(lambda: ask(shop, *asked, original=asset.quantity + 1)) == "original_moved"
    request = ask(shop, *asked)
    assert refused(lambda: ask(shop, *asked, by=SALES)) == "already_asked"
    assert ask(shop, "asset", asset.id, "status", "ended") != request
    shop.decide(request, FULFILLMENT, Choice.REJECT)
    assert current(shop, "asset", asset.id, "quantity") == asset.quantity
    assert ask(shop, *asked) != request


def test_time_corrects_nothing(shop: Business) -> None:
    asset = first(shop, "asset")
    request = ask(shop, "asset", asset.id, "quantity", asset.quantity + 5)
    shop.travel(20 * DAY)
    assert advance_timers(shop.gateway, shop.system(), request).change.state == "expired"
    assert current(shop, "asset", asset.id, "quantity") == asset.quantity


def test_evidence_is_never_corrected_and_trying_is_audited(business: Business) -> None:
    code = "audit_is_never_corrected"
    for number, record in enumerate(sorted(IMMUTABLE), 1):
        asked = partial(ask, business, record, "one-of-them", "id", "y", original="x")
        assert refused(asked) == code, record
        attempts = business.timeline(f"actor/{REQUESTER}")
        assert (attempts[-1].action, attempts[-1].details["code"], len(attempts)) == ("ask_correction", code, number)
        assert "'one-of-them'" in attempts[-1].details["reason"]


UNSOUND = (
    ("approval_request", "AR-1", "state", "completed", "unknown_record"),
    ("quote", "{quote}", "total_minor", "1", "not_correctable"),
    ("quote", "Q-0-0", "owner", "x", "unknown_quote"),
    ("quote", "{quote}", "owner", " ", "bad_value"),
    ("quote_line", "{quote}", "quantity", "1", "bad_key"),
    ("quote_line", "{quote}/one", "quantity", "1", "bad_key"),
    ("quote_line", "{quote}/99", "quantity", "1", "unknown_quote_line"),
    ("quote_line", "{quote}/1", "quantity", "0", "bad_value"),
    ("quote_line", "{quote}/1", "quantity", "1.5", "bad_value"),
    ("quote_line", "{quote}/1", "discount_basis_points", "10001", "bad_value"),
    ("quote_line", "{quote}/1", "discount_basis_points", "-1", "bad_value"),
    ("sales_order", "{order}", "status", "lost", "unknown_state"),
    ("asset", "{asset}", "status", "suspended", "unknown_state"),
    ("asset", "{asset}", "status", "active", "nothing_to_correct"),
)


def test_what_cannot_be_asked_for(shop: Business) -> None:
    ids = {
        "quote": accepted(shop),
        "order": first(shop, "sales_order", status="completed").id,
        "asset": first(shop, "asset", status="active").id,
    }
    for record, key, field, corrected, code in UNSOUND:
        there = key.format(**ids)
        try:
            original = current(shop, record, there, field)
        except (AttributeError, ValueError):
            original = "?"
        asked = partial(ask, shop, record, there, field, corrected, original=original)
        assert refused(asked) == code, (record, there, field, corrected)


def test_it_waits_in_the_inbox_of_those_who_are_asked(shop: Business) -> None:
    asset = first(shop, "asset")
    request = ask(shop, "asset", asset.id, "quantity", asset.quantity + 5)
    with shop.database.reading() as session:
        now = shop.database.now(session)
        assert request in [item.subject for item in inbox(session, FULFILLMENT, now)]
        assert request not in [item.subject for item in inbox(session, FINANCE, now)]
