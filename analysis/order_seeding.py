"""What follows from accepted quotes, by the number: orders, tasks, assets, billing, contracts, events (R-18.6).

All is consistent, but for the faults that are asked for; each is a function of seed and number: a test knows the truth.
"""

import random  # noqa: TID251 (numbers drawn from a given seed: the same seed gives the same records)
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from analysis.seeding import Shelf, Shop, quotes
from domain import asset, order
from domain.pricing import PriceBook

HOUR = timedelta(hours=1)
CONTRACT_DAYS, SHORT_CONTRACT_DAYS, PAYMENT_DAYS, WRONG_PAYMENT_DAYS = 730, 90, 30, 60
RATE_SCALE = 10_000
SYSTEMS = (("provision", "network-inventory"), ("activate", "service-activation"))
STATUSES = ("completed",) * 8 + ("in_fulfillment", "submitted")

Rows = dict[str, list[dict[str, Any]]]


class Fault(StrEnum):
    """What can be wrong with one seeded order, and with which pair it is found."""

    MISSING_LINE = "missing_line"
    WRONG_PRICE = "wrong_price"
    DUPLICATE_ORDER = "duplicate_order"
    ORDER_NOT_UPDATED = "order_not_updated"
    MISSING_SUBSCRIPTION = "missing_subscription"
    WRONG_CHARGE = "wrong_charge"
    MISSING_ASSET = "missing_asset"
    WRONG_ASSET_STATUS = "wrong_asset_status"
    TERM_MISMATCH = "term_mismatch"
    STALE_APPROVAL = "stale_approval"
    MISSING_PROJECTION = "missing_projection"
    STALE_PROJECTION = "stale_projection"


@dataclass(frozen=True)
class Spoiling:
    """Which faults to make, in how many of ten thousand orders."""

    faults: tuple[Fault, ...] = ()
    rate: int = 0

    def of(self, seed: int, number: int) -> Fault | None:
        """The fault of an order, None for a sound one."""
        rng = random.Random(f"{seed}/{number}/fault")
        if not self.faults or rng.randrange(RATE_SCALE) >= self.rate:
            return None
        return rng.choice(self.faults)


@dataclass(frozen=True)
class Ground:
    """What is sold where, at which prices and versions, and the time zone of each market."""

    stock: Sequence[Shelf]
    book: PriceBook
    versions: tuple[int, int]
    zones: Mapping[str, str]
    now: datetime


@dataclass
class _Deal:
    """One accepted quote and what is being made of it."""

    number: int
    quote: dict[str, Any]
    lines: list[dict[str, Any]]
    fault: Fault | None
    status: str
    rows: Rows = field(default_factory=dict)

    @property
    def order(self) -> str:
        return str(self.quote["id"]).replace("QA-", "SO-")

    @property
    def reference(self) -> str:
        return self.order.removeprefix("SO-")

    def write(self, table: str, **values: Any) -> None:
        self.rows.setdefault(table, []).append(values)

    def spoilt(self, fault: Fault, line: Mapping[str, Any]) -> bool:
        """Whether this line carries the fault: the first line of a spoilt order does."""
        return self.fault is fault and line is self.lines[0]


def order_records(seed: int, numbers: range, ground: Ground, spoiling: Spoiling) -> Iterator[Rows]:
    """The rows of each order by table, for orders of these numbers."""
    sold = quotes(seed, numbers, Shop(ground.stock, ground.book), ground.versions, ground.now)
    for number, (head, lines) in zip(numbers, sold, strict=True):
        deal = _deal(seed, number, head, lines, spoiling.of(seed, number))
        for write in (_quote, _approval, _order, _works, _contract, _events):
            write(deal, ground)
        yield deal.rows


def accepted_quote_id(seed: int, number: int) -> str:
    """The id of the accepted quote of a seeded order; the order is `SO-...` with the same numbers."""
    return f"QA-{seed}-{number:07d}"


def _deal(seed: int, number: int, head: dict[str, Any], lines: Sequence[dict[str, Any]], fault: Fault | None) -> _Deal:
    rng = random.Random(f"{seed}/{number}/order")
    once = {(line["offering"], line["selling_model"]): line for line in lines}
    name = accepted_quote_id(seed, number)
    kept = [{**line, "quote": name, "line": place} for place, line in enumerate(once.values(), 1)]
    total = sum(line["net_minor"] for line in kept)
    quote = {**head, "id": name, "status": "accepted", "total_minor": total}
    return _Deal(number, quote, kept, fault, "completed" if fault else rng.choice(STATUSES))


