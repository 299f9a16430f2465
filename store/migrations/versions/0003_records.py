"""Records that reconciliation compares: orders, tasks, assets, billing, contracts, events; and its runs and work."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "asset",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sales_order", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("states_version", sa.Integer(), nullable=False),
        sa.Column("catalog_version", sa.Integer(), nullable=False),
        sa.Column("installed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.create_index("asset_line", ["sales_order", "line"], unique=False)
        batch_op.create_index("asset_where_used", ["offering", "id"], unique=False)

    op.create_table(
        "billing_account",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("billing_account", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_billing_account_customer"), ["customer"], unique=False)

    op.create_table(
        "business_event",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("subject", "sequence"),
    )
    with op.batch_alter_table("business_event", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_business_event_kind"), ["kind"], unique=False)

    op.create_table(
        "catalog_cache_entry",
        sa.Column("cache", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("catalog_version", sa.Integer(), nullable=False),
        sa.Column("entry_digest", sa.String(), nullable=False),
        sa.Column("lifecycle", sa.String(), nullable=False),
        sa.Column("warmed_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("cache", "market", "offering"),
    )
    op.create_table(
        "charge",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subscription", sa.String(), nullable=False),
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("order_reference", sa.String(), nullable=False),
        sa.Column("line_reference", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("period_start", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_charge_subscription"), ["subscription"], unique=False)

    op.create_table(
        "contract",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_contract_customer"), ["customer"], unique=False)
        batch_op.create_index(batch_op.f("ix_contract_quote"), ["quote"], unique=False)

    op.create_table(
        "order_projection",
        sa.Column("sales_order", sa.String(), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sales_order"),
    )
    op.create_table(
        "quote_approval",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("largest_discount_basis_points", sa.Integer(), nullable=False),
        sa.Column("price_version", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("quote_approval", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_quote_approval_quote"), ["quote"], unique=False)

    op.create_table(
        "reconciliation_run",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("requested_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deadline_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("reconciliation_run", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_reconciliation_run_pair"), ["pair"], unique=False)
        batch_op.create_index("reconciliation_run_list", ["created_at", "id"], unique=False)

    op.create_table(
        "reconciliation_work",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("pair", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("severity", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("owner_group", sa.String(), nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("repair", sa.String(), nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("first_run", sa.String(), nullable=False),
        sa.Column("last_run", sa.String(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("reconciliation_work", schema=None) as batch_op:
        batch_op.create_index("reconciliation_work_open", ["pair", "kind", "closed_at"], unique=False)

    op.create_table(
        "sales_order",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("quote", sa.String(), nullable=False),
        sa.Column("customer", sa.String(), nullable=False),
        sa.Column("market", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("states_version", sa.Integer(), nullable=False),
        sa.Column("catalog_version", sa.Integer(), nullable=False),
        sa.Column("price_version", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("sales_order", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sales_order_quote"), ["quote"], unique=False)
        batch_op.create_index("sales_order_list", ["status", "market", "id"], unique=False)

    op.create_table(
        "subscription",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("sales_order", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("selling_model", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_micros", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_subscription_asset"), ["asset"], unique=False)
        batch_op.create_index("subscription_line", ["sales_order", "line"], unique=False)
        batch_op.create_index("subscription_where_used", ["offering", "id"], unique=False)

    op.create_table(
        "billed_item",
        sa.Column("billing_account", sa.String(), nullable=False),
        sa.Column("contract_reference", sa.String(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("selling_model", sa.String(), nullable=False),
        sa.Column("unit_price_micros", sa.BigInteger(), nullable=False),
        sa.Column("discount_basis_points", sa.Integer(), nullable=True),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("starts_on", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["billing_account"],
            ["billing_account.id"],
        ),
        sa.PrimaryKeyConstraint("billing_account", "contract_reference", "offering", "selling_model"),
    )
    op.create_table(
        "contract_term",
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("selling_model", sa.String(), nullable=False),
        sa.Column("unit_price_micros", sa.BigInteger(), nullable=False),
        sa.Column("discount_basis_points", sa.Integer(), nullable=False),
        sa.Column("payment_days", sa.Integer(), nullable=False),
        sa.Column("price_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["contract"],
            ["contract.id"],
        ),
        sa.PrimaryKeyConstraint("contract", "offering", "selling_model"),
    )
    op.create_table(
        "fulfillment_task",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("sales_order", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("states_version", sa.Integer(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["sales_order"],
            ["sales_order.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("fulfillment_task", schema=None) as batch_op:
        batch_op.create_index("fulfillment_task_line", ["sales_order", "line"], unique=False)

    op.create_table(
        "reconciliation_result",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("differences_file", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["run"],
            ["reconciliation_run.id"],
        ),
        sa.PrimaryKeyConstraint("run"),
    )
    op.create_table(
        "sales_order_line",
        sa.Column("sales_order", sa.String(), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("offering", sa.String(), nullable=False),
        sa.Column("selling_model", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("unit_price_micros", sa.BigInteger(), nullable=False),
        sa.Column("discount_basis_points", sa.Integer(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["sales_order"],
            ["sales_order.id"],
        ),
        sa.PrimaryKeyConstraint("sales_order", "line"),
    )
    with op.batch_alter_table("sales_order_line", schema=None) as batch_op:
        batch_op.create_index("sales_order_line_where_used", ["offering", "selling_model", "sales_order"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("sales_order_line", schema=None) as batch_op:
        batch_op.drop_index("sales_order_line_where_used")

    op.drop_table("sales_order_line")
    op.drop_table("reconciliation_result")
    with op.batch_alter_table("fulfillment_task", schema=None) as batch_op:
        batch_op.drop_index("fulfillment_task_line")

    op.drop_table("fulfillment_task")
    op.drop_table("contract_term")
    op.drop_table("billed_item")
    with op.batch_alter_table("subscription", schema=None) as batch_op:
        batch_op.drop_index("subscription_where_used")
        batch_op.drop_index("subscription_line")
        batch_op.drop_index(batch_op.f("ix_subscription_asset"))

    op.drop_table("subscription")
    with op.batch_alter_table("sales_order", schema=None) as batch_op:
        batch_op.drop_index("sales_order_list")
        batch_op.drop_index(batch_op.f("ix_sales_order_quote"))

    op.drop_table("sales_order")
    with op.batch_alter_table("reconciliation_work", schema=None) as batch_op:
        batch_op.drop_index("reconciliation_work_open")

    op.drop_table("reconciliation_work")
    with op.batch_alter_table("reconciliation_run", schema=None) as batch_op:
        batch_op.drop_index("reconciliation_run_list")
        batch_op.drop_index(batch_op.f("ix_reconciliation_run_pair"))

    op.drop_table("reconciliation_run")
    with op.batch_alter_table("quote_approval", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_quote_approval_quote"))

    op.drop_table("quote_approval")
    op.drop_table("order_projection")
    with op.batch_alter_table("contract", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_contract_quote"))
        batch_op.drop_index(batch_op.f("ix_contract_customer"))

    op.drop_table("contract")
    with op.batch_alter_table("charge", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_charge_subscription"))

    op.drop_table("charge")
    op.drop_table("catalog_cache_entry")
    with op.batch_alter_table("business_event", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_business_event_kind"))

    op.drop_table("business_event")
    with op.batch_alter_table("billing_account", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_billing_account_customer"))

    op.drop_table("billing_account")
    with op.batch_alter_table("asset", schema=None) as batch_op:
        batch_op.drop_index("asset_where_used")
        batch_op.drop_index("asset_line")

    op.drop_table("asset")
