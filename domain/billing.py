"""What billing holds: accounts, charges of subscriptions, and the contract terms that it bills by (chapter 18).

Billing is a system of its own: it refers to orders and contracts in its own spelling, so its references are kept as it
writes them and only reconciliation brings them together.
"""

from datetime import datetime

from domain.model import Model


class BillingAccount(Model):
    """Where the bills of a customer go."""

    id: str
    customer: str
    market: str
    currency: str
    created_at: datetime


class Charge(Model):
    """An amount billed for a subscription; `order_reference` and `line_reference` are in billing's own spelling."""

    id: str
    subscription: str
    billing_account: str
    order_reference: str
    line_reference: str
    kind: str
    amount_minor: int
    currency: str
    status: str
    period_start: datetime


class BilledItem(Model):
    """The terms by which billing bills an offering of a contract; `contract_reference` in billing's own spelling."""

    billing_account: str
    contract_reference: str
    offering: str
    selling_model: str
    unit_price_micros: int
    discount_basis_points: int | None
    payment_days: int
    starts_on: str