def _quote(deal: _Deal, ground: Ground) -> None:
    deal.write("quote", **deal.quote)
    for line in deal.lines:
        deal.write("quote_line", **line)


def _approval(deal: _Deal, ground: Ground) -> None:
    total = deal.quote["total_minor"]
    deal.write(
        "quote_approval",
        id=f"{deal.quote['id']}/1",
        quote=deal.quote["id"],
        total_minor=total - 1 if deal.fault is Fault.STALE_APPROVAL else total,
        currency=deal.quote["currency"],
        lines=len(deal.lines),
        largest_discount_basis_points=max(line["discount_basis_points"] for line in deal.lines),
        price_version=deal.quote["price_version"],
        policy_version=1,
        person="olivia.hartmann",
        decided_at=deal.quote["created_at"],
    )


def _order(deal: _Deal, ground: Ground) -> None:
    _one_order(deal, deal.order, deal.status)
    if deal.fault is Fault.DUPLICATE_ORDER:
        _one_order(deal, f"{deal.order}-B", "submitted")
        for line in deal.lines:
            _tasks(deal, f"{deal.order}-B", line, done=False)


def _one_order(deal: _Deal, name: str, status: str) -> None:
    quote = deal.quote
    copied = ("customer", "market", "channel", "segment", "currency", "catalog_version", "price_version", "total_minor")
    at = quote["created_at"]
    deal.write(
        "sales_order",
        id=name,
        quote=quote["id"],
        status=status,
        states_version=order.STATES_VERSION,
        created_at=at,
        updated_at=at,
        **{column: quote[column] for column in copied},
    )
    for line in deal.lines:
        if not deal.spoilt(Fault.MISSING_LINE, line):
            _order_line(deal, name, line, status)


def _order_line(deal: _Deal, name: str, line: Mapping[str, Any], status: str) -> None:
    copied = {column: line[column] for column in line if column != "quote"}
    if deal.spoilt(Fault.WRONG_PRICE, line):
        copied["unit_price_micros"] += 1
    if deal.spoilt(Fault.ORDER_NOT_UPDATED, line):
        status = "in_fulfillment"
    deal.write("sales_order_line", sales_order=name, status=status, **copied)


def _works(deal: _Deal, ground: Ground) -> None:
    """Tasks, asset, subscription and charges of each line of the order."""
    deal.write(
        "billing_account",
        id=f"BA-{deal.reference}",
        created_at=deal.quote["created_at"],
        **{column: deal.quote[column] for column in ("customer", "market", "currency")},
    )
    for line in deal.lines:
        if deal.spoilt(Fault.MISSING_LINE, line):
            continue
        _tasks(deal, deal.order, line, done=deal.status == "completed")
        if deal.status == "completed" and not deal.spoilt(Fault.ORDER_NOT_UPDATED, line):
            _asset(deal, line)
            if not deal.spoilt(Fault.MISSING_SUBSCRIPTION, line):
                _subscription(deal, line)


def _tasks(deal: _Deal, name: str, line: Mapping[str, Any], done: bool) -> None:
    at = deal.quote["created_at"]
    for kind, system in SYSTEMS:
        deal.write(
            "fulfillment_task",
            id=f"{name}/{line['line']}/{kind}",
            sales_order=name,
            line=line["line"],
            kind=kind,
            system=system,
            status="done" if done else "pending",
            states_version=order.STATES_VERSION,
            due_at=at + 24 * HOUR,
            completed_at=at + HOUR if done else None,
        )


def _asset(deal: _Deal, line: Mapping[str, Any]) -> None:
    if deal.spoilt(Fault.MISSING_ASSET, line):
        return
    deal.write(
        "asset",
        id=f"AS-{deal.reference}-{line['line']}",
        sales_order=deal.order,
        line=line["line"],
        customer=deal.quote["customer"],
        market=deal.quote["market"],
        offering=line["offering"],
        quantity=line["quantity"],
        status="suspended" if deal.spoilt(Fault.WRONG_ASSET_STATUS, line) else "active",
        states_version=asset.STATES_VERSION,
        catalog_version=deal.quote["catalog_version"],
        installed_at=deal.quote["created_at"] + HOUR,
    )


