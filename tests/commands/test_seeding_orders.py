"""Seeded orders: the same seed gives the same records, faults are where they were announced, and a chunk is one write."""

import pytest
from sqlalchemy import func, select
from sqlmodel import SQLModel

from analysis.order_seeding import Fault, Spoiling
from commands.orders import SeededOrders, seed_orders
from domain.asset import Asset, Subscription
from domain.billing import BilledItem, BillingAccount, Charge
from domain.contract import Contract, ContractTerm
from domain.errors import Conflict, Invalid, Refused
from domain.model import Model
from domain.order import FulfillmentTask, Order, OrderLine
from tests.builders import Business, everything

MODELS: dict[str, type[Model]] = {
    "sales_order": Order,
    "sales_order_line": OrderLine,
    "fulfillment_task": FulfillmentTask,
    "asset": Asset,
    "subscription": Subscription,
    "billing_account": BillingAccount,
    "charge": Charge,
    "billed_item": BilledItem,
    "contract": Contract,
    "contract_term": ContractTerm,
}
ALL = tuple(Fault)


def seed(business: Business, count: int = 60, first: int = 0, rate: int = 0, seed: int = 3) -> SeededOrders:
    call = business.call("sofia.marin")
    return seed_orders(business.gateway, call, seed, first, count, ALL, rate, True)


def count(business: Business, table: str) -> int:
    with business.database.reading() as session:
        return session.execute(select(func.count()).select_from(SQLModel.metadata.tables[table])).scalar_one()


def test_every_table_gets_its_rows_in_one_audited_write(business: Business) -> None:
    written = seed(business)
    assert written.orders == 60 and written.spoilt == 0
    assert {table: count(business, table) for table in written.rows} == written.rows
    assert [entry.action for entry in business.timeline("orders/3")] == ["orders.seeded"]
    seed(business, first=60)
    assert len(business.timeline("orders/3")) == 2


@pytest.mark.parametrize("table", MODELS)
def test_a_row_reads_as_its_model(business: Business, table: str) -> None:
    seed(business, 40)
    with business.database.reading() as session:
        columns = [column for column in SQLModel.metadata.tables[table].columns if column.name != "position"]
        row = dict(session.execute(select(*columns).limit(1)).mappings().one())
    assert MODELS[table].model_validate(row).model_dump() == row


def test_the_same_seed_spoils_the_same_orders() -> None:
    spoiling = Spoiling(ALL, 1_000)
    found = [spoiling.of(1, number) for number in range(5_000)]
    assert found == [spoiling.of(1, number) for number in range(5_000)]
    assert 400 < sum(fault is not None for fault in found) < 600
    assert {fault for fault in found if fault} == set(Fault)


@pytest.mark.parametrize(
    ("count_", "development", "error", "code"),
    [
        (0, True, Invalid, "chunk_too_large"),
        (1_001, True, Invalid, "chunk_too_large"),
        (5, False, Refused, "development_only"),
    ],
)
def test_what_is_not_seeded(
    business: Business, count_: int, development: bool, error: type[Invalid | Refused], code: str
) -> None:
    before = everything(business.database)["sales_order"]
    with pytest.raises(error) as caught:
        seed_orders(business.gateway, business.call("sofia.marin"), 3, 0, count_, (), 0, development)
    assert caught.value.code == code
    assert everything(business.database)["sales_order"] == before


def test_a_seed_is_used_once(business: Business) -> None:
    seed(business, 5)
    with pytest.raises(Conflict) as caught:
        seed(business, 5)
    assert caught.value.code == "seed_used"