def _subscription(deal: _Deal, line: Mapping[str, Any]) -> None:
    name = f"SU-{deal.reference}-{line['line']}"
    copied = ("offering", "selling_model", "quantity", "unit_price_micros")
    deal.write(
        "subscription",
        id=name,
        asset=f"AS-{deal.reference}-{line['line']}",
        billing_account=f"BA-{deal.reference}",
        sales_order=deal.order,
        line=line["line"],
        currency=deal.quote["currency"],
        status="active",
        starts_at=deal.quote["created_at"],
        ends_at=None,
        **{column: line[column] for column in copied},
    )
    wrong = 100 if deal.spoilt(Fault.WRONG_CHARGE, line) else 0
    halves = (line["net_minor"] // 2, line["net_minor"] - line["net_minor"] // 2)
    parts = halves if deal.number % 4 == 0 else (line["net_minor"],)
    for place, part in enumerate(parts, 1):
        _charge(deal, line, f"{name}/{place}", part + (wrong if place == 1 else 0))


def _charge(deal: _Deal, line: Mapping[str, Any], name: str, amount_minor: int) -> None:
    """A charge as billing writes it: its own spelling of the order's id, the line as three digits."""
    deal.write(
        "charge",
        id=name,
        subscription=name.rpartition("/")[0],
        billing_account=f"BA-{deal.reference}",
        order_reference=deal.order.lower(),
        line_reference=f"{line['line']:03d}",
        kind="recurring",
        amount_minor=amount_minor,
        currency=deal.quote["currency"],
        status="billed",
        period_start=deal.quote["created_at"],
    )


def _contract(deal: _Deal, ground: Ground) -> None:
    starts = deal.quote["created_at"].replace(microsecond=0)
    name = f"CO-{deal.reference}"
    deal.write(
        "contract",
        id=name,
        billing_account=f"BA-{deal.reference}",
        quote=deal.quote["id"],
        status="active",
        starts_at=starts,
        ends_at=starts + timedelta(days=SHORT_CONTRACT_DAYS if deal.number % 5 == 0 else CONTRACT_DAYS),
        **{column: deal.quote[column] for column in ("customer", "market", "currency")},
    )
    local = starts.astimezone(ZoneInfo(ground.zones[deal.quote["market"]])).isoformat()
    for line in deal.lines:
        agreed = {column: line[column] for column in ("offering", "selling_model", "unit_price_micros")}
        discount = line["discount_basis_points"]
        deal.write(
            "contract_term",
            contract=name,
            discount_basis_points=discount,
            payment_days=PAYMENT_DAYS,
            price_version=deal.quote["price_version"],
            **agreed,
        )
        deal.write(
            "billed_item",
            billing_account=f"BA-{deal.reference}",
            contract_reference=name.lower(),
            discount_basis_points=discount or None,
            payment_days=WRONG_PAYMENT_DAYS if deal.spoilt(Fault.TERM_MISMATCH, line) else PAYMENT_DAYS,
            starts_on=local,
            **agreed,
        )


def _events(deal: _Deal, ground: Ground) -> None:
    _event(deal, deal.quote["id"], 1, "quote.accepted", "accepted")
    for made in deal.rows["sales_order"]:
        told = ["submitted"] + ([made["status"]] if made["status"] != "submitted" else [])
        for sequence, status in enumerate(told, 1):
            _event(deal, made["id"], sequence, f"order.{status}", status)
        behind = deal.fault is Fault.STALE_PROJECTION
        if deal.fault is not Fault.MISSING_PROJECTION:
            deal.write(
                "order_projection",
                sales_order=made["id"],
                sequence=1 if behind else len(told),
                status="submitted" if behind else made["status"],
                total_minor=made["total_minor"],
                updated_at=made["updated_at"],
            )


def _event(deal: _Deal, subject: str, sequence: int, kind: str, status: str) -> None:
    deal.write(
        "business_event",
        subject=subject,
        sequence=sequence,
        kind=kind,
        status=status,
        amount_minor=deal.quote["total_minor"],
        at=deal.quote["created_at"],
    )
